"""Portions of a session each, for backends without portions of their own."""

import pickle
from collections.abc import Iterator
from hashlib import blake2b

import pytest
from hypothesis import given
from hypothesis import strategies as st

from in_memory import InMemory
from recorded_sessions import sessions
from replay import (
    Backend,
    BackendError,
    Portion,
    Session,
    SessionNotFoundError,
    Stored,
    Text,
    dumps,
)
from replay.sources.portions import portions_of, stored_of


def all_stored(backend: Backend) -> Iterator[Stored]:
    for portion in portions_of(backend):
        yield from stored_of(backend, pickle.loads(pickle.dumps(portion)), "memory")  # noqa: S301 - our own


@given(st.lists(sessions, max_size=4, unique_by=lambda each: each.session_id))
def test_reading_all_that_is_stored_gives_the_sessions(kept: list[Session]) -> None:
    found = list(all_stored(InMemory(kept)))
    assert [each.read() for each in found] == kept
    assert [each.name for each in found] == [each.session_id for each in kept]


@given(sessions)
def test_a_digest_is_that_of_what_dumps_gives(session: Session) -> None:
    (found,) = all_stored(InMemory([session]))
    assert found.digest == blake2b(dumps(session), digest_size=16).digest()


def test_nothing_is_fetched_to_list_it() -> None:
    portions = list(portions_of(InMemory([Session("a", events=[Text("x" * 99)])])))
    assert portions == [Portion(("a",), 1 << 16, 1)]


def test_a_session_that_another_hides_is_not_taken_for_it() -> None:
    other = Session("a", events=[Text("No.")])
    first, second, last = all_stored(InMemory([Session("a"), other, Session("b")]))
    assert (first.read(), last.read()) == (Session("a"), Session("b"))
    with pytest.raises(BackendError, match=r"this one is hidden \(give each"):
        second.read()


def test_a_session_that_is_gone_is_an_error() -> None:
    with pytest.raises(SessionNotFoundError):
        list(stored_of(InMemory([]), Portion(("a",), 1), "memory"))


@pytest.mark.parametrize("key", [(), (1,), ("a", "b"), ("a", "again", 1)])
def test_what_is_no_key_of_a_portion_is_refused(key: tuple[str | int, ...]) -> None:
    with pytest.raises(BackendError, match=r"memory: it has no portion \("):
        list(stored_of(InMemory([Session("a")]), Portion(key, 1), "memory"))
