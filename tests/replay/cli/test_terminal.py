"""What a person sees on a terminal."""

import re
from collections.abc import Callable
from pathlib import Path

import pyte
import pytest

OnTerminal = Callable[..., tuple[int, str]]
QUESTION = {"type": "user_input", "content": "And Q4?"}
ESCAPE = re.compile(r"\x1b\[[0-9;]*m")  # what sets colours, and nothing else


def test_a_transcript_is_coloured(
    on_terminal: OnTerminal, session_file: Callable[..., Path]
) -> None:
    code, sent = on_terminal("transcript", session_file(QUESTION))
    assert code == 0
    assert "\x1b[1;32mUser input\x1b[0m\r\n    And Q4?\r\n" in sent


def test_no_color_is_respected(
    on_terminal: OnTerminal, session_file: Callable[..., Path]
) -> None:
    _, sent = on_terminal("transcript", session_file(QUESTION), env={"NO_COLOR": "1"})
    assert "User input\r\n    And Q4?\r\n" in sent
    assert "\x1b" not in sent


def test_a_dumb_terminal_gets_no_colours(
    on_terminal: OnTerminal, session_file: Callable[..., Path]
) -> None:
    _, sent = on_terminal("transcript", session_file(QUESTION), env={"TERM": "dumb"})
    assert "\x1b" not in sent


@pytest.mark.parametrize("format_", ["markdown", "json"])
def test_other_formats_are_the_same_as_in_a_pipe(
    on_terminal: OnTerminal, session_file: Callable[..., Path], format_: str
) -> None:
    _, sent = on_terminal("transcript", session_file(QUESTION), "--format", format_)
    assert "And Q4?" in sent
    assert "\x1b" not in sent


@pytest.mark.parametrize("command", ["transcript", "ls"])
def test_nothing_recorded_steers_the_terminal(
    on_terminal: OnTerminal, session_file: Callable[..., Path], command: str
) -> None:
    attack = "\x1b]0;title\x07\x1b[2J\u202eabc[red]x[/red]:smile:"
    path = session_file(QUESTION | {"content": attack}, generated_title=attack)
    code, sent = on_terminal(command, path)
    shown = ESCAPE.sub("", sent)
    assert code == 0
    assert "\x1b" not in shown
    assert "\u202e" not in shown
    assert "[red]x[/red]" in shown


@pytest.mark.parametrize("where", ["content", "title"])
def test_what_is_too_wide_is_folded_and_stays_indented(
    on_terminal: OnTerminal, session_file: Callable[..., Path], where: str
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


def test_a_list_is_a_table(
    on_terminal: OnTerminal, session_file: Callable[..., Path]
) -> None:
    code, sent = on_terminal("ls", session_file(generated_title="What about Q3?"))
    rows = ESCAPE.sub("", sent).splitlines()
    assert code == 0
    assert rows[0].split() == ["SESSION", "TITLE", "LAST", "UPDATED"]
    assert rows[1].split() == ["ses-1", "What", "about", "Q3?"]
    assert rows[0].index("TITLE") == rows[1].index("What")


def test_an_error_on_a_terminal_is_one_plain_line(on_terminal: OnTerminal) -> None:
    assert on_terminal("ls", "missing.json") == (
        2,
        "replay: error: missing.json: no such file or directory\r\n",
    )
