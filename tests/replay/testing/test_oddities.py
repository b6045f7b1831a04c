"""Each oddity by itself."""

import json
from random import Random

import pytest

from replay import UnknownEvent
from replay.codec import decode_event
from replay.testing.oddities import ODDITIES, malformed_events


def chance(seed: int = 0) -> Random:
    return Random(seed)  # noqa: S311 - chance, no secret


@pytest.mark.parametrize("name", ODDITIES)
def test_an_oddity_is_json(name: str) -> None:
    entries = ODDITIES[name](chance())
    assert json.loads(json.dumps(entries)) == entries


@pytest.mark.parametrize("name", ODDITIES)
def test_the_same_chance_gives_the_same_entries(name: str) -> None:
    assert ODDITIES[name](chance(7)) == ODDITIES[name](chance(7))


def test_malformed_events_are_all_unknown() -> None:
    entries = malformed_events(chance())
    assert {type(decode_event(entry)) for entry in entries} == {UnknownEvent}


@pytest.mark.parametrize(
    "name", sorted(set(ODDITIES) - {"malformed_events", "unknown_events"})
)
def test_the_events_of_other_oddities_are_known(name: str) -> None:
    events = map(decode_event, ODDITIES[name](chance()))
    assert not [each for each in events if isinstance(each, UnknownEvent)]
