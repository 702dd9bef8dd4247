"""A stand-in for the part of the 3Commas API that a deal mirror uses (threecommas.md 15).

`simulator.Simulator` is the model: no I/O, and time comes in as an argument. `server` puts it
behind HTTP, `transport` behind a `requests` session in the same process.
"""
