"""``--session``: ids, and beginnings of ids."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

import replay
from replay.cli.session_ids import chosen
from replay_command import Run

IDS = ("ses-12", "ses-1", "ses-20", "ses-21", "ses-22", "ses-23", "other")


@pytest.fixture
def several(tmp_path: Path) -> Path:
    """Return the path of a file of several sessions."""
    path = tmp_path / "sessions.jsonl"
    documents = [{"session_id": each, "events": []} for each in (*IDS, "other")]
    path.write_text("\n".join(map(json.dumps, documents)), encoding="utf-8")
    return path


def ids_of(printed: str) -> list[str]:
    """Return the ids of the printed sessions."""
    lines = printed.splitlines()
    return [each.removeprefix("Session: ") for each in lines if each[:1] == "S"]


@pytest.mark.parametrize(
    ("given", "printed"),
    [
        (["ses-20", "ses-12"], ["ses-20", "ses-12"]),
        (["other", "other"], ["other"]),
        (["o"], ["other"]),
        (["ses-1"], ["ses-1"]),  # an id that another one begins with
    ],
)
def test_sessions_are_named_by_ids_or_by_beginnings_that_only_one_id_has(
    run: Run, several: Path, given: list[str], printed: list[str]
) -> None:
    options = [word for each in given for word in ("--session", each)]
    done = run("transcript", several, *options)
    assert (done.returncode, ids_of(done.stdout)) == (0, printed)
    assert ids_of(run("transcript", "-", *options, stdin=several.read_bytes()).stdout)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("ses-2", "'ses-20', 'ses-21', 'ses-22' and 1 more (give more of the id)"),
        ("ses", "'ses-12', 'ses-1', 'ses-20' and 3 more (give more of the id)"),
        ("othr", "there is no session 'othr' (did you mean 'other'?)"),
        ("xyzzy", "there is no session 'xyzzy'"),
        ("", "there is no session ''"),
    ],
)
def test_a_beginning_of_several_ids_or_of_none_prints_nothing(
    run: Run, several: Path, given: str, told: str
) -> None:
    done = run("transcript", several, "--session", "other", "--session", given)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.endswith(f"{told}\n")


class Gone:
    """A backend that lists a session which it doesn't have any more."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def summaries(self) -> Iterator[replay.SessionSummary]:
        yield replay.SessionSummary("a")
        yield replay.SessionSummary("ab")

    def session(self, session_id: str) -> replay.Session:
        self.asked.append(session_id)
        error = replay.SessionNotFoundError("here", f"there is no {session_id!a}")
        raise error

    def close(self) -> None: ...


def test_a_session_that_is_gone_is_not_asked_for_again_nor_taken_for_another() -> None:
    backend = Gone()
    with pytest.raises(replay.SessionNotFoundError, match="there is no 'a'"):
        chosen(replay.Source(backend, "here"), ["a"])
    assert backend.asked == ["a"]


class Unlistable:
    """A backend that cannot list its sessions."""

    def summaries(self) -> Iterator[replay.SessionSummary]:
        error = replay.BackendUnavailableError("here", "the list is too long")
        raise error

    def session(self, session_id: str) -> replay.Session:
        error = replay.SessionNotFoundError("here", f"there is no {session_id!a}")
        raise error

    def close(self) -> None: ...


def test_what_is_missing_is_told_even_if_sessions_cannot_be_listed() -> None:
    with pytest.raises(replay.SessionNotFoundError, match="there is no 'a'"):
        chosen(replay.Source(Unlistable(), "here"), ["a"])


def test_a_beginning_will_do_although_a_file_cannot_be_read(
    run: Run, several: Path
) -> None:
    broken = several.parent / "broken.json"
    broken.write_text("[")
    done = run("transcript", several.parent, "--session", "oth")
    assert (done.returncode, ids_of(done.stdout)) == (0, ["other"])
    for given in ("xyzzy", "ses-2"):
        done = run("transcript", several.parent, "--session", given)
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr.startswith(f"replay: error: {broken}: line 1")


class Down:
    """A backend of a service that is down."""

    def summaries(self) -> Iterator[replay.SessionSummary]:
        message = "it must not be asked again"
        raise AssertionError(message)

    def session(self, session_id: str) -> replay.Session:
        reason = f"down, for {session_id!a}"
        msg = "here"
        raise replay.BackendUnavailableError(msg, reason)

    def close(self) -> None: ...


def test_a_service_that_is_down_is_not_asked_for_its_list() -> None:
    with pytest.raises(replay.BackendUnavailableError, match="down, for 'a'"):
        chosen(replay.Source(Down(), "here"), ["a"])
