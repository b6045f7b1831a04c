"""What stands for the plugin in a worker of a batch: the same in any order."""

import io
from contextlib import redirect_stdout
from pathlib import Path

import pytest

from replay import PluginError, ReplayEngine, Session, Text, UserInput
from replay.batch.plugin_specs import specs_of, workers_plugin
from replay.testing.batch_contract import give, merge
from replay_plugins.redact import Redact
from replay_plugins.redact.plugin import RedactWorker
from replay_plugins.transcript_writer import TranscriptWriter
from spying import Spy

HALVES = Session("\ud83d" + "\ude00", events=[Text("jo@example.org")])
SESSIONS = [
    Session("a", events=[UserInput("Ask jo@example.org"), Text("Or ada@example.org")]),
    HALVES,
    Session("b", events=[Text("ada@example.org or jo@example.org")]),
    Session("c", events=[Text("Nobody")]),
]
SECRET_IDS = [Session(f"of {name}@example.org") for name in ("jo", "ada", "jo.b")]


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    (tmp_path / "key").write_bytes(b"0123456789abcdef")
    return tmp_path / "key"


def told_by_a_batch(sessions: list[Session], workers: int, **options: object) -> str:
    values: list[object] = [None] * len(sessions)
    for number in range(workers):
        worker = workers_plugin(specs_of([("redact", options)])[0])
        given = give([worker], sessions[number::workers])
        values[number::workers] = [value for (value,) in given]
    printed = io.StringIO()
    with redirect_stdout(printed):
        merge(Redact(**options), values)  # type: ignore[arg-type]  # any option
    return printed.getvalue()


def told(sessions: list[Session], **options: object) -> str:
    printed = io.StringIO()
    plugin = Redact(**options)  # type: ignore[arg-type]  # any option
    with redirect_stdout(printed), ReplayEngine([plugin]) as engine:
        for session in sessions:
            engine.replay(session)
    return printed.getvalue()


@pytest.mark.parametrize("workers", [1, 2, 3])
@pytest.mark.parametrize("as_json", [True, False])
def test_a_batch_says_what_a_plain_replay_says(workers: int, as_json: bool) -> None:  # noqa: FBT001 - parametrized
    plain = told(SESSIONS, json=as_json)
    assert plain.count("<EMAIL_") == 5
    assert told_by_a_batch(SESSIONS, workers, json=as_json) == plain


def test_with_a_key_ids_that_hold_secrets_are_the_same_in_any_worker(
    key_file: Path,
) -> None:
    plain = told(SECRET_IDS, key_file=key_file)
    assert told_by_a_batch(SECRET_IDS, 1, key_file=key_file) == plain
    assert told_by_a_batch(SECRET_IDS, 3, key_file=key_file) == plain


def test_without_a_key_they_are_refused_and_nobody_sees_them() -> None:
    spy = Spy()
    with pytest.raises(PluginError, match="give a key_file") as caught:
        give([RedactWorker(), spy], SECRET_IDS)
    assert "example.org" not in str(caught.value)
    assert not spy.told("replay_session_start")


def test_what_one_session_was_called_does_not_matter_to_the_next(
    key_file: Path,
) -> None:
    worker = RedactWorker(key_file=key_file)
    alone, again = give([worker], [SECRET_IDS[0], SECRET_IDS[0]])
    assert alone == again


def test_it_keeps_nothing_and_says_nothing() -> None:
    worker, printed = RedactWorker(), io.StringIO()
    with redirect_stdout(printed):
        give([worker], SESSIONS)
    assert (worker.redactor.report, printed.getvalue()) == ([], "")


def test_what_a_failed_replay_left_is_not_told_of_the_next(key_file: Path) -> None:
    worker = RedactWorker(key_file=key_file)
    worker.redactor.text("jo@example.org")
    assert give([worker], [SESSIONS[3]]) == [[[]]]


@pytest.mark.parametrize("order", [1, -1])
def test_the_plugins_after_it_write_the_same_in_any_order(
    tmp_path: Path, order: int
) -> None:
    ReplayEngine([Redact(), TranscriptWriter(tmp_path / "plain")]).replay(SESSIONS[0])
    writer = TranscriptWriter(tmp_path / "batch")
    give([RedactWorker(), writer], SESSIONS[::order])
    plain = (tmp_path / "plain" / "a.txt").read_text()
    assert (tmp_path / "batch" / "a.txt").read_text() == plain
    assert "<EMAIL_2>" in plain
