"""The demo: a small scripted market, mirrored in front of the user (design.md, section 11)."""
