"""Deals that run by themselves on a price path (threecommas.md 9). No I/O, no clock of its own.

`engine.Engine` runs one deal; `what_if` beside this package reads scripts for it.
"""
