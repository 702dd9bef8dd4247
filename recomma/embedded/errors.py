"""What can go wrong with the embedded servers."""


class CannotStart(Exception):
    """An embedded server did not start. The text is one sentence that a person can act on."""
