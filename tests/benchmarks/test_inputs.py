import doctest
import subprocess
import sys
from itertools import islice
from pathlib import Path
from typing import get_args

import attrs
import pytest

import replay
from benchmarks import figures, inputs, spread, table
from benchmarks.cases import documents

SHAPES = get_args(inputs.Shape)
SIZES = (8, 10, 205, 206, 213, 214, 220, 1_000)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("events", SIZES)
def test_a_session_has_no_diagnostics(events: int, shape: inputs.Shape) -> None:
    session = replay.loads(inputs.document(events, shape))
    assert not session.diagnostics
    assert not replay.transcript(session).diagnostics
    assert shape != "both" or len(session.events) == events
    assert session.session_id == "ses-benchmark"
    assert session.job_metadata is not None  # it stands after the events


@pytest.mark.parametrize("events", SIZES)
def test_every_shape_holds_the_same_text(events: int) -> None:
    sessions = [replay.loads(inputs.document(events, shape)) for shape in SHAPES]
    both, *others = [
        [turn.answer for turn in replay.transcript(session).turns]
        for session in sessions
    ]
    assert all(both)
    assert others == [both, both]


def test_messages_are_recorded_as_their_shape_says() -> None:
    types = {
        shape: {event.type for event in replay.loads(inputs.document(50, shape)).events}
        for shape in SHAPES
    }
    deltas, fulls = {"text_delta", "thinking_delta"}, {"text", "thinking"}
    assert types["fulls"] == types["both"] - deltas
    assert types["deltas"] == types["both"] - fulls
    assert types["both"] > deltas | fulls


def test_a_session_is_the_same_in_every_process() -> None:
    code = "import sys; from benchmarks import inputs as i; "
    code += "sys.stdout.buffer.write(i.document(1_000))"
    done = subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-c", code],
        cwd=Path(inputs.__file__).parents[1],
        capture_output=True,
        check=True,
        timeout=60,
    )
    assert done.stdout == inputs.document(1_000)


def test_turns_differ() -> None:
    session = replay.loads(inputs.document(5 * inputs.TURN))
    answers = [turn.answer for turn in replay.transcript(session).turns]
    assert len(set(answers)) == len(answers) == 5


def test_a_file_holds_the_same_session(tmp_path: Path) -> None:
    path = tmp_path / "session.json"
    inputs.write(path, 1_000)
    assert path.read_bytes() == inputs.document(1_000)


def test_deltas_are_six_characters_long_on_average() -> None:
    lengths = [len(delta) for delta in islice(inputs.pieces(), 7_000)]
    assert sum(lengths) == 6 * 7_000
    assert set(lengths) == set(inputs.SIZES)


@attrs.define
class Piece:
    """An event of the official SDK."""

    type: str
    content: str


def test_joining_by_hand_gives_the_messages() -> None:
    events = replay.loads(inputs.document(500)).events
    messages = [
        item.content
        for item in replay.coalesce(events)
        if isinstance(item, replay.Message)
    ]
    pieces = [Piece(each.type, getattr(each, "content", "")) for each in events]
    assert documents.join(pieces) == messages


def test_a_text_ends_where_the_kind_changes() -> None:
    kinds = ("thinking_delta", "text_delta", "text_delta", "stop", "text_delta")
    assert documents.join([*map(Piece, kinds, "abc.d")]) == ["a", "bc", "d"]


@pytest.mark.parametrize("module", [documents, figures, spread, table])
def test_the_examples_in_docstrings_hold(module: object) -> None:
    done = doctest.testmod(module)  # type: ignore[arg-type] # it is a module
    assert done.attempted
    assert not done.failed
