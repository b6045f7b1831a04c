"""Each oddity by itself."""

import json
from random import Random

from replay import UnknownEvent
from replay.codec.structure import decode_event
from replay.testing.histories import ODDITIES, malformed_events


def chance(seed: int = 0) -> Random:
    return Random(seed)  # noqa: S311 - chance, no secret


def test_an_oddity_is_json() -> None:
    for name, oddity in ODDITIES.items():
        entries = oddity(chance())
        assert json.loads(json.dumps(entries)) == entries, name


def test_the_same_chance_gives_the_same_entries() -> None:
    for name, oddity in ODDITIES.items():
        assert oddity(chance(7)) == oddity(chance(7)), name


def test_malformed_events_are_all_unknown() -> None:
    entries = malformed_events(chance())
    assert {type(decode_event(entry)) for entry in entries} == {UnknownEvent}


def test_the_events_of_other_oddities_are_known() -> None:
    for name in ODDITIES.keys() - {"malformed_events", "unknown_events"}:
        events = map(decode_event, ODDITIES[name](chance()))
        assert not [each for each in events if isinstance(each, UnknownEvent)], name
