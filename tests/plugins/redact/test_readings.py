"""Secrets that are spelt otherwise."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fake_secrets import SECRETS
from replay import Session, TextDelta
from replay_plugins.redact import Redactor
from replay_plugins.redact.finder import Reading, reads_otherwise

NPM = SECRETS["npm-token"][0]
CARD = "4111 1111 1111 1111"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (r'{"to": "jo\u0040example.com"}', '{"to": "<EMAIL_1>"}'),
        (r"{\"to\": \"jo\\u0040example.com\"}", r"{\"to\": \"<EMAIL_1>\"}"),
        (r'{"a": "1\njo@example.com\n2"}', r'{"a": "1\n<EMAIL_1>\n2"}'),
        ("?to=jo.doe%2Btag%40example.com&b=1", "?to=<EMAIL_1>&b=1"),
        ("?u=x%253Fto%253Djo%2540example.com", "?u=x%253Fto%253D<EMAIL_1>"),
        ("jo&#64;example.com, jo&#x40;example.com", "<EMAIL_1>, <EMAIL_1>"),
        ("jo\uff20example.com", "<EMAIL_1>"),
        (CARD.replace(" ", "\u00a0"), "<CARD_1>"),
        (CARD.replace(" ", "\u2011"), "<CARD_1>"),
        (CARD.replace(" ", "%20"), "<CARD_1>"),
        (CARD.replace(" ", "\\u0020"), "<CARD_1>"),
        (CARD.replace("1", "\uff11"), "<CARD_1>"),
        ("+1\u2011555\u2011010\u20119999", "<PHONE_1>"),
        (rf"\u0022{NPM}\x22", r"\u0022<NPM_TOKEN_1>\x22"),
        (NPM.replace("_", "%5F"), "<NPM_TOKEN_1>"),
        (NPM.replace("_", "\\u005f"), "<NPM_TOKEN_1>"),
        (f"{NPM[:9]}\u200b{NPM[9:]}.", "<NPM_TOKEN_1>."),
        (rf"\{NPM}", r"\n<NPM_TOKEN_1>"),
        ("https://me:pa%40ss@host", "https://me:<URL_PASSWORD_1>@host"),
    ],
)
def test_another_spelling_of_a_secret_is_replaced_and_no_more(
    given: str, expected: str
) -> None:
    assert Redactor().text(given) == expected


@pytest.mark.parametrize("depth", [1, 2])
@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"a": "\njo@example.com\t"}, {"a": "\n<EMAIL_1>\t"}),
        ({"password": 'x\ny"z\\', "a": 1}, {"password": "<SECRET_FIELD_1>", "a": 1}),
        ({"password": 'x"'}, {"password": "<SECRET_FIELD_1>"}),
        ({"a": 'key: "jo@example.com"'}, {"a": 'key: "<EMAIL_1>"'}),
        ({"a": "https://me:p%40@host/"}, {"a": "https://me:<URL_PASSWORD_1>@host/"}),
    ],
)
def test_json_in_a_text_is_json_afterwards(
    given: object, expected: object, depth: int
) -> None:
    text: object = given
    for _ in range(depth):
        text = json.dumps(text)
    redacted: object = Redactor().text(str(text))
    for _ in range(depth):
        redacted = json.loads(str(redacted))
    assert redacted == expected


def test_every_spelling_of_a_secret_has_the_same_pseudonym() -> None:
    text = r"jo@example.com jo%40example.com jo\u0040example.com"
    assert Redactor().text(text) == "<EMAIL_1> <EMAIL_1> <EMAIL_1>"


def test_another_spelling_that_is_cut_over_deltas_is_replaced() -> None:
    given = r'{"to": "jo\u0040example.com"}'
    for at in range(1, len(given)):
        deltas = (TextDelta(given[:at]), TextDelta(given[at:]))
        session = Redactor().session(Session("s", events=deltas))
        assert (
            "".join(d.content for d in session.events if isinstance(d, TextDelta))
            == '{"to": "<EMAIL_1>"}'
        )


@given(st.text(st.sampled_from("\\un0%45\u00a0\u200b\uff20a&#6;x"), max_size=30))
def test_a_place_of_a_reading_is_one_of_the_text(text: str) -> None:
    reading = Reading(text)
    assert reads_otherwise(text) or reading.text == text
    whole = [reading.place(at, 0) for at in range(len(reading.text))]
    ends = [reading.place(at, 1) for at in range(len(reading.text))]
    assert whole == sorted(whole)
    assert all(a < b for a, b in zip(whole, ends, strict=True))
    assert all(end <= start for end, start in zip(ends, whole[1:], strict=False))


@given(st.text(st.sampled_from("a@ \\u0041%4&#;64x") | st.characters(), max_size=20))
def test_a_text_that_reads_otherwise_is_known_for_one(text: str) -> None:
    assert reads_otherwise(text) or Reading(text).text == text
