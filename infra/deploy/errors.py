"""What can go wrong at an operator's hand."""


class DeployError(Exception):
    """Something the operator can mend: the message is one line that says what, and the mend."""
