"""Live turns, replayed as their events arrive."""

import tracemalloc
from collections.abc import Iterator, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from histories import histories
from live_turns import Stream
from replay import (
    DecodeError,
    Diagnostic,
    Event,
    ReplayEngine,
    Session,
    Stop,
    StopReplay,
    StreamInterruptedError,
    Text,
    TextDelta,
    Usage,
    UserInput,
)
from replay.sources.live_stream import ArrivingEvents
from spying import Spy

END = Stop(Usage(), is_error=False)
ODD = Diagnostic("bad-frame", None, "odd")


def calls(spy: Spy) -> list[tuple[str, tuple[object, ...]]]:
    """Return a plugin's calls, without the session itself."""
    return [
        (name, arguments)
        for name, arguments in spy.calls
        if name not in ("replay_session_start", "replay_session_end")
    ]


def told_by_recording(events: Sequence[Event]) -> Spy:
    spy = Spy()
    session = Session("ses-1", events=[Stream.user_input, *events])
    ReplayEngine([spy]).replay(session)
    return spy


@given(histories, st.integers(0, 10))
def test_a_live_turn_is_told_as_its_recording_is(events: list[Event], cut: int) -> None:
    whole, broken = Spy(), Spy()
    ReplayEngine([whole]).replay_live(Stream(events))
    stream = Stream(events[:cut], events[cut:])
    ReplayEngine([broken]).replay_live(stream, reconcile=True)
    expected = calls(told_by_recording(events))
    assert calls(whole) == expected
    assert calls(broken) == expected


def test_each_event_is_told_before_the_next_is_asked_for() -> None:
    told: list[str] = []

    class Asking(Stream):
        def __next__(self) -> Event:
            told.append("asked")
            return super().__next__()

    plugin = {"text_delta": lambda event: told.append(event.content)}
    ReplayEngine([plugin]).replay_live(Asking([TextDelta("a"), TextDelta("b"), END]))
    assert told == ["asked", "a", "asked", "b", "asked", "asked"]


@pytest.mark.parametrize(("status", "reconcile"), [(200, False), (503, True)])
def test_a_stream_that_breaks_off_ends_the_session_and_one_refused_has_no_rest(
    *, status: int, reconcile: bool
) -> None:
    stream, spy = Stream([], [Text("of an earlier turn"), END]), Spy()
    stream.status = status
    with pytest.raises(StreamInterruptedError):
        ReplayEngine([spy]).replay_live(stream, reconcile=reconcile)
    assert "text" not in spy.names()
    assert spy.names()[-1] == "session_end"


def test_a_session_has_the_turns_events_at_its_end() -> None:
    spy = Spy()
    ReplayEngine([spy]).replay_live(Stream([Text("a"), END]))
    start, end = spy.first_arguments("replay_session_start", "replay_session_end")
    assert isinstance(start, Session)
    assert isinstance(end, Session)
    assert (start.session_id, list(start.events)) == ("ses-1", [])
    assert list(end.events) == [UserInput("Q?"), Text("a"), END]


def test_what_is_odd_about_a_stream_is_told_as_it_is_found() -> None:
    class Odd(Stream):
        def __next__(self) -> Event:
            event = super().__next__()
            self.diagnostics.append(ODD)
            return event

    spy = Spy()
    report = ReplayEngine([spy]).replay_live(Odd([Text("a"), END]))
    assert spy.first_arguments("replay_diagnostic") == [ODD, ODD]
    assert report.diagnostics == {"bad-frame": 2}
    with pytest.raises(DecodeError, match="bad-frame"):
        ReplayEngine(strict=True).replay_live(Odd([Text("a"), END]))


def test_a_plugin_may_stop_a_live_turn() -> None:
    def stop() -> None:
        raise StopReplay

    report = ReplayEngine([{"text": stop}]).replay_live(Stream([Text("a"), END]))
    assert report.outcome == "stopped"


@pytest.mark.slow
def test_a_live_turn_of_any_length_takes_no_more_memory() -> None:
    def peak(count: int) -> int:
        class Long(Stream):
            def _arriving(self, events: Sequence[Event]) -> Iterator[Event]:
                for number in range(count):
                    yield Text("one more of many messages") if number % 2 else END
                yield from events

        engine = ReplayEngine([{"event": lambda event: event}])
        tracemalloc.start()
        try:
            engine.replay_live(Long([END]))
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    assert peak(50_000) < peak(5_000) + (1 << 16)


TEXTS = [Text("a"), Text("b"), Text("c")]


def test_what_has_arrived_can_be_walked_again_from_the_beginning() -> None:
    events = ArrivingEvents(iter(TEXTS))
    walk = iter(events)
    assert (len(events), next(walk), len(events)) == (0, TEXTS[0], 1)
    assert next(iter(events)) == TEXTS[0]
    assert [*events] == [*events] == TEXTS
    assert (events[0], events[1:]) == (TEXTS[0], TEXTS[1:])


def test_it_goes_on_with_what_comes_from_elsewhere() -> None:
    events = ArrivingEvents(iter(TEXTS[:1]))
    assert [*events] == TEXTS[:1]
    events.continue_with(iter(TEXTS[1:]))
    assert [*events] == TEXTS
