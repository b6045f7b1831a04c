"""The events of a turn that is under way, as a session has them."""

from replay.model.events import Text
from replay.sources.live_stream import ArrivingEvents

TEXTS = [Text("a"), Text("b"), Text("c")]


def test_its_length_is_what_has_arrived() -> None:
    events = ArrivingEvents(iter(TEXTS))
    walk = iter(events)
    assert (len(events), next(walk), len(events)) == (0, TEXTS[0], 1)


def test_every_walk_begins_at_the_beginning() -> None:
    events = ArrivingEvents(iter(TEXTS))
    assert next(iter(events)) == TEXTS[0]
    assert [*events] == [*events] == TEXTS


def test_what_has_arrived_can_be_had_again() -> None:
    events = ArrivingEvents(iter(TEXTS))
    assert [*events][1:] == events[1:] == TEXTS[1:]
    assert events[0] == TEXTS[0]


def test_it_goes_on_with_what_comes_from_elsewhere() -> None:
    events = ArrivingEvents(iter(TEXTS[:1]))
    assert [*events] == TEXTS[:1]
    events.go_on_with(iter(TEXTS[1:]))
    assert [*events] == TEXTS
