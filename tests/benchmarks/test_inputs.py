import subprocess
import sys
from itertools import islice
from pathlib import Path
from typing import get_args

import pytest

import replay
from benchmarks import inputs

SHAPES = get_args(inputs.Shape)
SIZES = (8, 10, 205, 206, 213, 214, 220, 1_000)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("events", SIZES)
def test_a_session_has_no_diagnostics(events: int, shape: inputs.Shape) -> None:
    session = replay.loads(inputs.document(events, shape))
    assert not session.diagnostics
    assert not replay.transcript(session).diagnostics


@pytest.mark.parametrize("events", SIZES)
def test_a_session_has_as_many_events_as_asked_for(events: int) -> None:
    assert len(replay.loads(inputs.document(events)).events) == events


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


def test_the_header_fields_after_the_events_are_there() -> None:
    session = replay.loads(inputs.document(10))
    assert session.session_id == "ses-benchmark"
    assert session.job_metadata is not None


def test_deltas_are_six_characters_long_on_average() -> None:
    lengths = [len(delta) for delta in islice(inputs.pieces(), 7_000)]
    assert sum(lengths) == 6 * 7_000
    assert set(lengths) == set(inputs.SIZES)
