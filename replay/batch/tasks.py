"""What workers are told, and what they answer: values that can be pickled."""

from collections.abc import Iterator, Mapping
from itertools import count
from typing import TypeAlias

import attrs

from replay._plugins import OnPluginError
from replay.portions import Portion

#: Where a session is: the number of its portion, and its number in that; both from 0.
Place: TypeAlias = tuple[int, int]


@attrs.frozen
class PluginSpec:
    """A plugin by name, as a worker makes it anew."""

    name: str  #: as :func:`replay.load_plugin` takes it
    options: Mapping[str, object] = attrs.field(repr=False)  #: they may hold a key
    version: str  #: what its results depend on besides


@attrs.frozen
class Job:
    """What all tasks of a batch have in common."""

    location: str
    #: the backend's; they may hold a key
    options: Mapping[str, object] = attrs.field(repr=False)
    plugins: tuple[PluginSpec, ...]
    strict: bool = False
    on_plugin_error: OnPluginError = "raise"
    keep_going: bool = False
    seconds: float | None = None  #: that a session may take; None: for ever
    memory: int | None = None  #: bytes that a worker may use; None: what there is


@attrs.frozen
class Task:
    """Some portions, to be worked on by one worker."""

    job: Job
    first: int  #: the number of the first portion
    portions: tuple[Portion, ...]
    numbers: tuple[int, ...] = ()  #: the portions'; none: they follow the first
    start: Place = (0, 0)  #: the first session
    stop: Place | None = None  #: the session at which to stop; None: at the end
    only: frozenset[Place] | None = None  #: None: all from *start* to *stop*
    without: frozenset[Place] = frozenset()
    #: how many sessions before those at some places have their ids
    repetitions: Mapping[Place, int] = attrs.field(factory=dict)

    def numbered(self) -> Iterator[tuple[int, Portion]]:
        """Yield the portions that have sessions to be worked on, with their numbers."""
        numbers = self.numbers or count(self.first)
        wanted = None if self.only is None else {number for number, _ in self.only}
        for number, portion in zip(numbers, self.portions, strict=False):
            is_over = self.stop is not None and (number, 0) >= self.stop
            if number < self.start[0] or is_over:
                continue
            if wanted is None or number in wanted:
                yield number, portion

    def has(self, place: Place) -> bool:
        """Tell whether the session at a place is to be worked on."""
        return (
            self.start <= place
            and (self.stop is None or place < self.stop)
            and (self.only is None or place in self.only)
            and place not in self.without
        )


@attrs.frozen
class Repeated:
    """A session that shares its id with others."""

    place: Place
    before: int  #: how many of these come before it


@attrs.frozen
class Found:
    """A session that is stored at a place."""

    place: Place
    name: str  #: see :class:`~replay.portions.Stored`
    digest: bytes


@attrs.frozen
class Counts:
    """What a replay came to, in numbers that add up."""

    turns: int = 0
    events: int = 0
    messages: int = 0
    diagnostics: int = 0


@attrs.frozen
class Done:
    """A session that was replayed."""

    found: Found
    session_id: str  #: that plugins saw; where they saw none, the digest in hex
    counts: Counts
    values: bytes  #: a JSON array: what each plugin that gives a result gave
    plugin_errors: tuple[str, ...] = ()  #: what was isolated


@attrs.frozen
class Problem:
    """A session, or the rest of a portion, that could not be replayed."""

    place: Place
    name: str  #: the session's id, or as much as is known
    code: (
        str  #: an error's ``code``, or ``crashed``, ``out-of-memory``, ``out-of-time``
    )
    reason: str  #: as a sentence
    is_quarantined: bool = False  #: it took its worker down, and again when alone


@attrs.frozen
class Worked:
    """What came of a task."""

    done: tuple[Done, ...]
    problems: tuple[Problem, ...]
    rest: Place | None = None  #: where to go on; None: all is done
    is_interrupted: bool = False  #: by the user, in the leader's own process


@attrs.frozen
class Digested:
    """What is stored at the places of a task."""

    found: tuple[Found, ...]
    problems: tuple[Problem, ...]
    rest: Place | None = None  #: where to go on; None: that is all
