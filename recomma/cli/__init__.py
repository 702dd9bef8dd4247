"""The command line: translate words into calls, and results into words."""

from recomma.cli.main import main

__all__ = ["main"]
