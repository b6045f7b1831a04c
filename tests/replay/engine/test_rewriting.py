"""Plugins that rewrite a session before others see it."""

from collections.abc import Generator, Iterator, Sequence

import attrs
import pytest

from live_turns import Stream
from replay import (
    Diagnostic,
    Event,
    PluginError,
    ReplayEngine,
    Session,
    StopReplay,
    Text,
    UserInput,
    hookimpl,
)
from spying import Spy

SESSION = Session("s", events=[UserInput("a"), Text("b")])


class Adding:
    """A plugin that adds a word to the title, and replaces the events."""

    def __init__(self, word: str) -> None:
        self.word = word

    def replay_rewrite(self, session: Session) -> Session:
        events = [
            attrs.evolve(event, content=event.content + self.word)
            for event in session.events
            if isinstance(event, UserInput | Text)
        ]
        title = (session.generated_title or "") + self.word
        return attrs.evolve(session, generated_title=title, events=events)


class Failing:
    def replay_rewrite(self) -> Session:
        message = "no"
        raise ValueError(message)


def test_everybody_sees_only_what_was_rewritten_by_one_after_another() -> None:
    before, after = Spy(), Spy()
    plugins = [before, Adding("!"), after, Adding("?")]
    report = ReplayEngine(plugins, time_plugins=True).replay(SESSION)
    assert report.seconds is not None
    assert report.seconds["Adding"] >= 0
    assert before.calls == after.calls
    (start,) = before.first_arguments("replay_session_start")
    (end,) = before.first_arguments("replay_session_end")
    for session in (start, end):
        assert isinstance(session, Session)
        assert session.generated_title == "!?"
        assert [*session.events] == [UserInput("a!?"), Text("b!?")]
    assert before.first_arguments("replay_event") == [UserInput("a!?"), Text("b!?")]


def test_where_a_rewriting_plugin_fails_nothing_is_shown() -> None:
    spy = Spy()
    engine = ReplayEngine([Failing(), spy])
    with pytest.raises(PluginError, match="hook replay_rewrite: ValueError: no"):
        engine.replay(SESSION)
    assert spy.calls == []
    assert (engine.report.sessions, engine.report.outcome) == (1, "failed")


def test_an_isolated_failure_shows_nothing_either_however_often() -> None:
    spy = Spy()
    engine = ReplayEngine([Failing(), Adding("!"), spy], on_plugin_error="isolate")
    report = engine.replay(SESSION)
    assert (report.session_id, report.outcome, report.turns) == ("s", "failed", 0)
    assert [error.plugin for error in report.plugin_errors] == ["Failing"]
    assert engine.report.plugin_errors == report.plugin_errors
    assert {engine.replay(SESSION).outcome for _ in range(12)} == {"failed"}
    assert spy.calls == []


@pytest.mark.parametrize("returned", [None, [], SESSION.summary()])
def test_what_is_no_session_is_refused(returned: object) -> None:
    class Wrong:
        def replay_rewrite(self) -> object:
            return returned

    with pytest.raises(PluginError, match="where a Session is needed"):
        ReplayEngine([Wrong()]).replay(SESSION)


def test_it_may_stop_the_replay() -> None:
    class Stopping:
        def replay_rewrite(self) -> Session:
            raise StopReplay

    spy = Spy()
    assert ReplayEngine([Stopping(), spy]).replay(SESSION).outcome == "stopped"
    assert spy.calls == []


def test_a_wrapper_of_it_is_refused() -> None:
    class Wrapping:
        @hookimpl(wrapper=True)
        def replay_rewrite(self) -> Generator[None, object, object]:
            return (yield)

    with pytest.raises(PluginError, match="cannot be a wrapper"):
        ReplayEngine([Wrapping()])


class Numbering:
    """A plugin that numbers texts as they arrive, and changes the session's id."""

    def replay_rewrite(self, session: Session) -> Session:
        return attrs.evolve(session, session_id="other", events=Numbered(session))


class Numbered(Sequence[Event]):
    def __init__(self, session: Session) -> None:
        self.session = session

    def __len__(self) -> int:
        return len(self.session.events)

    def __getitem__(self, index: object) -> Event:  # type: ignore[override]  # not asked
        raise NotImplementedError

    def __iter__(self) -> Iterator[Event]:
        for index, event in enumerate(self.session.events):
            yield Text(f"{index} {event.content}") if isinstance(event, Text) else event


def test_a_live_turn_is_rewritten_as_it_arrives() -> None:
    stream = Stream([Text("a"), Text("b")])
    given: list[tuple[int, object]] = []
    hook = {"event": lambda event: given.append((stream.given, event))}
    spy = Spy()
    ReplayEngine([Numbering(), hook, spy]).replay_live(stream)
    assert given == [(0, Stream.user_input), (1, Text("1 a")), (2, Text("2 b"))]
    (start,) = spy.first_arguments("replay_session_start")
    (end,) = spy.first_arguments("replay_session_end")
    assert isinstance(start, Session)
    assert isinstance(end, Session)
    assert (start.session_id, len(start.events)) == ("other", 0)
    assert (end.session_id, len(end.events)) == ("other", 3)


def test_what_is_odd_about_a_rewritten_stream_tells_nothing_of_it() -> None:
    stream, spy = Stream([Text("a")]), Spy()
    stream.diagnostics = [Diagnostic("bad-frame", None, "its text")]
    ReplayEngine([Numbering(), spy]).replay_live(stream)
    (diagnostic,) = spy.first_arguments("replay_diagnostic")
    assert isinstance(diagnostic, Diagnostic)
    assert diagnostic.code == "bad-frame"
    assert "its text" not in diagnostic.detail


def test_a_live_turn_that_cannot_be_rewritten_is_not_shown() -> None:
    stream, spy = Stream([Text("a")]), Spy()
    engine = ReplayEngine([Failing(), spy], on_plugin_error="isolate")
    assert engine.replay_live(stream).outcome == "failed"
    assert (spy.calls, stream.given) == ([], 0)


def test_what_the_service_has_of_a_broken_turn_is_rewritten_too() -> None:
    spy = Spy()
    stream = Stream([Text("a")], [Text("the rest")])
    ReplayEngine([Numbering(), spy]).replay_live(stream, reconcile=True)
    assert spy.first_arguments("replay_event")[1:] == [Text("1 a"), Text("2 the rest")]
