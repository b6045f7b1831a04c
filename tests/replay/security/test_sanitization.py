"""Sanitisation of recorded text, which is shown but never obeyed."""

import json
import sys
import unicodedata
from collections.abc import Callable
from pathlib import Path

import pyte
import pytest
from hypothesis import given
from hypothesis import strategies as st

from replay.security.sanitization import escape_json, sanitize, sanitize_line

ANY_TEXT = st.text(st.characters(exclude_categories=()))
#: Python joins two halves that meet, so JSON text never holds them as two.
JSON_TEXT = st.text(st.characters())
NOT_SHOWN = {*map(chr, range(sys.maxunicode + 1))} - {"\n", "\t"}


class Terminal(pyte.Screen):
    """A terminal that notes everything that text makes it do besides showing it."""

    def __init__(self) -> None:
        self.done: list[str] = []
        super().__init__(80, 24)

    def bell(self, *_: object) -> None:
        self.done.append("bell")

    def write_process_input(self, data: str) -> None:
        self.done.append(f"answer {data!r}")

    def state(self) -> object:
        """Return the state that must not change, whatever is shown."""
        cursor = self.cursor
        return (
            (self.title, self.icon_name, frozenset(self.mode), self.margins),
            (self.charset, self.g0_charset, self.g1_charset, frozenset(self.tabstops)),
            (cursor.attrs, cursor.hidden, len(self.savepoints), tuple(self.done)),
        )


def changes_a_terminal(text: str) -> bool:
    """Tell whether showing *text* changes a terminal's state."""
    terminal = Terminal()
    before = terminal.state()
    try:
        pyte.Stream(terminal).feed(text)
    except (TypeError, IndexError, KeyError, ValueError):
        return True  # the emulator trips over some sequences; none must reach it
    return terminal.state() != before


@pytest.mark.parametrize(
    "attack",
    [
        "\x1b]0;title\x07",
        "\x1b[31mred",
        "\x1b[?25l",
        "\x1b[6n",
        "\x07",
        "\x9b?25l",
        "\x1b[2;5r",
    ],
)
def test_an_attack_changes_a_terminal_unless_it_is_sanitized(attack: str) -> None:
    assert changes_a_terminal(attack)
    assert not changes_a_terminal(sanitize(attack))


def test_no_naughty_string_changes_a_terminal(shared: Path) -> None:
    naughty = json.loads((shared / "torture" / "blns.json").read_text("utf-8"))
    assert any(map(changes_a_terminal, naughty))
    assert not [text for text in naughty if changes_a_terminal(sanitize(text))]


@given(st.text(st.one_of(st.characters(), st.sampled_from("\x1b\x9b\x9d[]?();0m\x07"))))
def test_no_text_changes_a_terminal(text: str) -> None:
    assert not changes_a_terminal(sanitize(text))


@given(ANY_TEXT)
def test_sanitizing_twice_is_sanitizing_once_and_a_line_stays_one(text: str) -> None:
    assert sanitize(sanitize(text)) == sanitize(text)
    line = sanitize_line(text)
    assert sanitize_line(line) == line
    assert "\n" not in line
    assert len(line.splitlines()) <= 1
    sanitize(text).encode()  # UTF-8 has it


@pytest.mark.parametrize(
    ("kind", "dangerous"),
    [
        (unicodedata.category, ["Cc", "Cs", "Zl", "Zp"]),
        (
            unicodedata.bidirectional,
            ["LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"],
        ),
    ],
)
def test_no_character_of_a_dangerous_kind_stays(
    kind: Callable[[str], str], dangerous: list[str]
) -> None:
    found = [character for character in NOT_SHOWN if kind(character) in dangerous]
    assert {kind(character) for character in found} == {*dangerous}
    assert not [character for character in found if sanitize(character) == character]


@pytest.mark.parametrize(
    "character",
    "\u061c\u200b\u200e\u200f\ufeff\U000e0041"
    "\u034f\u115f\u1160\u17b4\u2800\u3164\uffa0\ufff0\ufff8"
    "\U0001d159\U000e0080\U000e0100\U000e01ef\U000e0fff",
)
def test_an_invisible_character_is_shown_by_its_code_point(character: str) -> None:
    assert sanitize(f"a{character}") == f"a\\u{{{ord(character):x}}}"


def test_of_a_run_of_selectors_or_joiners_all_but_one_are_shown() -> None:
    assert sanitize("a\ufe00\ufe0e\ufe0f") == "a\ufe00\\u{fe0e}\\u{fe0f}"
    assert sanitize("a\u200d\u200c\u00adb") == "a\u200d\\u{200c}\\u{ad}b"
    assert sanitize("\u2764\ufe0f\u200d\ufe0f") == "\u2764\ufe0f\u200d\\u{fe0f}"


def test_of_a_flood_of_combining_marks_eight_are_drawn() -> None:
    marks = "\u0301\u0489"
    shown = r"\u{301}\u{489}"
    assert sanitize(f"e{marks * 20}!") == f"e{marks * 4}{shown * 16}!"
    for joiner in "\u200d\u00ad":  # which isn't drawn either
        flood = sanitize("e" + (marks * 4 + joiner) * 20)
        assert flood.startswith(f"e{marks * 4}{joiner}{shown * 4}")
        assert flood.count("\u0301") == 4


def test_no_combining_mark_can_flood() -> None:
    marks = [each for each in NOT_SHOWN if unicodedata.category(each) in ("Mn", "Me")]
    assert not [each for each in marks if sanitize(f"e{each * 9}").endswith(each)]


def test_a_control_is_shown_by_its_picture_and_half_a_pair_as_the_replacement() -> None:
    assert sanitize("\x00\x1b\r") == "␀␛␍"
    assert sanitize("a\ud83d") == "a\ufffd"


@pytest.mark.parametrize(
    "text",
    [
        *(
            "a\tb\n",
            "Grüße, “世界”…",
            "re\u00advenue",
            "नहीं\u200c",
            "Việt e\u0302\u0301",
        ),
        *("👩\u200d🔬", "❤\ufe0f\u200d🔥 1\ufe0f\u20e3", "שָׁלוֹם", "ที่นี่น้ำ", "ᠮᠣᠩ\u180b"),
        "ཧ\u0f90\u0fb5\u0fa8\u0fb3\u0fba\u0fbc\u0f7e",  # one syllable
        "※†‡¶§※†‡¶§",
    ],
)
def test_text_of_written_languages_stays_as_it_is(text: str) -> None:
    assert sanitize(text) == text


@given(
    st.recursive(
        JSON_TEXT, lambda inner: st.lists(inner) | st.dictionaries(JSON_TEXT, inner)
    )
)
def test_escaped_json_has_the_same_value(value: object) -> None:
    text = json.dumps(value, ensure_ascii=False, indent=1)
    assert json.loads(escape_json(text)) == value


@given(ANY_TEXT)
def test_escaped_json_has_nothing_left_to_sanitize(text: str) -> None:
    escaped = escape_json(json.dumps(text, ensure_ascii=False))
    assert sanitize(escaped) == escaped
    assert json.loads(escape_json('"\ud83d"')) == "\ud83d"
