"""Secrets in other spellings: of JSON, Markdown, HTML, emails, URLs and terminals."""

import html
import json
import quopri
import re
import tracemalloc
from collections.abc import Callable
from typing import Final
from urllib.parse import quote

import pytest

from fake_secrets import SECRETS, WITHIN
from replay.authoring import sanitize
from replay_plugins.redact import Redactor
from replay_plugins.redact.spellings import readings

INVISIBLE: Final = (
    "\u202e\u2066\ufe0f\u034f\U000e0041\0\a\x7f\u200b\u00ad\u061c\u180e\U000e0100"
    "\u3164\u2800"
)


def within(sign: str) -> Callable[[str], str]:
    """Return a function that puts something into the middle of a text."""
    return lambda text: text[: len(text) // 2] + sign + text[len(text) // 2 :]


def within_json(sign: str) -> Callable[[str], str]:
    return lambda text: json.dumps(within(sign)(text))


def escaped(text: str, form: str, signs: str = r"[^\w\s]|_") -> str:
    """Return a text with signs spelt in a form, of their code point."""
    return re.sub(signs, lambda match: form.format(ord(match[0])), text)


def wide(text: str, signs: str = "[!-~]") -> str:
    return re.sub(signs, lambda match: chr(ord(match[0]) + 0xFEE0), text)


SPELLINGS: Final[dict[str, Callable[[str], str]]] = {
    "a colour before it": "\x1b[31m{}".format,
    "a colour around it": "say\x1b[1;38;5;1m{}\x1b[0m.".format,
    "a colour within it": within("\x1b[01;31m\x1b[K"),
    "a link around it": "\x1b]8;;https://x.example\x1b\\{}\x1b]8;;\a".format,
    "a colour in JSON": lambda text: json.dumps(f"say\x1b[31m{text}"),
    "a colour in JSON in JSON": lambda t: json.dumps(json.dumps(f"say\x1b[31m{t}")),
    "a colour in a script": r"say\033[31m{}".format,
    "a colour in one character": "say\x9b31m{}\x9bm".format,
    "a colour in cat -v": "say^[[31m{}^[[m".format,
    "another alphabet within it": within("\x1b(B\x1b[m"),
    "a saved place around it": "\x1b7{}\x1b8".format,
    "Markdown": lambda text: re.sub(r"([*_{}\[\]()#+.!|~>-])", r"\\\1", text),
    "quoted-printable": lambda text: quopri.encodestring(text.encode()).decode(),
    "quoted-printable signs": lambda text: escaped(text, "={:02X}"),
    "HTML": html.escape,
    "HTML in HTML": lambda text: html.escape(html.escape(text)),
    "entities": lambda text: escaped(text, "&#{};"),
    "a URL": lambda text: quote(text, safe=""),
    "wide characters": wide,
    "wide signs": lambda text: wide(text, "[+/=~-]"),
    "wide characters in JSON": lambda text: json.dumps(wide(text)),
    "an invisible entity within it": within("&shy;&ZeroWidthSpace;"),
    "long code points": lambda text: escaped(text, r"\U{:08x}", "."),
    "a tag within it, in JavaScript": within(r"\u{e0041}"),
    "a tag within it, in Python": within(r"\U000e0041"),
    "a tag within it, in HTML": within("&#917569;&#xe0041;"),
    "code points": lambda text: escaped(text, r"\u{{{:x}}}", "."),
    "bold letters": lambda t: re.sub(
        "[a-z]", lambda match: chr(0x1D41A - 97 + ord(match[0])), t
    ),
    **{f"{each!a} within it": within(each) for each in INVISIBLE},
    **{
        f"{each!a} within it, in JSON": within_json(each)
        for each in "\u202e\0\U000e0041"
    },
}
ALONE: Final = [(name, "", secrets[0], "") for name, secrets in SECRETS.items()]
AROUND: Final = [(name, *each[0]) for name, each in WITHIN.items()]
JSON_ALREADY: Final = {"secret-field"}  # Markdown would escape the backslashes, too


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_secret_of_any_kind_is_found_in_any_spelling(spelling: str) -> None:
    for name, before, secret, after in ALONE + AROUND:
        if name in JSON_ALREADY:
            continue
        redactor = Redactor()
        redacted = redactor.text(SPELLINGS[spelling](before + secret + after))
        found = sum(each.length for each in redactor.report)
        assert found >= len(secret), name
        assert secret not in redacted


def test_whatever_is_invisible_is_read_as_nothing() -> None:
    shown = "\t\n\r\u2028\u2029"  # as other places, or other lines
    for point in {*range(0x110000)}.difference(range(0xD800, 0xE000), map(ord, shown)):
        if sanitize(chr(point)) != chr(point):
            assert [each.text for each in readings(f"a{chr(point)}\n")] == ["a\n"]


def test_what_is_no_code_point_is_read_as_nothing() -> None:
    assert [each.text for each in readings(r"a\U00110000b")] == ["ab"]


def test_other_spellings_take_little_memory() -> None:
    text = "\uff11" * 100_000
    tracemalloc.start()
    try:
        (reading,) = readings(text)
        assert tracemalloc.get_traced_memory()[1] < 100 * len(text)
    finally:
        tracemalloc.stop()
    assert reading.text == "1" * 100_000


def test_a_colour_that_ends_a_word_is_no_part_of_the_next() -> None:
    token = SECRETS["npm-token"][0]
    assert Redactor().text(f"say\x1b[31m{token}\x1b[0m") == (
        "say\x1b[31m<NPM_TOKEN_1>\x1b[0m"
    )


def test_an_equals_sign_that_is_one_stays_before_its_value() -> None:
    assert Redactor().text("a=3D\ntoken=2B7c9d1e5f\n=3D") == (
        "a=3D\ntoken=<PASSWORD_1>\n=3D"
    )


def test_every_spelling_of_a_secret_has_one_pseudonym() -> None:
    text = "b@example.org b=40example.org b\\@example.org &#98;@example.org"
    assert Redactor().text(text) == "<EMAIL_1> <EMAIL_1> <EMAIL_1> <EMAIL_1>"
