"""Our plugins together in a batch, which writes the same as a plain replay."""

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest

from audit_batches import OF_A_BATCH, without
from audit_logs import records_of
from replay import AuditError, ReplayEngine, load_plugin, replay_many
from replay import open as open_source

Named = tuple[str, dict[str, object]]


@pytest.fixture
def location(tmp_path: Path) -> Path:
    """Return the location of sessions, two of which share an id."""
    with (tmp_path / "sessions.jsonl").open("w") as file:
        for number in [*range(20), 7]:
            events = [
                {"type": "user_input", "content": f"Ask jo{number}@example.org"},
                {"type": "text_delta", "content": "Yes"},
                {"type": "text", "content": "Yes."},
            ]
            document = {"session_id": f"s{number}", "events": events}
            file.write(json.dumps(document) + "\n")
    return tmp_path / "sessions.jsonl"


def plugins(folder: Path, **log: str) -> Sequence[Named]:
    """Return plugins that write into a folder, always with the same salt."""
    folder.mkdir(exist_ok=True)
    (folder / "log.salt").write_bytes(b"s" * 32)
    return [
        ("redact", {"json": True, "output": str(folder / "redact.json")}),
        ("audit_log", {"path": str(folder / "log"), "sync": "session", **log}),
        ("usage", {"output": str(folder / "usage.txt")}),
        ("transcript_writer", {"directory": str(folder / "transcripts")}),
    ]


def written(folder: Path) -> dict[str, object]:
    """Return the plugins' output without times."""
    texts = [*folder.glob("*.json"), *folder.glob("*.txt"), *folder.glob("*/*")]
    log = without(records_of(folder / "log"), {*OF_A_BATCH, "pid"})
    return {each.name: each.read_bytes() for each in texts} | {"log": log}


@pytest.mark.parametrize("jobs", [None, 2])
def test_they_write_the_same(location: Path, tmp_path: Path, jobs: int | None) -> None:
    named = plugins(tmp_path / "plain", content="full")
    made = [load_plugin(name, **options) for name, options in named]
    with open_source(location) as source, ReplayEngine(made) as engine:
        for session in source:
            engine.replay(session)
    named = plugins(tmp_path / "batch", content="full")
    assert replay_many(location, named, jobs=jobs).sessions == 21
    assert written(tmp_path / "batch") == written(tmp_path / "plain")
    assert b"example.org" not in (tmp_path / "batch" / "log").read_bytes()


def test_the_next_run_logs_what_has_changed_and_nothing_else(
    location: Path, tmp_path: Path
) -> None:
    folder, checkpoint = tmp_path / "batch", tmp_path / "checkpoint"
    replay_many(location, plugins(folder), checkpoint=checkpoint)
    before = written(folder)
    replay_many(location, plugins(folder), checkpoint=checkpoint)
    text = location.read_text()
    location.write_text(text.replace("Ask jo3@", "Tell jo3@"))
    replay_many(location, plugins(folder), checkpoint=checkpoint)
    kinds = [record["kind"] for record in records_of(folder / "log")]
    assert kinds.count("log_opened") == 3
    assert kinds.count("session_end") == 22
    assert written(folder)["usage.txt"] == before["usage.txt"]
    assert written(folder)["s3.txt"] != before["s3.txt"]


def test_another_salt_is_refused(location: Path, tmp_path: Path) -> None:
    folder, checkpoint = tmp_path / "batch", tmp_path / "checkpoint"
    replay_many(location, plugins(folder), checkpoint=checkpoint)
    shutil.rmtree(folder)
    others = plugins(folder)
    (folder / "log.salt").write_bytes(b"t" * 32)
    with pytest.raises(AuditError, match="made with another salt"):
        replay_many(location, others, checkpoint=checkpoint)
