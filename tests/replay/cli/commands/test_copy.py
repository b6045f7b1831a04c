"""``replay copy``."""

import json
import zipfile
from pathlib import Path

import pytest

import replay
from replay.security.sanitization import sanitize, sanitize_line
from replay_command import Run

TEXT = {"type": "text", "content": "x"}

#: A backend whose place has no room.
FULL = """
import errno
from replay.errors import os_errors_of

class Full:
    def __init__(self, location): pass
    def summaries(self): return iter(())
    def session(self, session_id): raise LookupError
    def close(self): pass
    def write(self, session):
        with os_errors_of("full"):
            raise OSError(errno.ENOSPC, "No space left on device")
"""


def lines_of(*ids: str) -> bytes:
    """Return JSON Lines with a session for each id."""
    documents = [{"session_id": each, "events": [TEXT]} for each in ids]
    return "\n".join(map(json.dumps, documents)).encode()


def test_sessions_survive_the_copy(run: Run, tmp_path: Path) -> None:
    ids = ["../../etc/passwd", "CON", "x" * 5000, "ses", "SES"]
    ids += ["caf\u00e9", "cafe\u0301"]  # one name, to some file systems
    done = run("copy", "-", tmp_path / "a" / "copy", stdin=lines_of(*ids))
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == f"replay: 7 sessions copied to {tmp_path}/a/copy\n"
    with replay.open(tmp_path / "a" / "copy") as source:
        assert {session.session_id for session in source} == {*ids}
    assert [*tmp_path.iterdir()] == [tmp_path / "a"]
    assert [*(tmp_path / "a").iterdir()] == [tmp_path / "a" / "copy"]


@pytest.fixture
def naughty(shared: Path) -> dict[str, list[object]]:
    """Return a history for each naughty string, which is its only content."""
    words = json.loads((shared / "torture" / "blns.json").read_text("utf-8"))
    call = {"type": "tool_call"}
    return {
        word: [
            {"type": "user_input", "content": word},
            {**call, "call_id": word, "name": word, "arguments": {word: 1}},
            {"type": "text", "content": word},
        ]
        for word in words
    }


def test_naughty_strings_survive_and_are_shown_not_obeyed(
    run: Run, naughty: dict[str, list[object]], tmp_path: Path
) -> None:
    lines = [json.dumps({"session_id": k, "events": v}) for k, v in naughty.items()]
    copy = tmp_path / "copy"
    assert run("copy", "-", copy, stdin="\n".join(lines)).returncode == 0
    with replay.open(copy) as source:
        copied = {
            session.session_id: [event.as_object() for event in session.events]
            for session in source
        }
    assert copied == naughty
    printed = run("transcript", copy, "--format", "json").stdout
    transcripts = [json.loads(line) for line in printed.split("\n") if line]
    answers = {each["session_id"]: each["turns"][0]["answer"] for each in transcripts}
    assert answers == {word: word for word in naughty}
    for format_ in ("text", "markdown"):
        printed = run("transcript", copy, "--format", format_).stdout
        assert sanitize(printed) == printed
        assert not [word for word in naughty if sanitize_line(word) not in printed]


def test_copying_twice_is_copying_once(run: Run, tmp_path: Path) -> None:
    for _ in range(2):
        assert run("copy", "-", tmp_path, stdin=lines_of("a", "b")).returncode == 0
    with replay.open(tmp_path) as source:
        assert len([*source]) == 2


def test_a_second_session_of_the_same_id_overwrites_nothing(
    run: Run, tmp_path: Path
) -> None:
    other = b'\n{"session_id": "a", "events": []}'
    done = run("copy", "-", tmp_path, stdin=lines_of("a", "b") + other)
    assert done.returncode == 1
    problem, told = done.stderr.splitlines()
    assert problem == "replay: error: not copied: another session with id 'a'"
    assert told == f"replay: 2 sessions copied to {tmp_path}"
    with replay.open(tmp_path) as source:
        assert [len(session.events) for session in source] == [1, 1]


def test_files_that_hold_something_else_stay_and_the_others_are_copied(
    run: Run, tmp_path: Path
) -> None:
    (tmp_path / "a.json").write_bytes(lines_of("other"))
    (tmp_path / "c.json").write_text("my notes")
    done = run("copy", "-", tmp_path, stdin=lines_of("a", "b", "c", "d"))
    assert done.returncode == 1
    first, second, told = done.stderr.splitlines()
    assert first == (
        f"replay: error: {tmp_path}/a.json: it holds another session, 'other' "
        "(rename or remove that file)"
    )
    assert second.startswith(
        f"replay: error: {tmp_path}/c.json: not a session: it looks"
    )
    assert told == f"replay: 2 sessions copied to {tmp_path}"
    assert (tmp_path / "a.json").read_bytes() == lines_of("other")
    done = run("copy", "-", tmp_path, "--fail-fast", stdin=lines_of("a", "e"))
    assert (done.returncode, done.stderr) == (2, f"{first}\n")
    assert not (tmp_path / "e.json").exists()
    done = run("copy", "-", tmp_path, stdin=lines_of("a"))
    told = f"replay: 0 sessions copied to {tmp_path}"
    assert (done.returncode, done.stderr.splitlines()) == (2, [first, told])


def test_a_full_place_ends_the_copy(run: Run, tmp_path: Path) -> None:
    plugin = tmp_path / "full.py"
    plugin.write_text(FULL)
    done = run("copy", "-", f"{plugin}::Full:x", stdin=lines_of("a", "b"))
    assert done.returncode == 2
    assert done.stderr.count("replay: error: ") == 1
    assert "no space left" in done.stderr


@pytest.mark.parametrize("redact", [(), ("--redact",)])
def test_broken_lines_are_told_while_they_are_copied(
    run: Run, tmp_path: Path, redact: tuple[str, ...]
) -> None:
    (tmp_path / "a.jsonl").write_text(f'{json.dumps(TEXT)}\n\0\n{{"type": "te')
    done = run("copy", tmp_path / "a.jsonl", tmp_path / "copy", *redact)
    assert done.returncode == 0
    told = "session 'a': the text of 2 broken lines was copied as JSON strings"
    first = "(bad-line: 1 bytes aren't a record)"
    assert done.stderr.splitlines()[0] == f"replay: warning: {told} {first}"
    (tmp_path / "a.jsonl").write_text(f'{json.dumps(TEXT)}\n{{"type": "te')
    done = run("copy", tmp_path / "a.jsonl", tmp_path / "copy", *redact)
    assert "the text of 1 broken line was copied" in done.stderr
    assert "(torn-line: 12 bytes at the end" in done.stderr


def test_what_cannot_be_read_creates_nothing(run: Run, tmp_path: Path) -> None:
    assert run("copy", tmp_path / "missing", tmp_path / "copy").returncode == 2
    assert not [*tmp_path.iterdir()]


@pytest.mark.parametrize("directory", ["file", "file/below"])
def test_a_directory_that_cannot_be_written_is_an_error(
    run: Run, tmp_path: Path, directory: str
) -> None:
    (tmp_path / "file").touch()
    done = run("copy", "-", tmp_path / directory, stdin=lines_of("a"))
    assert done.returncode == 2
    assert done.stderr.startswith("replay: error: ")


def test_what_cannot_be_written_to_is_an_error(run: Run, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as file:
        file.writestr("a.json", "[]")
    for location, told in (
        (f"zip:{tmp_path}/a.zip", "ZipBackend cannot write sessions"),
        (f"json_file:{tmp_path}/a.zip", "JSONFileBackend cannot write sessions"),
    ):
        done = run("copy", "-", location, stdin=lines_of("a"))
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr == (
            f"replay: error: {location}: {told} (name a directory, or a URL such as "
            "s3://bucket/directory)\n"
        )


def test_a_url_that_no_backend_serves_makes_no_directory(
    run: Run, tmp_path: Path
) -> None:
    done = run("copy", "-", "s3a://bucket/copy", stdin=lines_of("a"), cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "no backend 's3a' (did you mean 's3'?" in done.stderr
    assert not [*tmp_path.iterdir()]


def test_a_backend_may_be_named_and_a_directory_may_have_a_colon_in_its_name(
    run: Run, tmp_path: Path
) -> None:
    for directory in ("fixture_directory:copy", "other:copy", "./s3:copy"):
        done = run("copy", "-", directory, stdin=lines_of("a"), cwd=tmp_path)
        told = f"replay: 1 session copied to {directory}\n"
        assert (done.returncode, done.stderr) == (0, told)
        written = tmp_path / directory.removeprefix("fixture_directory:")
        assert [each.name for each in written.iterdir()] == ["a.json"]


@pytest.mark.parametrize("target", ["it", "it/copy", "link", "fixture_directory:it"])
def test_a_directory_is_not_copied_into_itself(
    run: Run, tmp_path: Path, target: str
) -> None:
    (tmp_path / "it").mkdir()
    (tmp_path / "it" / "x.json").write_bytes(lines_of("a"))
    (tmp_path / "link").symlink_to("it")
    done = run("copy", "it", target, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert f"{target}: it is the directory it, or in it" in done.stderr
    assert [each.name for each in (tmp_path / "it").iterdir()] == ["x.json"]


def test_the_current_directory_can_be_copied_to_another_kind_of_place(
    run: Run, tmp_path: Path
) -> None:
    (tmp_path / "x.json").write_bytes(lines_of("a"))
    done = run("copy", ".", "memory://sessions", cwd=tmp_path)
    assert done.returncode == 0
    assert "1 session copied to memory://sessions" in done.stderr
