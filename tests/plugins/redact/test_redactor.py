"""Redaction of sessions, values and texts, which changes nothing but secrets."""

import json
import re
from collections.abc import Callable, Iterator
from itertools import cycle
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import replay
from fake_secrets import EACH, SECRETS
from recorded_sessions import documents
from replay import Session
from replay.model.json_text import write_json
from replay.testing.histories import odd_histories
from replay_plugins.redact import Redacted, Redactor
from replay_plugins.redact.values import step

JSON: TypeAlias = Any  # what a test looks into


def whole(session: Session) -> JSON:
    """Return a session as written."""
    return json.loads(replay.dumps(session))


def undone(redacted: JSON, given: JSON, report: list[Redacted]) -> JSON:
    """Return a redacted document with the replacements in a report undone.

    Args:
        redacted: The document.
        given: The original; only the stretches named in the report are taken from it.
        report: The replacements.
    """
    by_path: dict[str, list[Redacted]] = {}
    for each in report:
        by_path.setdefault(each.path, []).append(each)
    return _undone(redacted, given, "$", by_path)


def _undone(
    redacted: JSON, given: JSON, path: str, told: dict[str, list[Redacted]]
) -> JSON:
    if isinstance(redacted, dict):
        members = {}
        for (shown, item), key in zip(redacted.items(), given, strict=True):
            place = path + step(shown)
            name = _text(shown, key, told.get(f"{place}~", []))
            members[name] = _undone(item, given[key], place, told)
        return members
    if isinstance(redacted, list):
        pairs = enumerate(zip(redacted, given, strict=True))
        return [_undone(a, b, f"{path}[{i}]", told) for i, (a, b) in pairs]
    if path in told and isinstance(given, str):
        return _text(redacted, given, told[path])
    return given if path in told else redacted


def _text(redacted: str, given: str, told: list[Redacted]) -> str:
    for each in told:
        end = each.start + len(each.pseudonym)
        assert redacted[each.start : end] == each.pseudonym
        was = given[each.start : each.start + each.length]
        redacted = redacted[: each.start] + was + redacted[end:]
    return redacted


def seeded(value: JSON, secrets: Iterator[str]) -> JSON:
    """Return a JSON value with a different secret in every text and key."""
    if isinstance(value, str):
        return f"{value} {next(secrets)} "
    if isinstance(value, list):
        return [seeded(item, secrets) for item in value]
    if isinstance(value, dict):
        return {
            f"{key} {next(secrets)}": seeded(item, secrets)
            for key, item in value.items()
        } | {"card": int(SECRETS["card"][2])}
    return value


def seeded_event(event: JSON, secrets: Iterator[str]) -> list[Any]:
    """Return an event with secrets in all fields, or a delta in several pieces."""
    if not isinstance(event, dict):
        return [seeded(event, secrets)]
    kind = event.get("type")
    if isinstance(kind, str) and kind.endswith("_delta") and "content" in event:
        secret = f" {next(secrets)} "
        size = max(1, len(secret) // 3)
        pieces = [secret[at : at + size] for at in range(0, len(secret), size)]
        return [event, *({"type": kind, "content": piece} for piece in pieces)]
    return [
        {
            key: item if key == "type" else seeded(item, secrets)
            for key, item in event.items()
        }
        | {f"more {next(secrets)}": next(secrets)}
    ]


def seeded_document(document: JSON) -> JSON:
    secrets = cycle(EACH)
    events = [each for e in document["events"] for each in seeded_event(e, secrets)]
    rest = {k: v for k, v in document.items() if k not in ("events", "job_metadata")}
    return {
        **seeded_header(rest, secrets),
        "events": [*events, {"type": "mystery", "by": [next(secrets), {"a": EACH[0]}]}],
    }


def seeded_header(header: JSON, secrets: Iterator[str]) -> JSON:
    return {key: seeded(value, secrets) for key, value in header.items()} | {
        "more": {next(secrets): next(secrets)}
    }


def check(document: JSON) -> None:
    """Check that all secrets, and only the reported texts, are replaced."""
    session = replay.loads(json.dumps(document))
    redactor = Redactor()
    redacted = redactor.session(session)
    told = whole(redacted)
    assert undone(told, document, redactor.report) == document
    texts = [
        replay.dumps(redacted).decode(),
        str(replay.transcript(redacted)),
        replay.render(replay.transcript(redacted)),
        str(redactor.report),
    ]
    events = [each for each in told["events"] if isinstance(each, dict)]
    for kind in ("text_delta", "thinking_delta"):
        deltas = (each["content"] for each in events if each.get("type") == kind)
        texts += ["".join(each for each in deltas if isinstance(each, str))]
    everything = "\n".join(texts)
    for secret in EACH:
        assert secret not in everything
    assert len(told["events"]) == len(document["events"])


@pytest.mark.slow
def test_in_the_corpus_with_seeded_secrets_none_survives(shared: Path) -> None:
    for path in (shared / "corpus" / "sessions").glob("*.json"):
        check(seeded_document(json.loads(path.read_bytes())))


@pytest.mark.slow
def test_in_odd_histories_with_seeded_secrets_none_survives() -> None:
    for session in odd_histories(longest=50):
        document = whole(session)
        if "large_numbers" not in session.session_id:
            check(seeded_document(document))


def test_in_the_corpus_next_to_nothing_is_taken_for_a_secret(shared: Path) -> None:
    redactor = Redactor()
    odd = []
    for session in replay.open(shared / "corpus" / "sessions"):
        redacted = redactor.session(session)
        if replay.dumps(redacted) != replay.dumps(session):
            odd.append(session.session_id)
        assert replay.transcript(redacted).diagnostics == (
            replay.transcript(session).diagnostics
        )
    assert {each.rule for each in redactor.report} == {"email"}  # "the@agent.tool"
    assert len(odd) == 1


@given(documents)
def test_what_holds_no_secret_stays_as_it_is(document: JSON) -> None:
    text = write_json(document)
    assume(not re.search(rb"\d{12}", text))  # chance finds numbers of cards
    session = replay.loads(text)
    redactor = Redactor()
    redacted = redactor.session(session)
    assert replay.dumps(redacted) == replay.dumps(session)
    assert redactor.report == []
    assert redacted == session


@given(st.lists(st.sampled_from([*EACH, "a", " ", "\n", "@", "="]), max_size=8))
def test_redacting_twice_is_redacting_once(words: list[str]) -> None:
    redactor = Redactor()
    once = redactor.text(" ".join(words))
    assert redactor.text(once) == once


def test_a_session_keeps_its_shape() -> None:
    event = {"type": "text", "content": "b@example.org"}
    document = {"events": [event], "extra": "b@example.org"}
    for shape, value, path in (
        ("list", [event], "$[0].content"),
        ("lines", event, "$[0].content"),
        ("document", document, "$.events[0].content"),
    ):
        redactor = Redactor()
        session = redactor.session(replay.loads(json.dumps(value)))
        assert session.shape == shape
        assert replay.dumps(session).count(b"<EMAIL_1>") == 1 + (shape == "document")
        assert path in [each.path for each in redactor.report]
        assert replay.loads(replay.dumps(session)) == session


def test_an_id_that_is_a_secret_is_replaced_and_stays_apart_from_others() -> None:
    redactor = Redactor()
    ids = [
        redactor.session(Session(session_id, events=[replay.Text("c@example.org")]))
        for session_id in ("a@example.org", "b@example.org", "plain")
    ]
    assert [each.session_id for each in ids] == ["<EMAIL_1>", "<EMAIL_2>", "plain"]
    assert [each.events[0] for each in ids] == [
        replay.Text("<EMAIL_2>"),
        replay.Text("<EMAIL_1>"),
        replay.Text("<EMAIL_1>"),
    ]


def test_a_key_that_says_whose_secret_it_is_and_lists_of_secrets_count() -> None:
    given = {
        "db_password": "swordfish",
        "x.api.key": "swordfish",
        "has_password": True,
        "password": ["swordfish", [12345], {"type": "string"}, None],
    }
    assert Redactor().value(given) == {
        "db_password": "<SECRET_FIELD_1>",
        "x.api.key": "<SECRET_FIELD_1>",
        "has_password": True,
        "password": [
            "<SECRET_FIELD_1>",
            ["<SECRET_FIELD_2>"],
            {"type": "string"},
            None,
        ],
    }


@pytest.mark.parametrize("key", [None, b"sixteen bytes or more"])
def test_ids_that_differ_stay_apart_though_their_secret_is_the_same(
    key: bytes | None,
) -> None:
    redactor = Redactor(key=key)
    given = ["a@example.org", "A@EXAMPLE.ORG", "<EMAIL_1>", "a%40example.org"]
    ids = [redactor.session(Session(each)).session_id for each in given]
    assert len({*ids}) == len(given)
    assert [redactor.session(Session(each)).session_id for each in given] == ids


def test_an_id_that_the_file_gave_is_replaced_too(tmp_path: Path) -> None:
    path = tmp_path / "a@example.org.json"
    path.write_text('{"events": []}', "utf-8")
    redacted = Redactor().session(replay.load(path))
    assert (redacted.session_id, redacted.derived_id) == ("<EMAIL_1>", "<EMAIL_1>")
    assert whole(redacted) == {"events": []}


def test_what_is_odd_about_a_document_tells_no_secret() -> None:
    text = '\ufeff{"a@example.org": 1, "a@example.org": 2, "events": []}'
    _, diagnostic = Redactor().session(replay.loads(text)).diagnostics
    assert (diagnostic.code, diagnostic.detail) == (
        "duplicate-key",
        "the key '<EMAIL_1>'",
    )


def test_a_header_stays_a_header() -> None:
    card = int(SECRETS["card"][2])
    header = {
        "session_id": "s",
        "job_metadata": {"turns": card, "error": "b@example.org"},
        "more": [card],
    }
    redactor = Redactor()
    session = redactor.session(replay.loads(json.dumps({**header, "events": []})))
    assert session.as_object() == {
        "session_id": "s",
        "job_metadata": {"turns": 0, "error": "<EMAIL_1>"},
        "more": [0],
        "events": None,
    }
    assert session.job_metadata is not None
    assert session.job_metadata.error == "<EMAIL_1>"
    may_be_text = json.dumps({"session_id": "s", "more": card, "events": []})
    shown = whole(Redactor().session(replay.loads(may_be_text)))
    assert shown == {"session_id": "s", "more": "<CARD_1>", "events": []}


def test_the_same_secret_has_the_same_pseudonym_however_it_is_spelt() -> None:
    text = "4111 1111 1111 1111, 4111-1111-1111-1111, A@example.org, a@EXAMPLE.org"
    assert Redactor().text(text) == "<CARD_1>, <CARD_1>, <EMAIL_1>, <EMAIL_1>"


def test_a_key_makes_pseudonyms_that_are_the_same_everywhere() -> None:
    one, other = Redactor(key="k" * 16), Redactor(key=b"k" * 16)
    assert one.text("a@example.org") == other.text("b@example.org a@example.org")[-20:]
    assert re.fullmatch(r"<EMAIL_[0-9a-f]{12}>", one.text("a@example.org"))
    assert Redactor(key="l" * 16).text("a@example.org") != one.text("a@example.org")


def test_a_short_key_is_refused() -> None:
    with pytest.raises(ValueError, match="is too short: at least 16 bytes") as caught:
        Redactor(key="not enough")
    assert "not enough" not in str(caught.value)


def test_rules_can_be_left_out() -> None:
    assert Redactor(without=["email"]).text("a@example.org") == "a@example.org"
    told = re.escape("there is no rule 'emial' (did you mean 'email'?)")
    with pytest.raises(ValueError, match=f"{told}$"):
        Redactor(without=["emial"])


ANY: Any = Redactor  # untyped, for arguments that a type checker would refuse


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda: ANY(without="email"), "a list of names of rules, not str: such as"),
        (lambda: ANY(without=None), "a list of names of rules, not NoneType: such as"),
        (lambda: ANY().text(5), "a text, not int: value() takes any JSON value"),
        (lambda: ANY().session(None), "a session, not NoneType: replay.load() reads"),
        (lambda: ANY().session("a.json"), "a session, not str: replay.load() reads"),
    ],
)
def test_what_cannot_be_redacted_is_refused_with_advice(
    call: Callable[[], object], told: str
) -> None:
    with pytest.raises(TypeError, match=re.escape(f"expected {told}")):
        call()


def test_patterns_of_ones_own_are_replaced() -> None:
    redactor = Redactor(patterns={"employee": r"E-\d+", "name": r"Mr (?P<secret>\w+)"})
    assert redactor.text("Mr Smith is E-12") == "Mr <NAME_1> is <EMPLOYEE_1>"
    assert redactor.value({"E-1": 5}) == {"<EMPLOYEE_2>": 5}
    assert [each.path for each in redactor.report][-1] == "$['<EMPLOYEE_2>']~"
    assert Redactor(patterns={"id": r"\b42\b"}).value([42, 420]) == ["<ID_1>", 420]
    for nothing in "", "x*", "(?P<secret>y)?z":
        assert Redactor(patterns={"p": nothing}).text("abcz") == "abcz"


def test_patterns_come_from_a_file_too(tmp_path: Path) -> None:
    path = tmp_path / "patterns"
    path.write_text("# ours\n\nemployee = E-\\d+\nx=a=b\n", "utf-8")
    assert Redactor(patterns=path).text("E-1 a=b") == "<EMPLOYEE_1> <X_1>"
    for line, message in (
        ("no sign", "line 1: expected name=expression"),
        ("1=a", "'1' is not a name"),
        ("a=(", "patterns: a: "),
    ):
        path.write_text(line, "utf-8")
        with pytest.raises(ValueError, match=message):
            Redactor(patterns=path)


def test_keys_that_become_equal_lose_no_value() -> None:
    given = {"a@example.org": 1, "A@example.org": 2, "<EMAIL_1>#2": 3, "x": 4}
    assert Redactor().value(given) == {
        "<EMAIL_1>": 1,
        "<EMAIL_1>#3": 2,
        "<EMAIL_1>#2": 3,
        "x": 4,
    }


@pytest.mark.parametrize(
    "key", ["password", "API-Key", "client_secret", "Authorization"]
)
def test_what_a_key_says_is_a_secret_is_one(key: str) -> None:
    redactor = Redactor()
    assert redactor.value({key: "abc"}) == {key: "<SECRET_FIELD_1>"}
    assert redactor.value({key: 1234}) == {key: "<SECRET_FIELD_2>"}
    others: list[JSON] = ["", None, True, [], {"type": "string"}, "<JWT_1>"]
    for value in others:
        assert redactor.value({key: value}) == {key: value}


def test_what_is_deeply_nested_is_reached_and_stays_as_it_is() -> None:
    value: Any = "b@example.org"
    for number in range(480):
        value = [value] if number % 2 else {"inner": value}
    assert "<EMAIL_1>" in json.dumps(Redactor().value(value))
    assert "b@example.org" in json.dumps(value)


def test_numbers_that_no_json_has_stay() -> None:
    given = [float("nan"), float("inf"), "ada@example.org"]
    assert str(Redactor().value(given)) == "[nan, inf, '<EMAIL_1>']"
