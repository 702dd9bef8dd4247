"""Defences taken out one by one, to see that a test misses each (design.md, sections 12 and 13).

Each `*.patch` here takes one defence out of the program and names the tests that must fail without
it. `make mutations` applies each to a copy of the tree, runs its tests, and prints a table.
"""
