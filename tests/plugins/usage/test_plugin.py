"""The plugin that adds up what sessions cost."""

import io
import itertools
import json
import sys
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from pathlib import Path

import pytest

import replay
from replay import (
    BatchResult,
    Context,
    PluginError,
    ReplayEngine,
    Session,
    Stop,
    StopReplay,
    UserInput,
    load_plugin,
)
from replay.batch.worker import WorkerEngine
from replay.testing import PluginContract, odd_histories
from replay.testing.batch_contract import give, merge
from replay_plugins.usage import Usage

EXAMPLES = Path(__file__).resolve().parents[3] / "examples"

TABLE = """\
turns  round trips  input tokens  output tokens     ms  errors  session
    2            4          9204            134   8348       0  ses-harbour-lease
    1            1             -              -  30012       1  ses-supplier-terms
    3            5          9204            134  38360       1  total
"""


class TestUsage(PluginContract):
    @pytest.fixture
    def plugin(self, tmp_path: Path) -> Callable[[], object]:
        numbers = itertools.count()
        return lambda: Usage(json=True, output=tmp_path / str(next(numbers)))

    def result_of(self, plugin: object) -> object:
        assert isinstance(plugin, Usage)
        assert plugin.output
        return plugin.output.read_text("utf-8"), plugin.total()


def run(session: str, **usage: float | None) -> Session:
    """Return a session of one run that cost so much."""
    return Session(session, events=[Stop(replay.Usage(**usage), is_error=False)])  # type: ignore[arg-type]  # what the wire may hold


def replayed(usage: Usage, *sessions: Session) -> str:
    """Replay sessions, and return what was printed."""
    printed = io.StringIO()
    with redirect_stdout(printed), ReplayEngine([usage]) as engine:
        for session in sessions:
            engine.replay(session)
    return printed.getvalue()


def examples() -> list[Session]:
    names = ("two_turns.json", "error_stop.json")
    return [replay.loads((EXAMPLES / name).read_bytes()) for name in names]


def test_it_prints_a_table() -> None:
    assert replayed(Usage(), *examples()) == TABLE


def test_it_prints_json() -> None:
    printed = json.loads(replayed(Usage(json=True), *examples()))
    assert printed["sessions"][1] == {
        "session_id": "ses-supplier-terms",
        "turns": 1,
        "round_trips": 1,
        "total_input_tokens": None,
        "total_output_tokens": None,
        "duration_ms": 30012.0,
        "errors": 1,
        "complete": True,
    }
    assert printed["total"] == {
        "session_id": None,
        "turns": 3,
        "round_trips": 5,
        "total_input_tokens": 9204,
        "total_output_tokens": 134,
        "duration_ms": 38359.75,
        "errors": 1,
        "complete": True,
    }


def test_it_writes_to_a_file_instead(tmp_path: Path) -> None:
    output = tmp_path / "usage.txt"
    assert replayed(Usage(output=output), *examples()) == ""
    assert output.read_text() == TABLE


def test_its_options_can_be_typed(tmp_path: Path) -> None:
    output = tmp_path / "usage.json"
    with ReplayEngine([load_plugin("usage", json="yes", output=str(output))]) as engine:
        engine.replay(examples()[0])
    assert json.loads(output.read_bytes())["total"]["turns"] == 2


def test_its_numbers_are_there_for_programs() -> None:
    usage = Usage()
    replayed(usage, *examples())
    assert [each.errors for each in usage.sessions] == [0, 1]
    assert usage.total().total_input_tokens == 9204


def test_the_last_stop_of_a_turn_counts() -> None:
    usage = Usage()
    stops = [Stop(replay.Usage(n), is_error=n == 1) for n in (1, 2)]
    replayed(usage, Session("s", events=stops))
    assert (usage.total().total_input_tokens, usage.total().errors) == (2, 0)


def test_turns_without_a_stop_cost_nothing_but_count() -> None:
    usage = Usage()
    replayed(usage, Session("s", events=[UserInput("Well?"), UserInput("Well?")]))
    total = usage.total()
    assert (total.turns, total.round_trips, total.total_input_tokens) == (2, 0, None)


def test_what_was_not_said_adds_nothing_to_what_was() -> None:
    usage = Usage()
    replayed(
        usage, run("one", total_input_tokens=None), run("two", total_input_tokens=3)
    )
    assert usage.total().total_input_tokens == 3


def test_no_sessions_cost_nothing() -> None:
    *_, total = replayed(Usage()).splitlines()
    assert total.split() == ["0", "0", "-", "-", "0", "0", "total"]


def test_no_sessions_are_json_too() -> None:
    assert json.loads(replayed(Usage(json=True)))["sessions"] == []


@pytest.mark.parametrize("as_json", [True, False])
def test_numbers_are_exact_past_what_python_prints(as_json: bool) -> None:  # noqa: FBT001 - parametrized
    nines = 10**4300 - 1
    sessions = [run("s", total_input_tokens=nines, duration_ms=nines)] * 2
    printed = replayed(Usage(json=as_json), *sessions)
    assert printed.count(f"1{'9' * 4299}8") == 2


def test_times_too_large_for_a_float_are_added_to_floats() -> None:
    usage = Usage()
    replayed(usage, run("one", duration_ms=10**400), run("two", duration_ms=0.5))
    assert usage.total().duration_ms == 10**400


@pytest.mark.parametrize(
    ("session_id", "shown"),
    [("\x1b[31m\nses", "␛[31m␊ses"), ("\ud800", "\ufffd"), ("", '""')],
)
def test_an_id_is_shown_in_the_table_and_does_nothing(
    session_id: str, shown: str
) -> None:
    line = replayed(Usage(), run(session_id)).splitlines()[1]
    assert line.endswith(f"  {shown}")


@pytest.mark.parametrize("session_id", ["\x1b[31m\nses", "\ud800", '"', "\u202e", ""])
def test_json_has_any_id_as_it_is(session_id: str) -> None:
    printed = replayed(Usage(json=True), run(session_id))
    assert json.loads(printed)["sessions"][0]["session_id"] == session_id


def test_json_does_nothing_to_a_terminal() -> None:
    printed = replayed(Usage(json=True), run("\x1b\x7f\u202e"))
    assert not set("\x1b\x7f\u202e") & set(printed)


def test_it_prints_where_not_every_character_can_be() -> None:
    written = io.BytesIO()
    with (
        redirect_stdout(io.TextIOWrapper(written, encoding="ascii")) as stdout,
        ReplayEngine([Usage()]) as engine,
    ):
        engine.replay(run("Köln"))
    stdout.flush()
    assert rb"K\xf6ln" in written.getvalue()


def stop_it() -> None:
    raise StopReplay


def fail() -> None:
    raise OSError


def test_a_session_that_was_stopped_is_marked() -> None:
    usage, printed = Usage(), io.StringIO()
    with redirect_stdout(printed), ReplayEngine([usage, {"stop": stop_it}]) as engine:
        engine.replay(run("s"))
    assert "s (incomplete)\n" in printed.getvalue()
    assert not usage.total().complete


def test_a_session_whose_replay_failed_is_marked() -> None:
    usage = Usage()
    with pytest.raises(PluginError):
        ReplayEngine([usage, {"stop": fail}]).replay(run("s"))
    assert [each.complete for each in usage.sessions] == [False]


def test_a_closed_standard_output_is_no_failure(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    with ReplayEngine([Usage()]) as engine:
        engine.replay(Session("s"))
    assert engine.report.outcome == "complete"


def test_its_memory_does_not_grow_with_the_turns_of_a_session() -> None:
    header = Session("s").summary()

    def peak(turns: int) -> int:
        usage = Usage()
        usage.replay_session_start()
        tracemalloc.start()
        for turn in range(turns):
            stop = Stop(replay.Usage(turns=1), is_error=False, error=str(turn))
            usage.replay_stop(stop, Context(header, turn, turn))
        try:
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    assert peak(2000) < peak(200) + 5000


# Batches


@pytest.mark.parametrize("as_json", [True, False])
def test_a_batch_says_what_a_plain_replay_says(as_json: bool) -> None:  # noqa: FBT001 - parametrized
    nines = 10**4300 - 1
    sessions = [
        *examples(),
        *odd_histories(longest=200),
        run("\ud83d\ude00", total_input_tokens=nines, duration_ms=nines),
        run("\ud83d" + "\ude00", duration_ms=0.1),
    ]
    plain = replayed(Usage(json=as_json), *sessions)
    one, other = sessions[::2], sessions[1::2]
    values: list[object] = [None] * len(sessions)
    values[::2] = [value for (value,) in give([Usage()], one)]
    values[1::2] = [value for (value,) in give([Usage()], other)]
    printed = io.StringIO()
    with redirect_stdout(printed):
        merge(Usage(json=as_json), values)
    assert printed.getvalue() == plain


def test_a_worker_keeps_nothing_and_says_nothing() -> None:
    worker, printed = Usage(), io.StringIO()
    with redirect_stdout(printed):
        give([worker], examples())
    assert (worker.sessions, printed.getvalue()) == ([], "")


def test_a_session_that_nobody_was_shown_costs_nothing() -> None:
    plugins = [{"rewrite": fail}, Usage()]
    with WorkerEngine(plugins, strict=False, on_plugin_error="isolate") as engine:
        _, values = engine.replay_for_results(run("s"))
    assert values == [None, None]
    printed = io.StringIO()
    with redirect_stdout(printed):
        merge(Usage(json=True), values)
    assert json.loads(printed.getvalue())["sessions"] == []


def test_a_batch_of_no_sessions_costs_nothing() -> None:
    usage, printed = Usage(json=True), io.StringIO()
    with redirect_stdout(printed):
        merge(usage, [])
    assert json.loads(printed.getvalue())["sessions"] == []
    assert usage.total().turns == 0


def test_the_memory_of_a_merge_does_not_grow_with_the_sessions(tmp_path: Path) -> None:
    class Many:
        """The same result so many times; not in memory."""

        def __init__(self, count: int) -> None:
            self.count = count

        def __len__(self) -> int:
            return self.count

        def __iter__(self) -> Iterator[BatchResult]:
            value = ["s", 1, 1, 2, 3, 0.5, 0, True]
            return (BatchResult("00", "s", value) for _ in range(self.count))

    def peak(count: int) -> int:
        usage = Usage(output=tmp_path / "a")
        tracemalloc.start()
        try:
            usage.replay_batch_merge(Many(count))
            usage.replay_close()
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    assert peak(4000) < peak(400) + 50_000


def test_a_report_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("old")
    usage = Usage(output=tmp_path / "a")
    usage.replay_batch_merge([BatchResult("00", "s", ["no usage", True])])
    with pytest.raises(TypeError):
        usage.replay_close()
    assert (tmp_path / "a").read_text() == "old"
