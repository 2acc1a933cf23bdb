"""How a command ends that cannot do what it was asked for."""


class Failure(Exception):
    """Told to the person in one line: what is wrong and what to do about it. The exit status is 1."""
