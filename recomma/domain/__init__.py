"""What is true and what should happen: values in, values out, no I/O and no clock."""
