"""The suite for backends, which fails those that misbehave, and no others."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from hashlib import blake2b
from itertools import cycle
from unittest import SkipTest

import attrs
import pytest

from replay import (
    Backend,
    Event,
    Portion,
    Session,
    SessionNotFoundError,
    SessionSummary,
    Stored,
    TextDelta,
    UnknownEvent,
    UnsupportedError,
    dumps,
    loads,
)
from replay.testing import BackendContract
from replay.testing.backend_contract import violation

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
    """A backend that returns all sessions at once, and can write."""

    def sessions(self) -> Iterator[Session]:
        yield from self.kept.values()

    def write(self, session: Session) -> None:
        self.kept[session.session_id] = loads(dumps(session))


class InPortions(InMemory):
    """A backend that can be shared out."""

    def portions(self) -> Iterator[Portion]:
        for session_id in self.kept:
            yield Portion((session_id,), 1)

    def stored(self, portion: Portion) -> Iterator[Stored]:
        session = self.kept[str(portion.key[0])]
        digest = blake2b(dumps(session), digest_size=16).digest()
        yield Stored("it", digest, lambda: session)


class TestOfAGoodBackend(BackendContract):
    @pytest.fixture
    def backend(self) -> Backend:
        return InMemoryAtOnce()

    def reopen(self, backend: Backend) -> Backend:
        assert isinstance(backend, InMemory)
        return InMemory(dict(backend.kept))


class TestOfABackendInPortions(BackendContract):
    @pytest.fixture
    def backend(self) -> Backend:
        return InPortions()


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
    """A backend whose walks share one position."""

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
    """A backend that returns its events changed."""

    convert: Callable[[Sequence[Event]], Sequence[Event]] = Once

    def session(self, session_id: str) -> Session:
        session = super().session(session_id)
        return attrs.evolve(session, events=self.convert(session.events))


def misread(events: Sequence[Event]) -> Sequence[Event]:
    """Return known events as unknown ones."""
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


class LastFirst(InPortions):
    def portions(self) -> Iterator[Portion]:
        return reversed(list(super().portions()))


@attrs.define(eq=False)
class Sharing(InPortions):
    """A backend that reads its portions in one order only."""

    left: list[str] = attrs.field(factory=lambda: ["rent", "notice"])

    def stored(self, portion: Portion) -> Iterator[Stored]:
        yield from super().stored(attrs.evolve(portion, key=(self.left.pop(0),)))


class Undigested(InPortions):
    """A backend whose digests don't match its stored sessions."""

    def __init__(self, *digests: bytes) -> None:
        super().__init__()
        self._digests = cycle(digests)

    def stored(self, portion: Portion) -> Iterator[Stored]:
        for each in super().stored(portion):
            yield attrs.evolve(each, digest=next(self._digests))


class DropsEvents(InPortions):
    """A backend that drops the events of sessions read from portions."""

    def stored(self, portion: Portion) -> Iterator[Stored]:
        for each in super().stored(portion):
            silent = attrs.evolve(each.read(), events=())
            yield attrs.evolve(each, read=partial(attrs.evolve, silent))


class NotShared(InPortions):
    def portions(self) -> Iterator[Portion]:
        raise UnsupportedError(source="memory", reason="a pipe")


class OneCase(InMemoryAtOnce):
    """A backend that treats ids as equal if they differ only in case."""

    def session(self, session_id: str) -> Session:
        return super().session(session_id.lower())

    def write(self, session: Session) -> None:
        self.kept[session.session_id.lower()] = session


class KeepsHidden(InMemoryAtOnce):
    def summaries(self) -> Iterator[SessionSummary]:
        return iter([RENT.summary(), NOTICE.summary()])


class KeepsFirst(InMemoryAtOnce):
    def write(self, session: Session) -> None:
        self.kept.setdefault(session.session_id, session)


class ListsTwice(InMemoryAtOnce):
    def summaries(self) -> Iterator[SessionSummary]:
        return iter([*super().summaries()] * 2)


#: For each law, backends that break it, and the messages to their authors.
BROKEN: dict[str, list[tuple[Backend, str]]] = {
    "its_summaries_are_the_same_each_time": [
        (InMemory({}), "there is no session"),
        (Turning(), "two walks over summaries"),
        (OneCursor(), "let walks share nothing"),
    ],
    "a_session_is_what_its_summary_says": [(Untitled(), "'notice': .* differ")],
    "events_can_be_walked_again": [
        (WithEvents(), "two walks over its events"),
        (WithEvents(convert=Short), "or their length"),
    ],
    "a_session_survives_writing": [(WithEvents(convert=misread), "with replay.loads")],
    "an_unknown_id_is_not_found": [
        (AnyId(), "returned what summaries.. does not have"),
        (PlainLookup(), "raised KeyError: .*NotFoundError"),
    ],
    "closing_twice_is_harmless": [(ClosesOnce(), "close.. raised AttributeError")],
    "sessions_are_those_of_the_summaries": [(LacksOne(), "differ at number 1")],
    "portions_hold_the_sessions": [
        (LastFirst(), "summaries.. and what is stored"),
        (Sharing(), "summaries.. and what is stored"),
        (DropsEvents(), "'rent': session.. and what is stored"),
    ],
    "a_digest_stands_for_a_session": [
        (Undigested(b"1", b"2", b"3", b"4"), "two walks over what is stored"),
        (Undigested(bytes(16)), "'notice': its digest is not its own"),
        (Undigested(b"1", b"2"), "'rent': .* not of 16 bytes"),
    ],
    "what_is_written_is_there": [
        (OneCase(), "it is not what was written"),
        (KeepsHidden(), "does not have what was written"),
    ],
    "writing_again_replaces": [
        (KeepsFirst(), "it is not the later one"),
        (ListsTwice(), "keep one session of each id"),
    ],
}


@pytest.mark.parametrize("law", BROKEN)
def test_a_backend_that_misbehaves_is_found_out(law: str) -> None:
    for backend, said in BROKEN[law]:
        with pytest.raises(AssertionError, match=said):
            getattr(CONTRACT, f"test_{law}")(backend)


def test_every_law_can_be_broken() -> None:
    laws = {name for name in dir(BackendContract) if name.startswith("test_")}
    assert {f"test_{law}" for law in BROKEN} == laws


def test_what_a_backend_need_not_have_is_not_tried() -> None:
    optional = (
        CONTRACT.test_sessions_are_those_of_the_summaries,
        CONTRACT.test_what_is_written_is_there,
        CONTRACT.test_writing_again_replaces,
    )
    in_portions = (
        CONTRACT.test_portions_hold_the_sessions,
        CONTRACT.test_a_digest_stands_for_a_session,
    )
    for law in (*optional, *in_portions):
        with pytest.raises(SkipTest, match="this backend"):
            law(InMemory())
    shared = "this backend cannot be shared out: memory: a"
    for law in in_portions:
        with pytest.raises(SkipTest, match=shared):
            law(NotShared())


def test_a_broken_law_says_where_what_and_what_to_do() -> None:
    error = violation("../\ud800", "it is another", "decode with replay.loads")
    said = r"session '../\ud800': it is another (decode with replay.loads)"
    assert str(error) == said
    assert str(violation(None, "it raised", "do not")) == "it raised (do not)"


def test_what_was_there_before_is_not_written_over() -> None:
    backend = InMemoryAtOnce({"": attrs.evolve(RENT, session_id="")})
    CONTRACT.test_what_is_written_is_there(backend)
    assert backend.kept[""].events == RENT.events
