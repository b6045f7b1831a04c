"""A recording in another format: its bytes, and the records in them."""

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any, BinaryIO, Literal, TypeAlias

import attrs

from replay import ConversionReport, Limits
from replay.authoring import (
    BrokenText,
    SourceText,
    is_deeper,
    parse_json,
    records_on,
)
from replay.errors import DecodeError, LimitExceededError
from replay_backends.formats.head import Head

#: Which branches of a conversation that went back and on elsewhere are read: the last
#: one, all of them in the file's order, or each as a session.
Branches: TypeAlias = Literal["last", "all", "separate"]


#: What becomes of a record: events, an unknown event that holds it, or nothing.
Fate: TypeAlias = Literal["mapped", "kept", "skipped"]


@attrs.frozen
class ImportOptions:
    """Options for reading other formats."""

    keep: Literal["all"] | None = None  #: keep bookkeeping, too, as unknown events
    branches: Branches = "last"


@attrs.frozen
class Record:
    """A record of a recording."""

    at: str  #: its place: ``line:4``, or a JSON Pointer such as ``/messages/3``
    #: Its JSON value, which is looked into; the text of a broken line.
    value: Any


def _nothing(_suffix: str) -> None:
    """Return None: there are no files beside a recording."""


def _none(_ending: str) -> tuple[SourceText, ...]:
    """Return none: there are no recordings near a recording."""
    return ()


@attrs.frozen
class Recording:
    """A recording in another format."""

    #: Its bytes, unpacked; a stream's data are JSON Lines, as :attr:`Head.layout` says.
    text: SourceText
    head: Head
    session_id: str  #: the id of a session without one of its own
    limits: Limits
    options: ImportOptions
    #: Returns what is in the small file beside it whose name has another suffix, such
    #: as ``.meta.json``; None: there is no such file, or it isn't one that can be read.
    beside: Callable[[str], bytes | None] = _nothing
    folder: str = ""  #: the name of the directory it is in; empty: it's in none
    #: Yields the texts of the recordings near it whose names, without suffixes, end in
    #: a text, such as the id of a session.
    near: Callable[[str], Iterable[SourceText]] = _none

    def lines(
        self,
        report: ConversionReport,
        is_wanted: Callable[[bytes], bool] | None = None,
    ) -> Iterator[Record]:
        """Yield the JSON value on each line that isn't blank.

        What isn't JSON on a broken line is yielded as a text, and noted in *report*.

        Args:
            report: What the conversion does.
            is_wanted: Tells of each line whether it is read, after the records before
                it were used; None: all are.

        Raises:
            LimitExceededError: A line is too long, or its value is nested too deep.
            DecodeError: A value cannot be kept, such as NaN.
        """
        longest = self.limits.event_bytes
        with self.text.opened() as file:
            read = partial(file.readline, longest + 1)
            for number, line in enumerate(iter(read, b""), 1):
                if len(line) > longest:
                    raise _too_long(longest, f"line {number}")
                if is_wanted and not is_wanted(line):
                    continue
                if line.isspace():
                    continue
                for record in _on_line(line, number):
                    if isinstance(record.value, BrokenText):
                        report.note(record.value.code, record.at, "changed")
                    yield record

    def document(self) -> Any:  # noqa: ANN401 - JSON
        """Return the only JSON value.

        Raises:
            LimitExceededError: It is larger than an event may be, or nested too deep.
            DecodeError: It isn't JSON.
        """
        with self.text.named():
            return parse_json(self.data()).value

    def data(self) -> bytes:
        """Return its bytes.

        Raises:
            LimitExceededError: There are more than an event may have.
        """
        with self.text.opened() as file:
            return read_whole(file, self.limits)


def records_in(items: object, at: str = "") -> Iterator[Record]:
    """Yield the items of a list in a document as records; none of anything else.

    Args:
        items: The list.
        at: Its place, as a JSON Pointer.
    """
    for number, item in enumerate(items if isinstance(items, list) else ()):
        yield Record(f"{at}/{number}", item)


def read_whole(file: BinaryIO, limits: Limits, where: str = "$") -> bytes:
    """Return what is in a file, or in a member of one.

    Raises:
        LimitExceededError: It is larger than an event may be.
    """
    longest = limits.event_bytes
    data = file.read(longest + 1)
    if len(data) > longest:
        raise _too_long(longest, where)
    return data


def check_depth(record: Record, limits: Limits) -> None:
    """Refuse a record that is nested too deep to be walked.

    Raises:
        LimitExceededError: It is.
    """
    if is_deeper(record.value, limits.depth):
        reason, hint = (
            f"nested deeper than {limits.depth} levels",
            "raise Limits(depth=…)",
        )
        raise LimitExceededError(record.at, reason, hint=hint)


def _on_line(line: bytes, number: int) -> list[Record]:
    try:
        found = records_on(line, _is_object)
    except DecodeError as error:
        where = f"line {number}, {error.where.removeprefix('line 1, ')}"
        raise attrs.evolve(error, where=where) from None
    return [Record(f"line:{number}", each.value) for each in found]


def _is_object(value: object) -> bool:
    return isinstance(value, dict) and bool(value)


def _too_long(longest: int, where: str) -> LimitExceededError:
    reason = f"more than {longest} bytes"
    return LimitExceededError(where, reason, hint="raise Limits(event_bytes=…)")
