-- The demo's ledger, beside the real one: a demo leaves nothing behind in what trades real money.
CREATE DATABASE recomma_demo;
