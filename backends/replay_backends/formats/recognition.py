"""The choice of a recording's format, by its content."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from functools import cache
from typing import Final, Protocol

from replay.authoring import guarded, load_format, load_formats
from replay.errors import BackendError
from replay_backends.formats.conversion import Conversion
from replay_backends.formats.head import Head
from replay_backends.formats.recording import Recording

#: The name of the service's own stream, as curl saves it.
OWN_STREAM: Final = "llamacloud-sse"


class Format(Protocol):
    """A format of recordings that aren't the service's; made without arguments.

    The types of its unknown events begin with its attribute ``prefix`` if it has one,
    else with its name.
    """

    def recognizes(self, head: Head) -> bool:
        """Tell whether a recording that begins so is of this format."""

    def conversions(self, recording: Recording) -> Iterator[Conversion]:
        """Yield how each of the recording's sessions is converted.

        Raises:
            DecodeError: It cannot be read at all.
        """


def format_of(head: Head, source: str) -> str | None:
    """Return the name of a recording's format.

    Returns:
        None: it is of none that is known.

    Raises:
        BackendError: Several formats fit.
    """
    found = [name for name, each in known_formats().items() if _fits(name, each, head)]
    if len(found) > 1:
        reason = f"this may be {' or '.join(found)}"
        hint = f"say which: --option format={found[0]}"
        raise BackendError(source, reason, hint=hint)
    return found[0] if found else None


@cache
def format_called(name: str) -> Format:
    """Return the format of a name.

    Raises:
        UnknownNameError: There is none.
        BackendError: It cannot be imported.
    """
    made: Format = load_format(name)()
    return made


def conversions_of(
    found: Format, name: str, recording: Recording
) -> Iterator[Conversion]:
    """Yield a format's conversions.

    Raises:
        DecodeError: The recording cannot be read at all.
        BackendError: The format failed, or the recording cannot be read to its end.
    """
    with failures_of(name):
        ongoing = iter(found.conversions(recording))
    while True:
        with failures_of(name):
            conversion = next(ongoing, None)
        if conversion is None:
            return
        yield conversion


def failures_of(name: str) -> AbstractContextManager[None]:
    """Turn a format's exceptions within the block into errors that name it."""
    return guarded("format", name, "cannot convert a recording")


@cache
def known_formats() -> dict[str, Format]:
    """Return the registered formats by name; those that fail to load are left out."""
    return {name: factory() for name, factory in load_formats().items()}


def _fits(name: str, found: Format, head: Head) -> bool:
    try:
        with guarded("format", name, "cannot tell what it reads"):
            return bool(found.recognizes(head))
    except BackendError:
        return False  # nobody asked for it by name, so its failure must not matter
