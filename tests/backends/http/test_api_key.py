"""The key: where it is found, and how it is masked."""

import io
import json
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from requests import Request

from http_server import KEY
from replay.errors import AuthError
from replay_backends.http.api_key import Key, find_key


def header_of(key: Key) -> str:
    request = key(Request("GET", "http://localhost").prepare())
    return str(request.headers["Authorization"])


def found(api_key: str | None = None) -> Key:
    key = find_key(api_key, "here")
    assert key is not None
    return key


def test_the_key_that_is_given_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLAMA_CLOUD_API_KEY", "llx-other")
    for text in (KEY, f" {KEY}\n", f"\t{KEY} "):
        key = found(text)
        assert header_of(key) == f"Bearer {KEY}"
        assert key.origin == "api_key="
        assert KEY not in f"{key!r} {key} {[key]}"


def test_then_come_the_two_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    assert find_key(None, "here") is find_key("\n", "here") is None
    monkeypatch.setenv("LLAMA_PARSE_API_KEY", "llx-2")
    assert header_of(found()) == "Bearer llx-2"
    for blank in ("", "  "):
        monkeypatch.setenv("LLAMA_CLOUD_API_KEY", blank)
        assert header_of(found()) == "Bearer llx-2"
    monkeypatch.setenv("LLAMA_CLOUD_API_KEY", "llx-1")
    assert header_of(found()) == "Bearer llx-1"


def test_what_cannot_be_a_key_is_refused_and_not_shown() -> None:
    for bad in (" ", "\n", "\r\nX: y", "ü", "€", "\0", "\x7f", "\ud800"):
        with pytest.raises(AuthError) as caught:
            find_key(f"llx-CANARY{bad}z", "here")
        assert "CANARY" not in str(caught.value)
        assert "api_key=" in str(caught.value)


def test_the_key_and_its_beginning_are_masked() -> None:
    shown = {
        f"<{KEY}>": "<(the key)>",
        f"<{KEY.upper()}{KEY}>": "<(the key)(the key)>",
        f"got {KEY[:20]}": "got (the key)",
        f"{KEY[:8]}' at 1": "(the key) at 1",
        KEY[:7]: KEY[:7],
    }
    assert {text: found(KEY).masked(text) for text in shown} == shown


@pytest.mark.parametrize("key", ["x", "any", "s3cret!"])
def test_a_short_key_leaves_words_alone_and_its_own_context_unshown(key: str) -> None:
    for text in ("expected a session", "many companies", "_s3cret!s", ""):
        assert found(key).masked(text) == text
    for text in (f"Bearer {key}", f"<{key.upper()}>", f"a_{key}_b", key):
        shown = found(key).masked(text)
        assert shown == "(not shown, since the key is in it)"


ODD_KEY = 'nab\\"/cd'  # each of its characters has a meaning in JSON
KEYS = st.sampled_from([KEY, ODD_KEY, "u006cllx-", "12345678"])
PIECES = st.sampled_from([*'\\"/nbu', "\n", "ü", "𐍈", "006c", "llx-", "a", KEY[:20]])


def spell(text: str, choose: Callable[[int], int]) -> str:
    """Return *text* as JSON, each character in one of the ways that JSON allows."""
    units = text.encode("utf-16-be").hex()
    escaped = [f"\\u{units[i : i + 4]}" for i in range(0, len(units), 4)]
    if len(escaped) > len(text):
        return f'"{"".join(escaped)}"'
    ways = [(json.dumps(c)[1:-1], c) for c in text]
    spelled = [
        (plain, code, code[:2] + code[2:].upper(), "\\/" if c == "/" else plain)
        for (plain, c), code in zip(ways, escaped, strict=True)
    ]
    return f'"{"".join(each[choose(4)] for each in spelled)}"'


@given(KEYS, st.data())
def test_the_key_is_removed_from_json_however_it_is_spelled_and_nothing_else_is(
    text: str, data: st.DataObject
) -> None:
    strings = st.lists(st.one_of(PIECES, st.just(text)), max_size=6).map("".join)
    values = data.draw(st.lists(strings, max_size=4))
    spelled = [spell(v, lambda n: data.draw(st.integers(0, n - 1))) for v in values]
    document = f"[{', '.join([*spelled, '12345678', '1e400'])}]".encode()
    key = found(text)
    kept = key.removed_from_json(document)
    expected = [key.removed(each) for each in values]
    assert json.loads(kept)[:-2] == expected
    assert not any(text in each for each in expected)
    assert kept.endswith(b"12345678, 1e400]")
    if values == expected:
        assert kept == document


@pytest.mark.parametrize("place", range((1 << 20) - 40, (1 << 20) + 4, 4))
def test_the_key_is_found_wherever_a_file_is_cut_into_pieces(place: int) -> None:
    spelled = json.dumps(KEY).replace("C", "\\u0043")
    file = io.BytesIO(b" " * place + spelled.encode() + b" " * 99)
    found(KEY).remove_from_file(file)
    assert file.read() == b" " * place + b'"(the key)"' + b" " * 99


def test_a_file_without_the_key_or_with_a_short_one_stays_as_it_is() -> None:
    for text, key in ((b'"\\/ \\u0043"', KEY), (b'"any"', "any")):
        file = io.BytesIO(text)
        found(key).remove_from_file(file)
        assert file.read() == text
        assert found(key).removed("any") == "any"
