"""What happens, in which order: one module for each step. Sees the outside only through ports."""
