"""Errors of bad input and of output that cannot be written."""


class EmonextError(ValueError):
    """A picture, video, model, table or option that cannot be used; the message is one line that names it."""

    def __init__(self, message: str) -> None:
        super().__init__(one_line(message))


class OutputError(EmonextError):
    """A file that cannot be written."""


def one_line(text: str) -> str:
    """A text with its control characters escaped, such as those in names of files."""
    return ''.join(sign if sign.isprintable() else sign.encode('unicode_escape').decode() for sign in text)
