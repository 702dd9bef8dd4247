"""A Hyperliquid that runs here: one model without I/O, in process and over HTTP.

The model is `world.py` and what stands on it; time comes in as milliseconds, chance as a seeded
Random. `simulator.py` is the in-process skin, `server.py` the HTTP one. What it imitates, and how
sure each rule is, stands in hyperliquid.md; section numbers in this package point there.
"""
