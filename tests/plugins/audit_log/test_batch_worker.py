"""What stands for the plugin in a worker of a batch: it gives records, writes none."""

from pathlib import Path
from typing import Any

import pytest

from replay import (
    AuditError,
    AuditTamperedError,
    MustStopError,
    PluginError,
    Session,
    UserInput,
)
from replay.batch.plugin_specs import specs_of, workers_plugin
from replay.testing.batch_contract import give
from replay_plugins.audit_log import AuditLog
from replay_plugins.audit_log.batch_worker import AuditLogWorker

SESSION = Session("s", events=[UserInput("Well?")])
STRANGE = Session(
    "s",
    events=[UserInput("x", recorded={"type": "user_input", "content": "x", "at": {1}})],
)


def worker(path: Path, **options: object) -> object:
    """Make what a worker does of the plugin's name and options."""
    (spec,) = specs_of([("audit_log", {"path": str(path), **options})])
    return workers_plugin(spec)


def test_it_takes_the_options_of_the_plugin(tmp_path: Path) -> None:
    made = worker(tmp_path / "a", content="full", deltas="yes", sync="5", max_age="9")
    assert isinstance(made, AuditLogWorker)
    assert (made.deltas, made.sync, made.max_age) == (True, 5, 9.0)


@pytest.mark.parametrize("content", ["full", "redacted"])
def test_it_writes_nothing(tmp_path: Path, content: str) -> None:
    give([worker(tmp_path / "a", content=content)], [SESSION])
    assert not [*tmp_path.iterdir()]


def test_it_keeps_nothing_of_a_session(tmp_path: Path) -> None:
    made = AuditLogWorker(tmp_path / "a", content="full")
    alone, again = give([made], [SESSION, SESSION])
    assert alone == again
    assert made.replay_batch_result() == [""]


def test_what_it_gives_is_not_the_log_of_another_session(tmp_path: Path) -> None:
    made = AuditLogWorker(tmp_path / "a", content="full")
    made.replay_session_start(SESSION)
    (given,) = give([made], [SESSION])
    assert given == give([AuditLogWorker(tmp_path / "a", content="full")], [SESSION])[0]


def test_digests_need_the_salt_of_the_log(tmp_path: Path) -> None:
    with pytest.raises(
        AuditError, match=r"a\.salt: no such file.* under the same path"
    ):
        worker(tmp_path / "a")
    assert not [*tmp_path.iterdir()]


def test_a_salt_that_is_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.salt").write_bytes(b"short")
    with pytest.raises(AuditTamperedError, match="no salt"):
        worker(tmp_path / "a")


def test_values_that_can_be_removed_are_not_given_away(tmp_path: Path) -> None:
    with pytest.raises(PluginError, match="in a batch, content cannot be committed"):
        worker(tmp_path / "a", content="committed")


def test_content_is_given_only_where_the_log_shows_it(tmp_path: Path) -> None:
    AuditLog(tmp_path / "a").replay_close()
    assert "Well?" not in repr(give([AuditLogWorker(tmp_path / "a")], [SESSION]))


@pytest.mark.parametrize("content", ["full", "digest"])
def test_what_cannot_be_recorded_stops_the_batch(
    tmp_path: Path,
    content: Any,  # noqa: ANN401 - one of the two
) -> None:
    AuditLog(tmp_path / "a").replay_close()
    with pytest.raises(MustStopError, match=r"cannot be (recorded|written as JSON)"):
        give([AuditLogWorker(tmp_path / "a", content=content)], [STRANGE])


def test_a_record_that_is_no_json_is_refused_as_the_log_would(tmp_path: Path) -> None:
    made = AuditLogWorker(tmp_path / "a", content="full")
    with pytest.raises(AuditError, match="a stop cannot be written as JSON"):
        made.append("stop", {"a": {1}}, ())


def test_it_is_where_the_log_is_when_the_program_goes_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    AuditLog(Path("a")).replay_close()
    made = AuditLogWorker(Path("a"))
    monkeypatch.chdir("/")
    assert give([made], [SESSION])
