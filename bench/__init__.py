"""`python -m bench`: how fast the pipeline is on this machine. Numbers to compare, never a test."""
