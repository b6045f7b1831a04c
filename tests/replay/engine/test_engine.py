"""The engine: its hooks, their order, and its reports."""

import itertools
import threading
from collections import Counter
from collections.abc import Iterator
from operator import attrgetter

import pytest
from hypothesis import given

import replay
from histories import histories
from odd_errors import ODD_ERRORS
from replay import (
    Context,
    DecodeError,
    Diagnostic,
    Event,
    Message,
    MustStopError,
    PluginError,
    ReplayEngine,
    ReplayReport,
    Session,
    Stop,
    StopReplay,
    Text,
    TextDelta,
    Thinking,
    ThinkingDelta,
    ToolCall,
    ToolResult,
    UnknownEvent,
    Usage,
    UserInput,
)
from replay.engine.plugin_set import OnPluginError
from spying import Spy

END = Stop(Usage(), is_error=False)
CALL = ToolCall("c1", "find", {"a": [{"b": 1}]})
RESULT = ToolResult("c1", "find", [{"c": 2}])
EVENTS = (
    *(UserInput("q"), ThinkingDelta("t"), Thinking("t"), CALL, RESULT),
    *(TextDelta("a"), TextDelta("b"), Text("ab"), UnknownEvent({"type": "x"}), END),
)
SESSION = Session("s", generated_title="Q3", events=EVENTS)


def spied(*events: Event) -> Spy:
    spy = Spy()
    ReplayEngine([spy]).replay(Session("s", events=events))
    return spy


# Order


def test_every_hook_fires_at_its_moment() -> None:
    assert spied(*EVENTS).names() == [
        *("session_start", "turn_start", "event", "user_input"),
        *("event", "thinking_delta"),
        *("event", "thinking"),
        *("event", "tool_call"),
        *("event", "tool_result"),
        *("event", "text_delta", "event", "text_delta"),
        *("event", "text"),
        *("event", "diagnostic", "unknown_event"),
        *("event", "stop"),
        *("turn_end", "session_end"),
    ]


def test_a_boundary_releases_what_is_pending_before_its_own_event() -> None:
    names = spied(UserInput("q"), TextDelta("a"), UserInput("r")).names()
    assert names[-7:] == [
        *("text", "turn_end", "turn_start", "event", "user_input"),
        *("turn_end", "session_end"),
    ]


def test_diagnostics_come_between_the_event_and_its_messages() -> None:
    names = spied(TextDelta("a"), Text("b")).names()
    assert names[-5:] == ["event", "diagnostic", "text", "turn_end", "session_end"]


def test_what_a_released_rest_tells_comes_after_the_event() -> None:
    names = spied(TextDelta("ab"), Text("a"), END).names()
    assert names[-6:] == [
        *("text", "event", "diagnostic", "stop"),
        *("turn_end", "session_end"),
    ]


def test_oddities_of_the_document_come_first() -> None:
    mark = Diagnostic("byte-order-mark", None, "the document begins with one")
    spy = Spy()
    ReplayEngine([spy]).replay(Session("s", events=[END], diagnostics=(mark,)))
    assert spy.names()[:3] == ["session_start", "diagnostic", "turn_start"]


def test_plugins_are_called_in_the_order_given() -> None:
    called: list[str] = []
    engine = ReplayEngine(
        [{"stop": lambda n=name: called.append(n)} for name in ("one", "two", "three")]
    )
    engine.replay(SESSION)
    assert called == ["one", "two", "three"]


def test_marks_can_change_the_order() -> None:
    called: list[str] = []

    class Last:
        @replay.hookimpl(trylast=True)
        def replay_stop(self) -> None:
            called.append("last")

    ReplayEngine([Last(), {"stop": lambda: called.append("other")}]).replay(SESSION)
    assert called == ["other", "last"]


# Arguments


def test_a_result_comes_with_its_call() -> None:
    spy = spied(*EVENTS, ToolResult("c9", "find", None))
    results = [args for name, args in spy.calls if name == "replay_tool_result"]
    assert [call for _, call, _ in results] == [CALL, None]


def test_the_context_tells_the_header_the_event_and_the_turn() -> None:
    spy = Spy()
    ReplayEngine([spy]).replay(SESSION)
    contexts = [args[1] for name, args in spy.calls if name == "replay_event"]
    assert contexts == [
        Context(SESSION.summary(), index, 0) for index in range(len(EVENTS))
    ]


def contexts_in(spy: Spy) -> list[tuple[str, int | None, int | None]]:
    """Return the index and the turn in each hook's context."""
    return [
        (name.removeprefix("replay_"), args[1].index, args[1].turn)
        for name, args in spy.calls
        if len(args) > 1 and isinstance(args[1], Context)
    ]


def test_a_turn_ends_with_its_own_number_and_the_next_one_starts_with_its() -> None:
    spy = spied(UserInput("q"), UserInput("r"))
    assert contexts_in(spy) == [
        *(("turn_start", 0, 0), ("event", 0, 0), ("user_input", 0, 0)),
        *(("turn_end", 1, 0), ("turn_start", 1, 1), ("event", 1, 1)),
        *(("user_input", 1, 1), ("turn_end", 2, 1)),
    ]


def test_the_event_that_opens_a_turn_is_told_in_it() -> None:
    spy = spied(UserInput("q"), END, TextDelta(""), TextDelta("a"), Text("b"))
    assert [each for each in contexts_in(spy) if each[1] in (2, 3)] == [
        *(("event", 2, 0), ("text_delta", 2, 0), ("turn_end", 3, 0)),
        *(("turn_start", 3, 1), ("event", 3, 1), ("text_delta", 3, 1)),
    ]


def test_an_empty_session_has_no_turns_and_an_unknown_event_one() -> None:
    assert spied().names() == ["session_start", "session_end"]
    names = spied(UnknownEvent(5)).names()
    assert names[-3:] == ["turn_start", "turn_end", "session_end"]


def test_a_hook_takes_only_the_arguments_that_it_wants() -> None:
    told: list[object] = []
    hooks = {
        "tool_result": lambda context, call: told.append((context.index, call)),
        "text": lambda message: told.append(message.content),
        "stop": lambda: told.append("stop"),
        "session_end": lambda report: told.append(report.outcome),
    }
    ReplayEngine([hooks]).replay(SESSION)
    assert told == [(4, CALL), "ab", "stop", "complete"]


# Laws


@given(histories)
def test_messages_reach_plugins_as_the_transcript_tells_them(
    history: list[Event],
) -> None:
    session = Session("s", events=history)
    spy = Spy()
    ReplayEngine([spy]).replay(session)
    script = replay.transcript(session)
    for kind in "text", "thinking":
        steps = [
            step.content
            for turn in script.turns
            for step in turn.steps
            if isinstance(step, Message) and step.kind == kind
        ]
        told = spy.first_arguments(f"replay_{kind}")
        assert "".join(m.content for m in told if isinstance(m, Message)) == "".join(
            steps
        )
    assert tuple(spy.first_arguments("replay_turn_end")) == script.turns
    assert tuple(spy.first_arguments("replay_diagnostic")) == script.diagnostics


@given(histories)
def test_every_event_reaches_plugins_once_in_order_and_turns_come_in_pairs(
    history: list[Event],
) -> None:
    spy = spied(*history)
    assert spy.first_arguments("replay_event") == history
    for cls in TextDelta, ThinkingDelta, UserInput, ToolCall, ToolResult, Stop:
        own = [event for event in history if isinstance(event, cls)]
        assert spy.first_arguments(f"replay_{cls.type}") == own
    around = [name for name in spy.names() if name.startswith("turn_")]
    assert around == ["turn_start", "turn_end"] * (len(around) // 2)
    pairs = itertools.pairwise(spy.names())
    assert ("turn_end", "event") not in pairs


@given(histories)
def test_replaying_twice_gives_the_same_calls(history: list[Event]) -> None:
    session, spy = Session("s", events=history), Spy()
    engine = ReplayEngine([spy])
    engine.replay(session)
    first, spy.calls = spy.calls, []
    engine.replay(session)
    assert spy.calls == first


# Reports


def test_the_report_counts() -> None:
    report = ReplayEngine([Spy()]).replay(SESSION)
    assert report == ReplayReport(
        session_id="s",
        turns=1,
        events=Counter(map(attrgetter("type"), EVENTS)),
        messages={"thinking": 1, "text": 1},
        diagnostics={"unknown-type": 1},
    )


def test_time_is_told_by_plugin_when_asked_for() -> None:
    report = ReplayEngine([Spy()], time_plugins=True).replay(SESSION)
    assert report.seconds is not None
    assert report.seconds["Spy"] > 0
    assert ReplayEngine([Spy()]).replay(SESSION).seconds is None


def test_reports_add_up() -> None:
    engine = ReplayEngine([Spy()], time_plugins=True)
    one, two = engine.replay(SESSION), engine.replay(SESSION)
    total = one + two
    assert engine.report == total
    assert (total.session_id, total.sessions, total.turns) == (None, 2, 2)
    assert total.events["text_delta"] == 4
    assert one.seconds is not None
    assert two.seconds is not None
    assert total.seconds == {"Spy": one.seconds["Spy"] + two.seconds["Spy"]}


def test_totals_tell_failures_and_the_worse_outcome() -> None:
    first, second = PluginError("a", "no"), PluginError("b", "no")
    total = ReplayReport(
        "a", plugin_errors=(first,), dropped_plugins=("x",), outcome="stopped"
    ) + ReplayReport("b", plugin_errors=(second,), dropped_plugins=("y", "x"))
    assert total.plugin_errors == (first, second)
    assert (total.dropped_plugins, total.outcome) == (("x", "y"), "stopped")
    assert (ReplayReport("c", outcome="failed") + total).outcome == "failed"


def test_totals_add_the_seconds_that_were_measured() -> None:
    none, nothing = ReplayReport("a"), ReplayReport("b", seconds={})
    one = ReplayReport("c", seconds={"a": 1, "c": 8})
    other = ReplayReport("d", seconds={"a": 2, "b": 4})
    assert (one + other).seconds == {"a": 3, "b": 4, "c": 8}
    assert (none + none).seconds is None
    assert (none + nothing).seconds == (nothing + none).seconds == {}
    assert (none + one).seconds == (one + none).seconds == one.seconds


def test_closing_gives_the_totals_once() -> None:
    spy = Spy()
    with ReplayEngine([spy]) as engine:
        engine.replay(SESSION)
        engine.replay(SESSION)
    engine.close()
    assert spy.first_arguments("replay_close") == [engine.report]
    assert engine.report.sessions == 2


# Failures


def fail(error: BaseException) -> Iterator[None]:
    raise error


def failing(hook: str, error: BaseException) -> dict[str, object]:
    return {hook: lambda: fail(error)}


class Failing:
    """A plugin that raises in ``replay_text``."""

    def __init__(self, error: BaseException) -> None:
        self.error = error

    def replay_text(self) -> None:
        raise self.error


@pytest.mark.parametrize("mode", ["raise", "isolate"])
def test_a_hook_that_raises_stops_the_replay_or_is_isolated(
    mode: OnPluginError,
) -> None:
    spy = Spy()
    engine = ReplayEngine([Failing(ZeroDivisionError("oh")), spy], on_plugin_error=mode)
    if mode == "raise":
        with pytest.raises(PluginError) as caught:
            engine.replay(SESSION)
        error = caught.value
        assert spy.names()[-1] == "session_end"
    else:
        (error,) = engine.replay(SESSION).plugin_errors
        assert spy.names() == spied(*EVENTS).names()
    assert (error.plugin, error.hook, error.index) == ("Failing", "replay_text", 7)
    assert error.reason == "ZeroDivisionError: oh"
    assert isinstance(error.__cause__, ZeroDivisionError)
    (_, report) = spy.calls[-1][1]
    assert isinstance(report, ReplayReport)
    assert report.outcome == ("failed" if mode == "raise" else "complete")


def test_a_failure_that_cannot_be_shown_is_a_plugin_failure_like_any() -> None:
    for error, reason in ODD_ERRORS.items():
        spy = Spy()
        plugins = [failing("text", error), failing("session_end", error), spy]
        report = ReplayEngine(plugins, on_plugin_error="isolate").replay(SESSION)
        assert [each.reason for each in report.plugin_errors] == [reason] * 2
        assert spy.names() == spied(*EVENTS).names()
        with pytest.raises(PluginError) as caught:
            ReplayEngine([failing("text", error)]).replay(SESSION)
        assert (caught.value.reason, caught.value.__cause__) == (reason, error)


def test_an_interruption_while_a_failure_is_shown_passes() -> None:
    class SlowError(Exception):
        def __str__(self) -> str:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ReplayEngine([Failing(SlowError())], on_plugin_error="isolate").replay(SESSION)


@pytest.mark.parametrize("error", [SystemExit(3), StopIteration(), GeneratorExit()])
def test_what_would_end_the_program_is_a_plugin_failure(error: BaseException) -> None:
    with pytest.raises(PluginError):
        ReplayEngine([Failing(error)]).replay(SESSION)


@pytest.mark.parametrize(
    "error", [KeyboardInterrupt(), MemoryError(), MustStopError("oh")]
)
@pytest.mark.parametrize("mode", ["raise", "isolate"])
def test_what_must_pass_passes(error: BaseException, mode: OnPluginError) -> None:
    spy = Spy()
    with pytest.raises(type(error)):
        ReplayEngine([Failing(error), spy], on_plugin_error=mode).replay(SESSION)
    assert spy.names()[-1] == "session_end"


def test_a_plugin_that_fails_ten_times_is_dropped_loudly(
    caplog: pytest.LogCaptureFixture,
) -> None:
    plugin = Failing(ValueError("oh"))
    events = [Text(str(number)) for number in range(12)]
    engine = ReplayEngine([plugin], on_plugin_error="isolate")
    report = engine.replay(Session("s", events=events))
    assert len(report.plugin_errors) == 10
    assert report.dropped_plugins == ("Failing",)
    assert "failed 10 times" in caplog.text


@pytest.mark.parametrize(
    ("mode", "error", "raised"),
    [
        ("raise", ValueError("oh"), PluginError),
        ("raise", MustStopError("oh"), MustStopError),
        ("isolate", MustStopError("oh"), MustStopError),
    ],
)
def test_a_failing_session_end_keeps_no_other_from_its_own(
    mode: OnPluginError, error: BaseException, raised: type[BaseException]
) -> None:
    spy = Spy()
    engine = ReplayEngine([failing("session_end", error), spy], on_plugin_error=mode)
    with pytest.raises(raised, match="oh"):
        engine.replay(SESSION)
    assert spy.names()[-1] == "session_end"
    assert (engine.report.sessions, engine.report.outcome) == (1, "failed")


def test_an_interrupt_at_the_end_keeps_no_plugin_from_its_own() -> None:
    spy = Spy()
    with pytest.raises(KeyboardInterrupt):
        ReplayEngine([failing("session_end", KeyboardInterrupt()), spy]).replay(SESSION)
    assert spy.names()[-1] == "session_end"


@pytest.mark.parametrize("last", [ValueError("second"), MustStopError("second")])
def test_the_first_failure_is_raised_and_the_last_is_noted(last: Exception) -> None:
    plugins = [Failing(ValueError("first")), failing("session_end", last)]
    with pytest.raises(PluginError, match="first") as caught:
        ReplayEngine(plugins).replay(SESSION)
    assert "second" in caught.value.__notes__[0]
    plugins = [failing("text", KeyboardInterrupt()), failing("close", last)]
    with pytest.raises(KeyboardInterrupt) as stopped, ReplayEngine(plugins) as engine:
        engine.replay(SESSION)
    assert "second" in stopped.value.__notes__[0]


def test_a_failing_end_and_close_are_isolated_too() -> None:
    plugins = [failing("session_end", ValueError()), failing("close", ValueError())]
    with ReplayEngine(plugins, on_plugin_error="isolate") as engine:
        assert len(engine.replay(SESSION).plugin_errors) == 1
    failed = [error.hook for error in engine.report.plugin_errors]
    assert failed == ["replay_session_end", "replay_close"]


def test_a_failing_close_keeps_no_other_from_its_own_and_is_raised() -> None:
    spy = Spy()
    plugins = [failing("close", ValueError("oh")), spy]
    with pytest.raises(PluginError, match="oh"), ReplayEngine(plugins):
        pass
    assert spy.names() == ["close"]


def test_a_report_cannot_be_changed() -> None:
    def spoil(report: ReplayReport) -> None:
        report.events["text"] = 99  # type: ignore[index]  # that is the test

    with pytest.raises(PluginError, match="read-only"):
        ReplayEngine([{"session_end": spoil}]).replay(SESSION)


def test_a_report_tells_the_failures_of_its_own_session() -> None:
    engine = ReplayEngine([Failing(ValueError("oh"))], on_plugin_error="isolate")
    assert len(engine.replay(SESSION).plugin_errors) == 1
    assert len(engine.replay(SESSION).plugin_errors) == 1
    assert len(engine.report.plugin_errors) == 2


# Stopping


@pytest.mark.parametrize("mode", ["raise", "isolate"])
def test_a_plugin_can_stop_the_replay_cleanly(mode: OnPluginError) -> None:
    spy = Spy()
    engine = ReplayEngine([spy, Failing(StopReplay())], on_plugin_error=mode)
    report = engine.replay(SESSION)
    assert (report.outcome, report.plugin_errors) == ("stopped", ())
    assert spy.names()[-2:] == ["text", "session_end"]


def test_stopping_at_the_end_changes_nothing() -> None:
    report = ReplayEngine([failing("session_end", StopReplay())]).replay(SESSION)
    assert report.outcome == "complete"


# Strictness


def test_strict_raises_at_the_first_oddity() -> None:
    spy = Spy()
    with pytest.raises(DecodeError, match=r"events\[8\]: unknown-type"):
        ReplayEngine([spy], strict=True).replay(SESSION)
    assert spy.names()[-2:] == ["diagnostic", "session_end"]


def test_strict_names_the_place_in_a_list_and_minds_the_document() -> None:
    with pytest.raises(DecodeError, match=r"\$\[0\]: unknown-type"):
        ReplayEngine(strict=True).replay(replay.loads('[{"type": "x"}]'))
    mark = Diagnostic("byte-order-mark", None, "the document begins with one")
    with pytest.raises(DecodeError, match="byte-order-mark"):
        ReplayEngine(strict=True).replay(Session("s", diagnostics=(mark,)))


def test_strict_is_content_with_an_orderly_history() -> None:
    events = [event for event in EVENTS if not isinstance(event, UnknownEvent)]
    report = ReplayEngine(strict=True).replay(Session("s", events=events))
    assert report.outcome == "complete"


# The rest


def test_a_wrong_mode_is_refused() -> None:
    with pytest.raises(ValueError, match="on_plugin_error"):
        ReplayEngine(on_plugin_error="ignore")  # type: ignore[arg-type]  # that is the test


def test_engines_run_side_by_side() -> None:
    spies = [Spy() for _ in range(4)]
    session = Session("s", events=[*EVENTS] * 50)

    def run(spy: Spy) -> None:
        ReplayEngine([spy]).replay(session)

    threads = [threading.Thread(target=run, args=(spy,)) for spy in spies]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(spy.calls == spies[0].calls for spy in spies)
    assert len(spies[0].first_arguments("replay_event")) == 500


def test_a_plugin_cannot_change_what_the_next_one_sees() -> None:
    def spoil(event: ToolCall) -> None:
        event.arguments["a"][0]["b"] = "EVIL"  # type: ignore[index]  # that is the test

    spy = Spy()
    engine = ReplayEngine([{"tool_call": spoil}, spy], on_plugin_error="isolate")
    report = engine.replay(SESSION)
    assert "read-only" in report.plugin_errors[0].reason
    assert spy.first_arguments("replay_tool_call") == [CALL]
