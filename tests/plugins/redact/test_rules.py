"""The rules that find secrets, and the texts that they must leave alone."""

import json
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fake_secrets import SECRETS, WITHIN
from replay import Session, TextDelta
from replay_plugins.redact import Redactor
from replay_plugins.redact.finder import DecodedText, reads_otherwise
from replay_plugins.redact.rules import RULES

NAMES = {rule.name for rule in RULES}
ALONE = [(name, each) for name, secrets in SECRETS.items() for each in secrets]
NPM = SECRETS["npm-token"][0]
CARD = "4111 1111 1111 1111"
NO_LETTERS = ("\\n", "\\t", "%3D", "_", "x-")  # but what stands for a character
AROUND = [(name, *each) for name, secrets in WITHIN.items() for each in secrets]


def test_the_tests_have_a_secret_of_every_kind() -> None:
    assert SECRETS.keys() | WITHIN.keys() == NAMES


def test_a_secret_is_replaced_wherever_it_stands() -> None:
    for before, after in (
        *(("", ""), ("It is ", "."), ("(", ")"), ('"', '"'), ("\n", "\n")),
        ("\u8bf7", "\u3002"),
    ):
        for name, secret in ALONE:
            redactor = Redactor()
            redacted = redactor.text(before + secret + after)
            label = name.upper().replace("-", "_")
            assert redacted == f"{before}<{label}_1>{after}"
            report = [(each.rule, each.start) for each in redactor.report]
            assert report == [(name, len(before))], secret


def test_a_secret_that_its_surroundings_tell_is_replaced() -> None:
    for name, before, secret, after in AROUND:
        redactor = Redactor()
        redacted = redactor.text(before + secret + after)
        assert secret not in redacted
        assert redacted.startswith(before)
        assert redactor.report[0].rule == name


@pytest.mark.parametrize(
    "text",
    [
        "A task-management risk-free ask-me-anything disk-based approach.",
        "max_tokens: 4096, next_page_token=null, tokens: 1200",
        "password: required. The secret is out: nobody knew.",
        "password = get_password(user); secret=os.environ[0]; token = $TOKEN_1",
        "api_key=YOUR_API_KEY, api_key=xxxxxxxx, password=********",
        "The key: value pairs, keyword arguments, and primary_key: identifier",
        "Revenue rose 12% to $4,200,000 (+3.25%), from 1234567890123.",
        "Order 4111 1111 1111 1112 of 2026-07-21T10:02:44.118203",
        "DE89 3704 0044 0532 0130 01 is not an account; nor is AB12CDEFGHIJKLMNOP",
        "see https://example.com/a/b?c=d#e and user@localhost, @mention, a@b",
        "ids 550e8400-e29b-41d4-a716-446655440000 and dfl-123, idx-abc123",
        "sha256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "eyJub3QiOiJhIGp3dCJ9.eyJhIjoxfQ.c2lnbmF0dXJl",
        "basic understanding, bearer of bad news and-nothing-else-at-all",
        "+1 or +12345, 1 + 2345678901, C++11 +5.12345678",
        "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----",
        "<EMAIL_1> <CARD_2> <OPENAI_KEY_3>",
    ],
)
def test_what_only_looks_like_a_secret_stays(text: str) -> None:
    assert Redactor().text(text) == text


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("jos\u00e9@example.com", "<EMAIL_1>"),
        ("jose\u0301@example.com", "<EMAIL_1>"),
        ("jo@ex\u00e4mple.de", "<EMAIL_1>"),
        ("\u0438\u0432\u0430\u043d@\u043f.\u0440\u0444", "<EMAIL_1>"),
        ("jo@xn--exmple-cua.xn--p1ai", "<EMAIL_1>"),
        ("jo@example.com-", "<EMAIL_1>-"),
        ("left-pad@1.3.0-beta.1 pkg@1.0.rc1", "left-pad@1.3.0-beta.1 pkg@1.0.rc1"),
        ("icon@2x.png logo@3x.WEBP", "icon@2x.png logo@3x.WEBP"),
        ("postgres://me:p@ssword@host/db", "postgres://me:<URL_PASSWORD_1>@host/db"),
        (f"session-{SECRETS['jwt'][0]}.", "session-<JWT_1>."),
        (f"a.b_{SECRETS['jwt'][0]}", "a.b_<JWT_1>"),
        ('{"password": "string"', '{"password": "<SECRET_FIELD_1>"'),
        ('{"password": "<EMAIL_1>"}', '{"password": "<EMAIL_1>"}'),
        (f"a {SECRETS['private-key'][0][:150]}", "a <PRIVATE_KEY_1>"),
        *((f"{each}{NPM}", f"{each}<NPM_TOKEN_1>") for each in NO_LETTERS),
        ("No 12345 4111 1111 1111 1111 0425", "No 12345 <CARD_1> 0425"),
        ("name,4111111111111111,12/26", "name,<CARD_1>,12/26"),
        ("secret=password=hunter" + "22", "secret=<PASSWORD_1>"),
        ("AB12 DE89370400440532013000", "AB12 <IBAN_1>"),
    ],
)
def test_a_secret_is_replaced_to_its_end_and_no_further(
    given: str, expected: str
) -> None:
    assert Redactor().text(given) == expected


# Other spellings


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
        (r"jo@a.de jo%40a.de jo\u0040a.de", "<EMAIL_1> <EMAIL_1> <EMAIL_1>"),
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


def test_another_spelling_that_is_cut_over_deltas_is_replaced() -> None:
    given = r'{"to": "jo\u0040example.com"}'
    for at in range(1, len(given)):
        deltas = (TextDelta(given[:at]), TextDelta(given[at:]))
        session = Redactor().session(Session("s", events=deltas))
        assert (
            "".join(d.content for d in session.events if isinstance(d, TextDelta))
            == '{"to": "<EMAIL_1>"}'
        )


_SPELT = st.sampled_from("\\un0%45\u00a0\u200b\uff20a&#6;x")


@given(st.text(_SPELT, max_size=30) | st.text(_SPELT | st.characters(), max_size=20))
def test_a_place_of_a_reading_is_one_of_the_text(text: str) -> None:
    decoded = DecodedText(text)
    assert reads_otherwise(text) or decoded.text == text
    whole = [decoded.place(at, 0) for at in range(len(decoded.text))]
    ends = [decoded.place(at, 1) for at in range(len(decoded.text))]
    assert whole == sorted(whole)
    assert all(a < b for a, b in zip(whole, ends, strict=True))
    assert all(end <= start for end, start in zip(ends, whole[1:], strict=False))


# Hostile texts

HOSTILE = {
    "letters": "a",
    "digits": "4",
    "groups": "4444 ",
    "small groups": "4 ",
    "capitals": "DE89 ",
    "dots": "a.",
    "signs": "a@",
    "domains": "@b.b",
    "schemes": "://a:",
    "passwords": "password=",
    "quoted": "password: ",
    "keys": "sk-proj-",
    "openai": "sk-",
    "tokens": "ghp_",
    "dashes": "-MAAA",
    "discord": "MAAAAAAAAAAAAAAAAAAAAAAA.aaaaaa.",
    "headers": "eyJ",
    "parts": "eyJhbGci.",
    "begins": "-----BEGIN PRIVATE KEY-----",
    "lines": "-----BEGIN PRIVATE KEY-----\n-",
    "phones": "+1",
    "phone": "+1 2",
    "bearers": "bearer ",
    "services": "datadog ",
    "equals": "X-Amz-Signature=",
    "quotes": "password\"\\'",
    "spaces": " ",
    "telegram": "123456:A",
    "prefixed": "-eyJhbGci",
    "members": '"password": "',
    "members in a text": '\\"password\\": \\"',
    "keys of members": '"key_key_key_',
    "backslashes": "\\",
    "escapes": "\\u0040",
    "percents": "%25",
    "wide blanks": "\u00a0",
    "webhooks": "hooks.slack.com/services/",
}
_TIMED = """
import resource, sys
from replay_plugins.redact import Redactor
text = (sys.argv[1] * 1_000_000)[: 1_000_000]
resource.setrlimit(resource.RLIMIT_CPU, (60, 60))
Redactor().text(text)
Redactor().text(text + "\\n" + text[:1000])
"""


@pytest.mark.slow
@pytest.mark.parametrize("unit", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_megabyte_is_searched_in_linear_time(unit: str) -> None:
    done = subprocess.run([sys.executable, "-c", _TIMED, unit], check=False)  # noqa: S603 - our own
    assert done.returncode == 0  # a quadratic search would need hours, and is ended
