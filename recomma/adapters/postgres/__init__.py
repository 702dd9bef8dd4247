"""The ledger on Postgres: its tables, its books, and everything that reads them."""
