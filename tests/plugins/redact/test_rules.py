"""The rules that find secrets, and the texts that they must leave alone."""

import json
import subprocess
import sys
from pathlib import Path
from random import Random
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fake_secrets import SECRETS, WITHIN
from replay import Session, TextDelta
from replay_plugins.redact import Redactor
from replay_plugins.redact.kinds import RULES
from replay_plugins.redact.spellings import readings
from replay_plugins.redact.token_kinds import KINDS

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
        "secret=/run/secrets/db1, token=$my_token, api_key=${API_KEY_1}",
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
        "db://{user}:{password}@{host}, db://u:${PW}@h, db://u:$PW@h, //[a[:]][b@]c",
        "cookie: a=1, machine learning password reset, ?access_token=YOUR_TOKEN",
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
        ("password=$" + "ecret77", "password=<PASSWORD_1>"),
        ("secret_key=/" + "Ab3d5Fg7Hi9", "secret_key=<PASSWORD_1>"),
        ("AB12 DE89370400440532013000", "AB12 <IBAN_1>"),
    ],
)
def test_a_secret_is_replaced_to_its_end_and_no_further(
    given: str, expected: str
) -> None:
    assert Redactor().text(given) == expected


def test_a_secret_right_behind_another_is_replaced_at_once() -> None:
    token, lob = SECRETS["clickhouse-key"][0], SECRETS["lob-key"][0]
    once = "<CLICKHOUSE_KEY_1><PHONE_1><LOB_KEY_1>"
    assert Redactor().text(f"{token}+49 30 901820{lob}") == once


# What people write


ROOT = Path(__file__).parents[3]
WORD = "sw0rd" + "fish"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("curl -u ada:{} https://x.example", "curl -u ada:<PASSWORD_1> https"),
        ('curl --user "ada:{}" https://x.example', 'curl --user "ada:<PASSWORD_1>" h'),
        ("curl -u {}{}: https://x.example", "curl -u <PASSWORD_1>: https"),
        ("curl -sSu ada:{} https://x.example", "curl -sSu ada:<PASSWORD_1> https"),
        ("curl --cookie 'sid={}' x.example", "curl --cookie '<COOKIE_1>' x.example"),
        ("mysql -uroot -p'{}' shop", "mysql -uroot -p'<PASSWORD_1>' shop"),
        ("tool --api_key {} run", "tool --api_key <PASSWORD_1> run"),
        ("Cookie: a=b; sid={}\n", "Cookie: <COOKIE_1>\n"),
        ("machine a password {} login b", "machine a password <PASSWORD_1> login b"),
        ("/#access_token=swordfishswordfish&x", "/#access_token=<URL_TOKEN_1>&x"),
        (
            '{{"password": {{"type": "text", "value": "x"}}}}',
            '{{"password": {{"type": "text", "value": "<SECRET_FIELD_1>"}}}}',
        ),
        ("mysql -h db -u root -p{} shop", "mysql -h db -u root -p<PASSWORD_1> shop"),
        ("sshpass -p {} ssh host", "sshpass -p <PASSWORD_1> ssh host"),
        ("tool --api-key {} run", "tool --api-key <PASSWORD_1> run"),
        ("tool --password=1234 run", "tool --password=<PASSWORD_1> run"),
        ("my API key is {}.", "my API key is <PASSWORD_1>."),
        ("The password was '{}', I think", "The password was '<PASSWORD_1>', I"),
        ("pw: {}", "pw: <PASSWORD_1>"),
        ("Cookie: theme=dark; sid={}\n", "Cookie: <COOKIE_1>\n"),
        ("Set-Cookie: sid={}; Path=/", "Set-Cookie: <COOKIE_1>; Path=/"),
        ("Authorization: token {}\n", "Authorization: token <AUTH_HEADER_1>\n"),
        ("Authorization: {}\n", "Authorization: <AUTH_HEADER_1>\n"),
        (
            "machine x.example\n  login ada\n  password swordfish\n",
            "machine x.example\n  login ada\n  password <PASSWORD_1>\n",
        ),
        ("default login ada password swordfish", "default login ada password <PASS"),
        ('{{"token": "{}"}}', '{{"token": "<PASSWORD_1>"}}'),
        ('{{"auth": {{"pass": "x"}}}}', '{{"auth": {{"pass": "<SECRET_FIELD_1>"}}}}'),
        (
            '{{"password": {{"value": "x"}}}}',
            '{{"password": {{"value": "<SECRET_FIELD_1>"}}}}',
        ),
        ("/cb?access_token=QWxhZGRpbjpvcGVu&x=1", "/cb?access_token=<URL_TOKEN_1>&x"),
        ("<dbPassword>\n  {}\n</dbPassword>", "<dbPassword>\n  <PASSWORD_1>\n</db"),
        ('<add key="Password" value="swordfish" />', '<add key="Password" value="<P'),
        ('put("API_TOKEN", "{}{}")', 'put("API_TOKEN", "<PASSWORD_1>")'),
        ("https://{0}{0}{0}@x.example/", "https://<URL_PASSWORD_1>@x.example/"),
    ],
)
def test_a_secret_is_found_in_the_forms_that_people_write(
    given: str, expected: str
) -> None:
    shown = Redactor().text(given.format(WORD, WORD))
    assert shown.startswith(expected.format())


MADE = "Date" + "Tree13"
PHRASE = "correct" + "-horse-battery"


@pytest.mark.parametrize(
    "text",
    [
        "**Password:** {}",
        "**password**: {}",
        "*password*: {}",
        "***Password:*** {}",
        "__Password:__ {}",
        "_Password:_ {}",
        "- **Token**: {}",
        "**API key:** `{}`",
        "API key: `{}`",
        "| password | {} |",
        "| **API key** | `{}` | note |",
        "<b>Password:</b> {}",
        "<strong>Password</strong>: {}",
        "<li>API key: <code>{}</code></li>",
        "<td>password</td>\n<td>{}</td>",
        "**Password:**\n```\n{}\n```",
        "Your API key is:\n\n{}\n",
        "The password '{}' was rejected",
        "Password for ada: {}",
        "Password (ada): {}",
        "my new password {}",
        "password -> {}",
        "password \u2192 {}",
        "password: |\n  {}",
        "password:\n  {}",
        "password: !!str {}",
        "password: !vault {}",
        '<input type="password" name="a" value="{}">',
        '<input value="{}" type="password">',
        "setx API_KEY {}",
        "ENV DB_PASS {}",
        "contrase\u00f1a: {}",
        "**Contrasen\u0303a:** {}",
        "\u043f\u0430\u0440\u043e\u043b\u044c: {}",
        "\u5bc6\u7801\uff1a{}",
        "**\u5bc6\u7801**: {}",
        "senha={}",
        "wachtwoord: {}",
    ],
)
def test_a_password_is_found_in_markdown_html_and_sentences(text: str) -> None:
    assert Redactor().text(text.format(MADE)) == text.format("<PASSWORD_1>")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("password: Otter,8899", "password: <PASSWORD_1>"),
        ("passwords={0},Fox77xx", "passwords=<PASSWORD_1>"),
        ("passwords: {0}, Fox77xx", "passwords: <PASSWORD_1>, <PASSWORD_2>"),
        ('tokens: ["{0}", "short"]', 'tokens: ["<PASSWORD_1>", "short"]'),
        ("password={0},user=ada", "password=<PASSWORD_1>,user=ada"),
        ("password={0}, then", "password=<PASSWORD_1>, then"),
        ("password: \u041f\u0430\u0440\u043e8899", "password: <PASSWORD_1>"),
        ('export DB_PASSWORD="{1}"', 'export DB_PASSWORD="<PASSWORD_1>"'),
        ('DB_PASSWORD="a fox, {0}"', 'DB_PASSWORD="<PASSWORD_1>"'),
        ("DB_PASSWORD=Xk.Lm.Qr", "DB_PASSWORD=<PASSWORD_1>"),
        ("DB_PASSWORD=swordfish", "DB_PASSWORD=<PASSWORD_1>"),
        ("secret_key = '{1}'", "secret_key = '<PASSWORD_1>'"),
        ("tool --password {1} run", "tool --password <PASSWORD_1> run"),
        ("tool --password 'a horse' run", "tool --password '<PASSWORD_1>' run"),
        ("tool --token='{0} fox' run", "tool --token='<PASSWORD_1>' run"),
        ("X-Api-Key: {1}", "X-Api-Key: <AUTH_HEADER_1>"),
        ("Authorization: Bearer {1}", "Authorization: Bearer <AUTH_HEADER_1>"),
    ],
)
def test_a_value_is_replaced_whole_also_if_it_is_words(
    given: str, expected: str
) -> None:
    assert Redactor().text(given.format(MADE, PHRASE)) == expected


@pytest.mark.parametrize(
    "text",
    [
        "curl -u $USER:$PASSWORD x; curl -u '<user>:<password>' x; run -u 1000:1000",
        "use --password to ask, --token=$TOKEN, --api-key YOUR_KEY, --secret <secret>",
        "The password is wrong. My key is lost, the token was revoked",
        "Cookie: a small text. Set-Cookie: fig=newton. Authorization: required",
        "machine learning, login and password fields",
        "auth = base64.b64encode(pair), token=win32api.RegOpenKeyEx, key='#1a2b3c'",
        "Author-email: nobody, authority: sm02915",
        "see ?token=next&key=name&code=en and ?access_token={token}",
        '{"token": "JavaScript", "logprob": -0.1}, {"auth": "required"}',
        "DB_PASSWORD=$(cat a) API_KEY='your-api-key' PASSWORD=$A SECRET=secret",
        "API_KEY=config.api_key; PASSWORD=settings.DB_PASSWORD; SECRET_KEY=get_it()",
        "--password PASSWORD --password '$PASSWORD' --token my-api-token",
        "Authorization: role-based access, X-Api-Key: your-api-key",
        "| token | type | note |\n| password | string | ada |\n| api_key | none | x |",
        "cat x | grep password | sha256sum | cut",
        "password: 'Password is required'; password = 'at least 8 characters'",
        "def token(self) -> Str123: $token->value1; get_password() -> value1",
        "password: |\n  text: value1\n  other\nclass Tokens(List):\n\n    @property\n",
        "tokens: 1200, 1300, 1400; tokens=[tokenize.NAME, tokenize.OP]; secrets: a, b",
        "The new password policy; the old password must; default password: required",
        "\u5bc6\u7801\uff1a\u9700\u89818\u4f4d\u4ee5\u4e0a",
        '<input type="password" value=""> <input type="text" value="Value123">',
        "ENV PASSWORD_FILE /run/secrets/x",
        "f(credentials=None, secure=None, timeout=5.0); Keywords: backport,pep-784,zx",
        "**Password:** <PASSWORD_1>, passwords=<PASSWORD_1>,<PASSWORD_2>",
    ],
)
def test_what_only_looks_like_such_a_form_stays(text: str) -> None:
    assert Redactor().text(text) == text


def test_a_key_of_an_object_says_what_is_in_it() -> None:
    given = {
        "token": WORD,
        "auth": {"pass": "x", "user": "ada"},
        "password": {"value": "x", "type": "string"},
    }
    assert Redactor().value(given) == {
        "token": "<SECRET_FIELD_1>",
        "auth": {"pass": "<SECRET_FIELD_2>", "user": "ada"},
        "password": {"value": "<SECRET_FIELD_2>", "type": "string"},
    }
    words = {"token": " the", "auth": ["basic"], "credentials": 7}
    assert Redactor().value(words) == words


def test_the_reference_lists_every_kind_and_the_sources_of_tokens() -> None:
    page = (ROOT / "docs" / "reference" / "redaction.md").read_text("utf-8")
    assert {name for name in NAMES if f"`{name}`" not in page} == set()
    sources = {name: source for name, *_, source in reversed(KINDS)}
    assert all(sources.values())
    for name, source in sources.items():
        assert f"| `{name}` | {source} |" in page


# What isn't one


def test_no_uuid_and_no_hash_holds_a_card() -> None:
    digits = CARD.replace(" ", "")
    for text in (
        f"550e8400-{digits[:4]}-{digits[4:8]}-{digits[8:12]}-{digits[12:]}00112233",
        f"{digits[:8]}-{digits[8:12]}-{digits[12:]}-8abc-0123456789ab",
        f"12345678-1234-{digits[:4]}-{digits[4:8]}-{digits[8:]}0000",
        f"a{digits}",
        f"{digits}f",
        f"{digits}-0bad",
        f"0bad-{digits}",
    ):
        assert Redactor().text(text) == text
    assert Redactor().text(f"card-{digits}-x") == "card-<CARD_1>-x"


@pytest.mark.slow
def test_of_100_000_random_uuids_none_holds_a_card() -> None:
    random = Random(24)  # noqa: S311 - the same ones each time
    uuids = [str(UUID(int=random.getrandbits(128), version=4)) for _ in range(100_000)]
    redactor = Redactor()
    redactor.text("\n".join(uuids))
    assert redactor.report == []


def test_a_table_of_numbers_holds_no_card_and_a_list_of_cards_does() -> None:
    rows = ["1000 2000 3000 4000", CARD, "5000 6000 7000 8001", "9000 1000 2000 3000"]
    table = "\n".join(rows)
    assert Redactor().text(table) == table
    cards = f"{CARD}\n5500 0000 0000 0004\n"
    assert Redactor().text(cards) == "<CARD_1>\n<CARD_2>\n"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("git@github.com:a/b.git", "git@github.com:a/b.git"),
        ("ssh://git@x.example/a", "ssh://git@x.example/a"),
        ("ada@web1.example.com:~$ ls", "ada@web1.example.com:~$ ls"),
        ("scp f ada@x.example.com:/tmp", "scp f ada@x.example.com:/tmp"),
        ("by @ada@mastodon.example", "by @ada@mastodon.example"),
        ("http://u:pass@x.example/", "http://u:<URL_PASSWORD_1>@x.example/"),
        ("http://u:p@ss@x.example/", "http://u:<URL_PASSWORD_1>@x.example/"),
        ("ada@x.example:pass", "<EMAIL_1>:pass"),
        ("mailto:ada@x.example?to=b@x.example", "mailto:<EMAIL_1>?to=<EMAIL_2>"),
        ("@@ -1 +1 @@\n-1\n+12345678901\n", "@@ -1 +1 @@\n-1\n+12345678901\n"),
        ("+12345678\n", "+12345678\n"),
        ("call\n+442079460958\nor", "call\n<PHONE_1>\nor"),
    ],
)
def test_hosts_handles_and_added_lines_identify_nobody(
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


_SPELT = st.sampled_from("\\un0%45\u00a0\u200b\uff20a&#6;x\x1b[m=3D\n_")


@given(st.text(_SPELT, max_size=30) | st.text(_SPELT | st.characters(), max_size=20))
def test_a_place_of_a_reading_is_one_of_the_text(text: str) -> None:
    for reading in readings(text):
        starts = [reading.place(at, 0) for at in range(len(reading.text))]
        ends = [reading.place(at, 1) for at in range(len(reading.text))]
        assert starts == sorted(starts)
        assert all(a < b for a, b in zip(starts, ends, strict=True))
        assert all(a <= b for a, b in zip(ends, starts[1:], strict=False))
        assert max(ends, default=0) <= len(text)


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
    "options": "--token ",
    "users": "curl -u a:bcd ",
    "databases": "mysql ",
    "elements": "<token>",
    "cookies": "Cookie: a=b123; ",
    "manifest": "kind: Secret\n a: AAAAAAAAAA\n",
    "colours": "\x1b[1m",
    "links": "\x1b]8",
    "equals signs": "=3D",
    "rows": "4444 4444 4444 4444\n",
    "logins": "machine a login b ",
    "query": "?token=",
    "added": "+12345678\n",
    "addresses": "a@b.de ",
    "lists": "tokens=abcd,",
    "commas": "password=abcd,abcd",
    "rows of a table": "\n| token | ",
    "tags": "token<b>",
    "owners": "password for ",
    "next lines": "password:\n\n",
    "fields": "<input value=",
    "quoted words": "token='a-b-",
}
_TIMED = """
import resource, sys
from replay_plugins.redact import Redactor
unit, before, after = sys.argv[1:]
text = before + (unit * 1_000_000)[: 1_000_000] + after
resource.setrlimit(resource.RLIMIT_CPU, (60, 60))
Redactor().text(text)
Redactor().text(text + "\\n" + text[:1000])
"""


@pytest.mark.slow
@pytest.mark.parametrize("unit", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_megabyte_is_searched_in_linear_time(unit: str) -> None:
    assert is_searched_in_time(unit)


@pytest.mark.slow
@pytest.mark.parametrize("unit", "xX.*a/")
def test_a_hostile_megabyte_as_a_value_is_checked_in_linear_time(unit: str) -> None:
    assert is_searched_in_time(unit, '{"token": "a1', 'y"}')


def is_searched_in_time(unit: str, before: str = "", after: str = "") -> bool:
    """Tell whether a search ends, for which a quadratic one would need hours."""
    command = [sys.executable, "-c", _TIMED, unit, before, after]
    return subprocess.run(command, check=False).returncode == 0  # noqa: S603 - our own
