"""The portions of a batch."""

import pytest

from in_memory import InMemory
from replay import BackendError, Session
from replay.batch.leader import Listing
from replay.sources.source import Source


def _source(*ids: str) -> Source:
    return Source(InMemory([*map(Session, ids)]), "somewhere")


def _ids(listing: Listing) -> list[tuple[int, object]]:
    return [(number, portion.key[0]) for number, portion in listing.portions()]


def test_portions_are_numbered() -> None:
    assert _ids(Listing(_source("a", "b"), None)) == [(0, "a"), (1, "b")]


def test_a_shard_has_every_nth_portion_with_its_number() -> None:
    source = _source(*"abcde")
    assert _ids(Listing(source, (1, 2))) == [(0, "a"), (2, "c"), (4, "e")]
    assert _ids(Listing(source, (2, 2))) == [(1, "b"), (3, "d")]


def test_sessions_are_counted_once_all_are_listed() -> None:
    listing = Listing(_source(*"abcde"), (2, 2))
    assert listing.sessions == 0
    _ids(listing)
    assert listing.sessions == len("bd")


def test_what_has_not_changed_can_be_listed_again() -> None:
    listing = Listing(_source("a", "b"), None)
    assert _ids(listing) == _ids(listing)


def test_what_has_changed_cannot_be_listed_again() -> None:
    source = _source("a", "b")
    listing = Listing(source, (1, 2))
    _ids(listing)
    assert isinstance(source.backend, InMemory)
    source.backend.kept[1] = Session("c")
    with pytest.raises(BackendError, match="somewhere: it has changed while"):
        _ids(listing)
