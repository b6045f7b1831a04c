"""The plugin ``usage``, which adds up the cost of sessions."""

import io
import itertools
import json
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from fractions import Fraction
from pathlib import Path
from uuid import UUID

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

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
from replay.model.json_text import parse_json, write_json
from replay.testing import PluginContract, odd_histories
from replay.testing.batch_contract import merge, worker_results
from replay_plugins.usage import (
    BatchUsage,
    SessionUsage,
    Sum,
    Usage,
    as_table,
    as_value,
)

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"

TABLE = """\
turns  trips  input  output     ms  errors  session
    2      4   9204     134   8348       0  ses-harbour-lease
    1      1      -       -  30012       1  ses-supplier-terms
    3      5   9204     134  38360       1  total (no tokens for 1 turn)
"""
NOTHING = Sum().total()

ids = st.text(st.characters() | st.characters(categories=["Cs"]))
counts = st.integers() | st.integers(min_value=10**4299, max_value=10**4400)
times = st.floats(allow_nan=False, allow_infinity=False) | counts
usages = st.builds(
    SessionUsage,
    session_id=ids,
    turns=counts,
    round_trips=counts,
    total_input_tokens=st.none() | counts,
    total_output_tokens=st.none() | counts,
    duration_ms=times,
    errors=counts,
    complete=st.booleans(),
    turns_without_tokens=counts,
)


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
    """Return a session of one run with this usage."""
    return Session(session, events=[Stop(replay.Usage(**usage), is_error=False)])  # type: ignore[arg-type]  # what the wire may hold


def replayed(usage: Usage, *sessions: Session) -> str:
    """Replay sessions, and return the output."""
    printed = io.StringIO()
    with redirect_stdout(printed), ReplayEngine([usage]) as engine:
        for session in sessions:
            engine.replay(session)
    return printed.getvalue()


def examples() -> list[Session]:
    names = ("two_turns.json", "error_stop.json")
    return [replay.loads((EXAMPLES / name).read_bytes()) for name in names]


def test_it_prints_a_table_and_has_its_numbers_for_programs() -> None:
    usage = Usage()
    assert replayed(usage, *examples()) == TABLE
    assert [each.errors for each in usage.sessions] == [0, 1]
    assert usage.total().total_input_tokens == 9204


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
        "turns_without_tokens": 1,
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
        "turns_without_tokens": 1,
    }


def test_its_options_can_be_typed(tmp_path: Path) -> None:
    output = tmp_path / "usage.json"
    with ReplayEngine([load_plugin("usage", json="yes", output=str(output))]) as engine:
        engine.replay(examples()[0])
    assert json.loads(output.read_bytes())["total"]["turns"] == 2


def test_of_a_turn_the_last_stop_counts_and_none_costs_nothing() -> None:
    usage = Usage()
    stops = [Stop(replay.Usage(n), is_error=n == 1) for n in (1, 2)]
    replayed(usage, Session("s", events=[*stops, UserInput("?"), UserInput("?")]))
    total = usage.total()
    assert (total.turns, total.total_input_tokens, total.errors) == (3, 2, 0)


def test_what_was_not_said_adds_nothing_to_what_was() -> None:
    usage, said = Usage(), (None, 3, None)
    sessions = (run("s", total_input_tokens=n, total_output_tokens=n) for n in said)
    printed = replayed(usage, *sessions)
    assert usage.total().total_input_tokens == 3
    assert printed.endswith("  total (no tokens for 2 turns)\n")


def test_a_turn_without_a_stop_has_no_tokens_either() -> None:
    told = Stop(replay.Usage(3, 3), is_error=False)
    session = Session("s", events=[UserInput("?"), told, *[UserInput("?")] * 2])
    usage = Usage()
    assert "  s (no tokens for 2 turns)\n" in replayed(usage, session)
    assert usage.total().turns_without_tokens == 2


def test_the_table_of_sessions_named_by_uuids_fits_80_columns() -> None:
    name = str(UUID(int=2**127))
    numbers = dict.fromkeys(["total_input_tokens", "total_output_tokens"], 99_999)
    shown = replayed(Usage(), run(name, **numbers, duration_ms=99_999))
    assert max(map(len, shown.splitlines())) <= 80


def test_no_sessions_cost_nothing() -> None:
    assert json.loads(replayed(Usage(json=True)))["sessions"] == []
    assert replayed(Usage()).splitlines()[-1].split() == [*"00--00", "total"]


@pytest.mark.parametrize("as_json", [True, False])
def test_numbers_are_exact_past_what_python_prints(as_json: bool) -> None:  # noqa: FBT001 - parametrized
    nines = 10**4300 - 1
    sessions = [run("s", total_input_tokens=nines, duration_ms=nines)] * 2
    printed = replayed(Usage(json=as_json), *sessions)
    assert printed.count(f"1{'9' * 4299}8") == 2


@given(st.lists(times))
def test_times_are_added_exactly(durations: list[float]) -> None:
    total = Sum()
    for duration in durations:
        total.add(attrs.evolve(NOTHING, duration_ms=duration))
    exact = sum(map(Fraction, durations), Fraction())
    found = total.total().duration_ms
    assert found == (float(exact) if abs(exact) < 2**53 else round(exact))


@pytest.mark.parametrize(
    ("session_id", "shown"),
    [
        ("\x1b[31m\nses", "␛[31m␊ses"),
        ("\x7f\u202e", r"\u{7f}\u{202e}"),
        ("\ud800", "\ufffd"),
        ("", '""'),
        ('"', '"'),
    ],
)
def test_an_id_does_nothing_and_is_whole_in_json(session_id: str, shown: str) -> None:
    line = replayed(Usage(), run(session_id)).splitlines()[1]
    assert line.endswith(f"  {shown}")
    printed = replayed(Usage(json=True), run(session_id))
    assert json.loads(printed)["sessions"][0]["session_id"] == session_id
    assert not {*"\x1b\x7f\u202e"} & {*line, *printed}


@pytest.mark.parametrize(
    ("turns", "widest"), [([5, -(10**20)], 2), ([6 * 10**9] * 2, 3)]
)
def test_a_column_is_as_wide_as_its_widest(turns: list[int], widest: int) -> None:
    usages = [attrs.evolve(NOTHING, session_id="s", turns=n) for n in turns]
    lines = "".join(as_table(usages)).splitlines()
    assert len({line.rindex("  ") for line in lines}) == 1
    assert not lines[widest].startswith(" ")


# Responses that several sessions have


def imported(session: str, **tokens: tuple[int, int]) -> Session:
    """Return a session of one run whose responses have these tokens."""
    names = ("input_tokens", "output_tokens")
    responses = {
        key: dict(zip(names, each, strict=True)) for key, each in tokens.items()
    }
    given, made = (sum(each) for each in zip(*tokens.values(), strict=True))
    usage = {"total_input_tokens": given, "total_output_tokens": made}
    stop = {
        "type": "stop",
        "usage": {**usage, "turns": len(tokens)},
        "is_error": False,
        "error": None,
        "imported": {"responses": responses},
    }
    return Session.from_events([stop], session_id=session)


def forks() -> list[Session]:
    """Return a session, two that begin with copies of it, and another."""
    return [
        imported("first", a=(10, 1), b=(20, 2)),
        imported("fork", a=(10, 1), c=(300, 30)),
        imported("fork of the fork", a=(10, 1), c=(300, 30)),
        imported("another", d=(4000, 400)),
    ]


def test_a_response_that_several_sessions_have_counts_once_in_the_total() -> None:
    usage = Usage()
    assert replayed(usage, *forks()) == (
        "turns  trips  input  output  ms  errors  session\n"
        "    1      2     30       3   0       0  first\n"
        "    1      2    310      31   0       0  fork (1 trip counted above)\n"
        "    1      2    310      31   0       0  fork of the fork"
        " (2 trips counted above)\n"
        "    1      1   4000     400   0       0  another\n"
        "    4      4   4330     433   0       0  total (3 shared trips counted once)\n"
    )
    assert [each.repeated_input_tokens for each in usage.sessions] == [0, 10, 310, 0]


def test_json_says_what_was_counted_before_if_anything_was() -> None:
    printed = json.loads(replayed(Usage(json=True), *forks()))
    repeated = [
        [each.get(f"repeated_{name}") for name in ("round_trips", "output_tokens")]
        for each in (*printed["sessions"], printed["total"])
    ]
    assert repeated == [[None, None], [1, 1], [2, 31], [None, None], [3, 32]]


def test_a_run_whose_end_was_not_recorded_costs_what_its_last_event_tells() -> None:
    tokens = {"input_tokens": 10, "output_tokens": 1}
    sums = {"total_input_tokens": 10, "total_output_tokens": 1, "turns": 1}
    told = {"imported": {"usage": sums, "responses": {"a": tokens}}}
    events: list[dict[str, object]] = [
        {"type": "user_input", "content": "?"},
        {"type": "text", "content": "Half an", "imported": {"usage": {"turns": 1}}},
        {"type": "user_input", "content": "?"},
        {"type": "text", "content": "Yes", **told},
        {"type": "user_input", "content": "?"},
        {"type": "x/image", "record": {}, **told},
    ]
    usage = Usage()
    found = [Session.from_events(events, session_id=name) for name in ("s", "t")]
    replayed(usage, *found, imported("u", a=(10, 1)))
    first, second, _ = usage.sessions
    assert (first.turns, first.round_trips, first.total_input_tokens) == (3, 2, 20)
    assert first.turns_without_tokens == 1
    assert (second.repeated_round_trips, second.repeated_input_tokens) == (2, 20)
    assert usage.total().total_input_tokens == 10


def test_responses_that_no_recording_tells_like_this_are_no_responses() -> None:
    for odd in (3, {"responses": 3}, {"responses": {"a": 3, "b": {"input_tokens": 3}}}):
        stop = {"type": "stop", "usage": {}, "is_error": False, "error": None}
        usage = Usage()
        replayed(
            usage,
            *[Session.from_events([{**stop, "imported": odd}], session_id="s")] * 2,
        )
        assert usage.total().repeated_round_trips == 0


def stop_it() -> None:
    raise StopReplay


def fail() -> None:
    raise OSError


def test_a_session_that_was_stopped_or_failed_is_marked() -> None:
    usage, printed = Usage(), io.StringIO()
    with redirect_stdout(printed), ReplayEngine([usage, {"stop": stop_it}]) as engine:
        engine.replay(run("s"))
    assert "s (incomplete)\n" in printed.getvalue()
    with pytest.raises(PluginError):
        ReplayEngine([usage, {"stop": fail}]).replay(run("s"))
    assert [each.complete for each in usage.sessions] == [False, False]
    assert not usage.total().complete


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
def test_a_batch_says_once_what_a_plain_replay_says(as_json: bool) -> None:  # noqa: FBT001 - parametrized
    nines, printed, workers = 10**4300 - 1, io.StringIO(), (Usage(), Usage())
    sessions = [
        *examples(),
        *odd_histories(longest=200),
        *forks(),
        imported("\ud83d", **{"\ud83d": (nines, 1)}),
        imported("fork", **{"\ud83d": (nines, 1)}),
        run("\ud83d\ude00", total_input_tokens=nines, duration_ms=nines),
        run("\ud83d" + "\ude00", duration_ms=0.1),
    ]
    plain = replayed(Usage(json=as_json), *sessions)
    values: list[object] = [None] * len(sessions)
    with redirect_stdout(printed):
        for number, worker in enumerate(workers):
            results = worker_results([worker], sessions[number::2])
            values[number::2] = [value for (value,) in results]
            assert worker.sessions == []
        merge(Usage(json=as_json), values)
    assert printed.getvalue() == plain


def test_a_session_that_nobody_was_shown_costs_nothing() -> None:
    plugins, printed = [{"rewrite": fail}, Usage()], io.StringIO()
    with WorkerEngine(plugins, strict=False, on_plugin_error="isolate") as engine:
        _, values = engine.replay_with_results(run("s"))
    assert values == [None, None]
    with redirect_stdout(printed):
        merge(Usage(json=True), values)
    assert json.loads(printed.getvalue())["sessions"] == []


def through_json(usage: SessionUsage) -> SessionUsage:
    value = parse_json(write_json(as_value(usage))).value
    merged = BatchUsage([BatchResult("00", "another", value)])
    assert [*merged] == [*merged]
    (found,) = merged
    return found


@given(usages)
def test_a_cost_comes_through_json_as_it_is(usage: SessionUsage) -> None:
    halves = attrs.evolve(usage, session_id="\ud83d" + "\ude00")
    assert (through_json(usage), through_json(halves)) == (usage, halves)
    small = SessionUsage("ses-0000001", 2, 4, 9204, 134, 8348.25, 0, complete=True)
    assert len(json.dumps(as_value(small))) < 60


@pytest.mark.parametrize("as_json", [True, False])
def test_the_memory_of_a_merge_does_not_grow_with_the_sessions(
    tmp_path: Path,
    as_json: bool,  # noqa: FBT001 - parametrized
) -> None:
    class Many:
        """One result repeated many times, without holding it in memory."""

        def __init__(self, count: int) -> None:
            self.count = count

        def __len__(self) -> int:
            return self.count

        def __iter__(self) -> Iterator[BatchResult]:
            value = ["s", 1, 1, 2, 3, 0.5, 0, True]
            return (BatchResult("00", "s", value) for _ in range(self.count))

    def peak(count: int) -> int:
        usage = Usage(as_json, tmp_path / "a")
        tracemalloc.start()
        try:
            usage.replay_batch_merge(Many(count))
            usage.replay_close()
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    assert peak(4000) < peak(400) + 50_000
