"""Checks of a recording: its size, its depth and, if strict, its events."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeAlias

import attrs

from replay.codec.structure import check_event
from replay.errors import LimitExceededError
from replay.model.json_text import is_deeper, write_json
from replay.model.limits import Limits

Where: TypeAlias = Callable[[int], str]  #: the place of the event at an index


def in_list(path: str) -> Where:
    """Return a function from an event's index to its JSON path in a list."""
    return lambda index: f"{path}[{index}]"


@attrs.frozen
class Checks:
    """The checks made when a recording is read."""

    strict: bool  #: refuse events that are unknown or malformed
    limits: Limits

    def header(self, header: Mapping[str, object]) -> None:
        """Raise LimitExceededError for a document's header that is too deep."""
        self._depth("$", header)

    def may_refuse(self, depth: int, size: int) -> bool:
        """Tell whether known events of this depth and total size might not pass."""
        limits = self.limits
        return self.strict or depth > limits.depth or size > limits.event_bytes

    def is_too_deep(self, values: Sequence[object], levels: int) -> bool:
        """Tell whether any field is too deep, if fields are at *levels* in *values*."""
        return is_deeper(values, self.limits.depth + levels)

    def event(self, where: str, value: object) -> None:
        """Check one event, which is at the JSON path *where*.

        Raises:
            LimitExceededError: It is too deep.
            DecodeError: Checks are strict, and it is unknown or malformed.
        """
        self._depth(where, value)
        if self.strict:
            check_event(value, where)

    def events(self, values: Iterable[object], where: Where, first: int = 0) -> None:
        """Check each of several events, numbered from *first* on; see :meth:`event`."""
        for index, value in enumerate(values, first):
            self.event(where(index), value)

    def sizes(self, values: Iterable[object], where: Where, first: int = 0) -> None:
        """Check the written length of each of several events, from number *first* on.

        Raises:
            LimitExceededError: One is too long.
        """
        for index, value in enumerate(values, first):
            if len(write_json(value)) > self.limits.event_bytes:
                raise self.too_long(where(index))

    def too_long(self, where: str) -> LimitExceededError:
        """Return the error for a value that is too long."""
        reason = f"longer than {self.limits.event_bytes} bytes"
        return LimitExceededError(where, reason, hint="raise Limits(event_bytes=…)")

    def _depth(self, where: str, value: object) -> None:
        if is_deeper(value, self.limits.depth + 1):
            reason = f"nested deeper than {self.limits.depth} levels"
            raise LimitExceededError(where, reason, hint="raise Limits(depth=…)")
