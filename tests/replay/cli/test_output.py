"""Output: failing standard output, whole files, rows, and the terminal."""

import json
import os
import re
import stat
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from subprocess import DEVNULL

import pyte
import pytest

from replay.cli.output import output_to, write_objects, write_rows
from replay_command import Run

OnTerminal = Callable[..., tuple[int, str]]
SessionFile = Callable[..., Path]
TEXT = {"type": "text", "content": "word"}
QUESTION = {"type": "user_input", "content": "And Q4?"}
ESCAPE = re.compile(r"\x1b\[[0-9;]*m")  # what sets colours, and nothing else
needs_full = pytest.mark.skipif(
    not Path("/dev/full").exists(), reason="there is no /dev/full"
)


def run_in_shell(
    redirection: str, path: Path, command: str = "transcript"
) -> tuple[int, str]:
    """Run the command with its standard output redirected by a shell."""
    line = f'exec "$0" -m replay {command} "$1" {redirection}'
    done = subprocess.run(  # noqa: S603 - our own command
        ["/bin/sh", "-c", line, sys.executable, path],
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        check=False,
        encoding="utf-8",
    )
    return done.returncode, done.stderr


@needs_full
def test_a_full_disk_is_an_error(session_file: SessionFile) -> None:
    problem = "replay: error: standard output: no space left on device\n"
    for content in ("word", "word " * 100_000):  # at the end, or while writing
        path = session_file(TEXT | {"content": content})
        assert run_in_shell(">/dev/full", path) == (2, problem)


def test_closed_output_is_an_error_if_anything_is_written(
    session_file: SessionFile, tmp_path: Path
) -> None:
    problem = "replay: error: standard output: bad file descriptor\n"
    assert run_in_shell(">&-", session_file(TEXT)) == (2, problem)
    redirection = f"-o '{tmp_path / 'out.txt'}' >&-"
    assert run_in_shell(redirection, session_file(TEXT)) == (0, "")


@pytest.mark.parametrize(
    "command",
    [
        "run --plugin usage",
        "run --plugin redact",
        "run --plugin usage --plugin redact",
        "run --plugin usage --on-plugin-error isolate --jobs 1",
    ],
)
def test_a_report_that_cannot_be_printed_is_an_error(
    session_file: SessionFile, command: str
) -> None:
    path = session_file(TEXT)
    problem = "replay: error: standard output: bad file descriptor\n"
    assert run_in_shell(">&-", path, command) == (2, problem)


@needs_full
def test_a_report_that_finds_no_room_is_an_error_however_long_it_is(
    session_file: SessionFile,
) -> None:
    problem = "replay: error: standard output: no space left on device\n"
    for length in (1, 20_000):
        path = session_file(TEXT, session_id="s" * length)
        assert run_in_shell(">/dev/full", path, "run --plugin usage") == (2, problem)


def test_the_report_of_a_copy_that_cannot_be_printed_is_an_error(
    session_file: SessionFile, tmp_path: Path
) -> None:
    path, copy = session_file(TEXT), tmp_path / "copy"
    problem = "replay: error: standard output: bad file descriptor\n"
    done = run_in_shell(f"'{copy}' --redact >&-", path, "copy")
    assert done == (2, problem)
    assert [*copy.iterdir()]


def test_nobody_hears_of_an_error_where_standard_error_is_closed() -> None:
    assert run_in_shell("2>&-", Path("missing.json")) == (2, "")


@needs_full
def test_an_error_keeps_its_code_if_standard_error_is_full(tmp_path: Path) -> None:
    other = tmp_path / "other.json"
    other.write_text('{"a": 1}')
    for path in (tmp_path / "missing.json", other):
        assert run_in_shell("2>/dev/full", path) == (2, "")


def fail_halfway(path: str) -> None:
    """Write a part, then fail."""
    with output_to(path) as write:
        write("half")
        raise KeyError


def test_a_file_appears_once_it_is_whole(tmp_path: Path) -> None:
    with output_to(str(tmp_path / "out.txt")) as write:
        write("Grüße\n")
        write("世界\n")
        assert not (tmp_path / "out.txt").exists()
    assert (tmp_path / "out.txt").read_bytes() == "Grüße\n世界\n".encode()


def test_a_failure_leaves_what_the_file_held(tmp_path: Path) -> None:
    path = tmp_path / "out.txt"
    path.write_text("old", encoding="utf-8")
    with pytest.raises(KeyError):
        fail_halfway(str(path))
    assert path.read_text(encoding="utf-8") == "old"
    assert [*tmp_path.iterdir()] == [path]


def test_a_file_keeps_its_mode_and_a_link_stays_a_link(tmp_path: Path) -> None:
    path, link = tmp_path / "out.txt", tmp_path / "link.txt"
    path.touch(0o640)
    link.symlink_to("out.txt")
    with output_to(str(link)) as write:
        write("new")
    assert link.is_symlink()
    assert path.read_text(encoding="utf-8") == "new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_a_pipe_is_written_to_as_it_is(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    received: list[str] = []
    reader = threading.Thread(target=lambda: received.append(fifo.read_text("utf-8")))
    reader.start()
    with output_to(str(fifo)) as write:
        write("new")
    reader.join()
    assert received == ["new"]


def test_a_failure_leaves_a_device_where_it_is() -> None:
    with pytest.raises(KeyError):
        fail_halfway(os.devnull)
    assert stat.S_ISCHR(Path(os.devnull).stat().st_mode)


@needs_full
def test_a_full_disk_is_named() -> None:
    with pytest.raises(OSError, match="/dev/full"), output_to("/dev/full") as write:
        write("new")


@pytest.mark.parametrize("path", [None, "-"])
def test_without_a_file_standard_output_is_written_to(
    path: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    with output_to(path) as write:
        write("new")
    assert capsys.readouterr().out == "new"


def test_a_file_that_cannot_be_written_exits_with_2(
    run: Run, session_file: SessionFile, tmp_path: Path
) -> None:
    done = run("transcript", session_file(), "-o", tmp_path / "missing" / "out.txt")
    assert done.returncode == 2
    assert done.stderr.endswith("missing/out.txt: no such file or directory\n")


def test_in_a_pipe_a_row_is_a_line_with_tabs_and_no_recorded_text_makes_one(
    capsys: pytest.CaptureFixture[str],
) -> None:
    write_rows(["ONE", "TWO"], [["a", "b"], ["c", None], ["a\tb", "c\nd\x1b\u2028"]])
    assert capsys.readouterr().out == "a\tb\nc\t\na␉b\tc␊d␛\\u{2028}\n"


def test_an_object_is_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    objects: list[dict[str, object]] = [{"a": "\n\u2028\x9b\ud83d"}, {"b": 10**30}]
    write_objects(objects)
    written = capsys.readouterr().out
    assert [json.loads(line) for line in written.splitlines()] == objects


def test_a_transcript_is_coloured(
    on_terminal: OnTerminal, session_file: SessionFile
) -> None:
    code, sent = on_terminal("transcript", session_file(QUESTION))
    assert code == 0
    assert "\x1b[1;32mUser input\x1b[0m\r\n    And Q4?\r\n" in sent


def test_what_failed_is_red(on_terminal: OnTerminal, session_file: SessionFile) -> None:
    stop = {"type": "stop", "usage": {}, "is_error": True, "error": "overloaded"}
    _, sent = on_terminal("transcript", session_file(QUESTION, stop))
    assert "\x1b[1;31mTurn 1 (error)\x1b[0m\r\n" in sent
    assert "\x1b[1;31mStop (error, 1 round trip)\x1b[0m\r\n" in sent
    assert "\x1b[31m    overloaded\x1b[0m\r\n" in sent
    _, sent = on_terminal("transcript", "missing.json")
    assert "replay: \x1b[31merror:\x1b[0m missing.json: no such file" in sent


def test_the_heading_of_an_answer_is_bright(
    on_terminal: OnTerminal, session_file: SessionFile
) -> None:
    _, sent = on_terminal("transcript", session_file(TEXT))
    assert "\x1b[1;94mText\x1b[0m\r\n" in sent  # plain blue is too dark on black


@pytest.mark.parametrize("env", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_an_error_is_plain_on_a_terminal_without_colours(
    on_terminal: OnTerminal, env: dict[str, str]
) -> None:
    _, sent = on_terminal("transcript", "missing.json", env=env)
    assert sent.startswith("replay: error: missing.json: no such file")


@pytest.mark.parametrize("env", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_a_terminal_without_colours_gets_none(
    on_terminal: OnTerminal, session_file: SessionFile, env: dict[str, str]
) -> None:
    _, sent = on_terminal("transcript", session_file(QUESTION), env=env)
    assert "User input\r\n    And Q4?\r\n" in sent
    assert "\x1b" not in sent


@pytest.mark.parametrize("format_", ["markdown", "json"])
def test_other_formats_are_the_same_as_in_a_pipe(
    on_terminal: OnTerminal, session_file: SessionFile, format_: str
) -> None:
    _, sent = on_terminal(
        "transcript", session_file(QUESTION), "--format", format_, stderr=DEVNULL
    )
    assert "And Q4?" in sent
    assert "\x1b" not in sent


@pytest.mark.parametrize("command", ["transcript", "ls"])
def test_nothing_recorded_steers_the_terminal(
    on_terminal: OnTerminal, session_file: SessionFile, command: str
) -> None:
    attack = "\x1b]0;title\x07\x1b[2J\u202eabc[red]x[/red]:smile:"
    path = session_file(QUESTION | {"content": attack}, generated_title=attack)
    code, sent = on_terminal(command, path, stderr=DEVNULL)
    shown = ESCAPE.sub("", sent)
    assert code == 0
    assert "\x1b" not in shown
    assert "\u202e" not in shown
    assert "[red]x[/red]" in "".join(shown.split())  # a row may end within


@pytest.mark.parametrize("where", ["content", "title"])
def test_what_is_too_wide_is_folded_and_stays_indented(
    on_terminal: OnTerminal, session_file: SessionFile, where: str
) -> None:
    wide = ("x" * 7 + " ") * 40 + "y" * 200 + "\tTurn 2 (complete)"
    header = {"generated_title": wide} if where == "title" else {}
    content = wide if where == "content" else "short"
    _, sent = on_terminal(
        "transcript",
        session_file(QUESTION | {"content": content}, **header),
    )
    screen = pyte.Screen(60, 24)
    pyte.Stream(screen).feed(sent)
    rows = ESCAPE.sub("", sent).split("\r\n")
    assert max(map(len, rows)) <= 60
    at_margin = [row for row in rows if row[:1].strip()]
    assert [row.split()[0] for row in at_margin] == ["Session:", "Turn", "User"]


@pytest.mark.parametrize(
    ("line", "rows"),
    [
        ("    " + "word " * 12, ["        " + "word " * 10, "        word word"]),
        ("  - " + "word " * 12, ["      - " + "word " * 10, "        word word"]),
        ("12. " + "word " * 12, ["    12. " + "word " * 10, "        word word"]),
        (" " * 40 + "word " * 6, [" " * 44 + "word " * 3, "    " + "word " * 3]),
    ],
)
def test_a_folded_line_keeps_its_indent(
    on_terminal: OnTerminal, session_file: SessionFile, line: str, rows: list[str]
) -> None:
    _, sent = on_terminal("transcript", session_file(TEXT | {"content": line}))
    shown = [row.rstrip() for row in ESCAPE.sub("", sent).split("\r\n")]
    assert shown[-1 - len(rows) : -1] == [row.rstrip() for row in rows]


def test_a_list_is_a_table(on_terminal: OnTerminal, session_file: SessionFile) -> None:
    code, sent = on_terminal(
        "ls", session_file(generated_title="What about Q3?"), stderr=DEVNULL
    )
    rows = ESCAPE.sub("", sent).splitlines()
    assert code == 0
    assert rows[0].split() == ["SESSION", "TITLE", "LAST", "UPDATED", "FORMAT"]
    assert rows[1].split() == ["ses-1", "What", "about", "Q3?"]
    assert rows[0].index("TITLE") == rows[1].index("What")
