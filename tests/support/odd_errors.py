"""Exceptions whose own methods fail or lie."""

from typing import Any


class OddError(Exception):
    """An exception that cannot be shown."""

    def __str__(self) -> str:
        raise KeyError

    __repr__ = __str__


class ClasslessError(OddError):
    """One that cannot tell its class either."""

    @property  # type: ignore[misc]  # it is odd
    def __class__(self) -> Any:  # noqa: ANN401 - the same
        raise KeyError


class OddBaseError(BaseException):
    """One that would end the program when it is shown."""

    def __str__(self) -> str:
        raise SystemExit(3)


class NoTextError(Exception):
    """One whose text isn't a string."""

    def __str__(self) -> Any:  # noqa: ANN401 - it is odd
        return None  # noqa: PLE0307 - the same


class LyingError(Exception):
    """One that says it is Ctrl-C."""

    __class__ = KeyboardInterrupt  # type: ignore[assignment]  # it is odd


class LateError(Exception):
    """One that can be shown, but not with its notes and traceback."""

    @property
    def __notes__(self) -> list[str]:  # type: ignore[override]  # it is odd
        raise OSError


class Unprintable:
    """A value that cannot be shown."""

    def __repr__(self) -> str:
        raise ValueError


#: Exceptions, with what can be said of them.
ODD_ERRORS: dict[BaseException, str] = {
    OddError(): "OddError: its text cannot be shown (KeyError)",
    ClasslessError(): "ClasslessError: its text cannot be shown (KeyError)",
    OddBaseError(): "OddBaseError: its text cannot be shown (SystemExit)",
    NoTextError(): "NoTextError: its text cannot be shown (TypeError)",
    LyingError("oh"): "LyingError: oh",
    LateError("oh"): "LateError: oh",
    ValueError(1, Unprintable()): "ValueError: its text cannot be shown (ValueError)",
}
