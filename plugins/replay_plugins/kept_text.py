"""Text that any JSON text keeps as it is: halves of a character are not joined."""


def kept_text(text: str) -> str:
    r"""Return *text* in ASCII, in which there are no halves.

    >>> kept_text("Köln")
    'K\\xf6ln'
    """
    return text.encode("unicode_escape").decode()


def text_of(kept: str) -> str:
    r"""Return the text that was kept.

    >>> text_of("K\\xf6ln")
    'Köln'
    """
    return kept.encode().decode("unicode_escape")
