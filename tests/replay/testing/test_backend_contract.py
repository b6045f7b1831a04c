"""The suite for backends: it finds out those that misbehave, and no others."""

from collections.abc import Callable, Iterator, Sequence
from unittest import SkipTest

import attrs
import pytest

from replay import (
    Backend,
    Event,
    Session,
    SessionNotFoundError,
    SessionSummary,
    TextDelta,
    UnknownEvent,
    dumps,
    loads,
)
from replay.testing import BackendContract

CONTRACT = BackendContract()
RENT = Session("rent", events=(TextDelta("4,200"), TextDelta(" euros")))
NOTICE = Session("notice", generated_title="How long?")


@attrs.define(eq=False)
class InMemory:
    """A backend that does nothing wrong."""

    kept: dict[str, Session] = attrs.field(
        factory=lambda: {"rent": RENT, "notice": NOTICE}
    )

    def summaries(self) -> Iterator[SessionSummary]:
        for session in self.kept.values():
            yield session.summary()

    def session(self, session_id: str) -> Session:
        if session_id not in self.kept:
            raise SessionNotFoundError(source="memory", reason="there is none")
        return self.kept[session_id]

    def close(self) -> None:
        """Do nothing."""


class InMemoryAtOnce(InMemory):
    """A backend that has everything at once, and can write."""

    def sessions(self) -> Iterator[Session]:
        yield from self.kept.values()

    def write(self, session: Session) -> None:
        self.kept[session.session_id] = loads(dumps(session))


class TestOfAGoodBackend(BackendContract):
    @pytest.fixture
    def backend(self) -> Backend:
        return InMemoryAtOnce()

    def reopen(self, backend: Backend) -> Backend:
        assert isinstance(backend, InMemory)
        return InMemory(dict(backend.kept))


class TwiceTheSame(InMemory):
    def summaries(self) -> Iterator[SessionSummary]:
        yield from super().summaries()
        yield SessionSummary("rent", generated_title="Again")


class TestOfARepeatedId(BackendContract):
    @pytest.fixture
    def backend(self) -> Backend:
        return TwiceTheSame()


class Turning(InMemory):
    def summaries(self) -> Iterator[SessionSummary]:
        self.kept = dict(reversed(self.kept.items()))
        return super().summaries()


@attrs.define(eq=False)
class OneCursor(InMemory):
    """Its walks share one place."""

    left: list[str] = attrs.field(factory=list)

    def summaries(self) -> Iterator[SessionSummary]:
        self.left = list(self.kept)
        while self.left:
            yield self.kept[self.left.pop(0)].summary()


class Untitled(InMemory):
    def session(self, session_id: str) -> Session:
        return attrs.evolve(super().session(session_id), generated_title=None)


class Once(Sequence[Event]):
    def __init__(self, events: Sequence[Event]) -> None:
        self._length = len(events)
        self._left = iter(events)

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[Event]:
        return self._left

    def __getitem__(self, index: object) -> Event:  # type: ignore[override]  # unused
        raise NotImplementedError


class Short(tuple[Event, ...]):
    __slots__ = ()

    def __len__(self) -> int:
        return 0


@attrs.define(eq=False)
class WithEvents(InMemory):
    """Gives its events as something else."""

    convert: Callable[[Sequence[Event]], Sequence[Event]] = Once

    def session(self, session_id: str) -> Session:
        session = super().session(session_id)
        return attrs.evolve(session, events=self.convert(session.events))


def misread(events: Sequence[Event]) -> Sequence[Event]:
    """Return events as unknown ones, though they are known."""
    return [UnknownEvent(event.as_object()) for event in events]


class AnyId(InMemory):
    def session(self, session_id: str) -> Session:
        return self.kept.get(session_id, RENT)


class PlainLookup(InMemory):
    def session(self, session_id: str) -> Session:
        return self.kept[session_id]


class ClosesOnce(InMemory):
    def close(self) -> None:
        del self.kept


class LacksOne(InMemoryAtOnce):
    def sessions(self) -> Iterator[Session]:
        yield RENT


class OtherOrder(InMemoryAtOnce):
    def sessions(self) -> Iterator[Session]:
        return reversed(self.kept.values())


class OneCase(InMemoryAtOnce):
    """Takes ids for the same that differ only in case."""

    def session(self, session_id: str) -> Session:
        return super().session(session_id.lower())

    def write(self, session: Session) -> None:
        self.kept[session.session_id.lower()] = session


class KeepsHidden(InMemoryAtOnce):
    def summaries(self) -> Iterator[SessionSummary]:
        yield RENT.summary()
        yield NOTICE.summary()


class KeepsFirst(InMemoryAtOnce):
    def write(self, session: Session) -> None:
        self.kept.setdefault(session.session_id, session)


class ListsTwice(InMemoryAtOnce):
    def summaries(self) -> Iterator[SessionSummary]:
        yield from super().summaries()
        yield from super().summaries()


#: A law, a backend that breaks it, and what its author is told.
BROKEN: tuple[tuple[str, Backend, str], ...] = (
    ("its_summaries_are_the_same_each_time", InMemory({}), "there is no session"),
    ("its_summaries_are_the_same_each_time", Turning(), "two walks over summaries"),
    ("its_summaries_are_the_same_each_time", OneCursor(), "let walks share nothing"),
    ("a_session_is_what_its_summary_says", Untitled(), "'notice': .* differ"),
    ("events_can_be_walked_again", WithEvents(), "two walks over its events"),
    ("events_can_be_walked_again", WithEvents(convert=Short), "or their length"),
    ("a_session_survives_writing", WithEvents(convert=misread), "with replay.loads"),
    ("an_unknown_id_is_not_found", AnyId(), "returned what summaries.. does not have"),
    ("an_unknown_id_is_not_found", PlainLookup(), "raised KeyError: .*NotFoundError"),
    ("closing_twice_is_harmless", ClosesOnce(), "second close.. raised AttributeError"),
    ("sessions_are_those_of_the_summaries", LacksOne(), "differ at number 1"),
    ("sessions_are_those_of_the_summaries", OtherOrder(), "differ at number 0"),
    ("what_is_written_is_there", OneCase(), "it is not what was written"),
    ("what_is_written_is_there", KeepsHidden(), "does not have what was written"),
    ("writing_again_replaces", KeepsFirst(), "it is not the later one"),
    ("writing_again_replaces", ListsTwice(), "keep one session of each id"),
)


@pytest.mark.parametrize(
    ("law", "backend", "said"), BROKEN, ids=[type(each[1]).__name__ for each in BROKEN]
)
def test_a_backend_that_misbehaves_is_found_out(
    law: str, backend: Backend, said: str
) -> None:
    with pytest.raises(AssertionError, match=said):
        getattr(CONTRACT, f"test_{law}")(backend)


def test_every_law_can_be_broken() -> None:
    laws = {name for name in dir(BackendContract) if name.startswith("test_")}
    assert {f"test_{law}" for law, _, _ in BROKEN} == laws


@pytest.mark.parametrize(
    "law",
    [
        CONTRACT.test_sessions_are_those_of_the_summaries,
        CONTRACT.test_what_is_written_is_there,
        CONTRACT.test_writing_again_replaces,
    ],
)
def test_what_a_backend_need_not_have_is_not_tried(
    law: Callable[[Backend], None],
) -> None:
    with pytest.raises(SkipTest, match="this backend"):
        law(InMemory())


def test_what_was_there_before_is_not_written_over() -> None:
    backend = InMemoryAtOnce({"": attrs.evolve(RENT, session_id="")})
    CONTRACT.test_what_is_written_is_there(backend)
    assert backend.kept[""].events == RENT.events
