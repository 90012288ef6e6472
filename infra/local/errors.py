"""What can go wrong before anything runs."""


class LocalError(Exception):
    """Something the person at the machine can mend: the message is one line that says what, and the mend."""
