"""Rehearse: recorded deals replayed through the whole real pipeline against the simulators."""
