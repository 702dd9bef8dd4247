"""Recomma mirrors the orders of 3Commas DCA bots onto Hyperliquid."""
