"""Invalid requests, and FastAPI's answers to them in the service.

The expected answers are those of FastAPI 0.165 with the contract's models.
"""

from typing import Any

import pytest

from asking import CHAT, ask

RIGHT = {"prompt": "Well?", "index_ids": ["idx-1"]}
STREAM = f"{CHAT}/ses-hello/messages/stream"


def detail(url: str, body: object, target: str = STREAM) -> Any:  # noqa: ANN401 - any JSON value
    """Return the detail in the answer to an invalid request."""
    reply = ask(url, "POST", target, body)
    assert reply.status == 422
    return reply.json["detail"]


def problem(kind: str, place: list[object], message: str, **more: object) -> object:
    """Return one problem as FastAPI reports it."""
    return {"type": kind, "loc": ["body", *place], "msg": message, **more}


def too_long(value: list[object]) -> object:
    message = "List should have at most 10 items after validation, not 11"
    limits = {"field_type": "List", "max_length": 10, "actual_length": 11}
    return problem("too_long", ["index_ids"], message, input=value, ctx=limits)


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"prompt": "x" * 1000, "index_ids": ["i"] * 10, "more": None},
        *({"require_all_indexes": value} for value in (True, 1, "yes", "off", 0.0)),
    ],
)
def test_what_is_right_is_taken(url: str, change: dict[str, object]) -> None:
    assert ask(url, "POST", STREAM, {**RIGHT, **change}).status == 200


NO_TEXT = "Input should be a valid string"
NO_LIST = "Input should be a valid list"
NO_BOOLEAN = "Input should be a valid boolean"
UNCLEAR = f"{NO_BOOLEAN}, unable to interpret input"


@pytest.mark.parametrize(
    ("key", "value", "kind", "message"),
    [
        ("prompt", None, "string_type", NO_TEXT),
        ("index_ids", None, "list_type", NO_LIST),
        ("index_ids", "idx-1", "list_type", NO_LIST),
        ("require_all_indexes", None, "bool_type", NO_BOOLEAN),
        ("require_all_indexes", 2, "bool_parsing", UNCLEAR),
        ("require_all_indexes", "maybe", "bool_parsing", UNCLEAR),
    ],
)
def test_a_value_of_the_wrong_type_is_told(
    url: str, key: str, value: object, kind: str, message: str
) -> None:
    told = problem(kind, [key], message, input=value)
    assert detail(url, {**RIGHT, key: value}) == [told]


def test_what_is_too_long_or_too_short_is_told(url: str) -> None:
    numbers: list[object] = [5] * 11
    assert detail(url, {**RIGHT, "index_ids": numbers}) == [too_long(numbers)]
    message = "List should have at least 1 item after validation, not 0"
    limits = {"field_type": "List", "min_length": 1, "actual_length": 0}
    told = problem("too_short", ["index_ids"], message, input=[], ctx=limits)
    assert detail(url, {**RIGHT, "index_ids": []}) == [told]
    message, limits = "String should have at most 1000 characters", {"max_length": 1000}
    long = "x" * 1001
    told = problem("string_too_long", ["prompt"], message, input=long, ctx=limits)
    assert detail(url, {**RIGHT, "prompt": long}) == [told]


def test_of_a_list_the_wrong_item_is_told(url: str) -> None:
    told = problem("string_type", ["index_ids", 1], NO_TEXT, input={"id": 5})
    assert detail(url, {**RIGHT, "index_ids": ["i", {"id": 5}]}) == [told]


def test_all_that_is_missing_is_told_at_once(url: str) -> None:
    missing = [
        problem("missing", [key], "Field required", input={})
        for key in ("index_ids", "prompt")
    ]
    assert detail(url, {}) == missing
    whole = problem("missing", [], "Field required", input=None)
    assert detail(url, b"") == [whole]


@pytest.mark.parametrize("value", [[], 5, "x", None])
def test_what_is_no_object_is_told(url: str, value: object) -> None:
    message = "Input should be a valid dictionary or object to extract fields from"
    told = problem("model_attributes_type", [], message, input=value)
    assert detail(url, b"null" if value is None else value) == [told]


def test_half_a_character_is_no_text(url: str) -> None:
    (told,) = detail(url, {**RIGHT, "prompt": "\ud800"})
    assert (told["type"], told["input"]) == ("string_unicode", "\ud800")


def test_what_is_no_json_is_told_with_its_place(url: str) -> None:
    ctx = {"error": "Expecting property name enclosed in double quotes"}
    told = problem("json_invalid", [1], "JSON decode error", input={}, ctx=ctx)
    assert detail(url, b"{") == [told]


@pytest.mark.parametrize(
    "body",
    [
        *(b"\xff", b"[" * 100_000, b'{"index_ids": [-Infinity]}'),
        *(b'{"index_ids": NaN}', b'{"index_ids": 1e999}'),
        b'{"index_ids": %s}' % (b"9" * 5000),
        b'{"index_ids": %s1%s}' % (b"[" * 300, b"]" * 300),
    ],
    ids=["utf-8", "deep", "infinity", "nan", "large", "long", "nested"],
)
def test_what_cannot_be_read_at_all_is_400(url: str, body: bytes) -> None:
    reply = ask(url, "POST", STREAM, body)
    assert reply.status == 400
    assert reply.json == {"detail": "There was an error parsing the body"}


@pytest.mark.parametrize(
    "body",
    [{}, {"index_ids": None}, {"index_ids": []}, {"shared_access": "query"}, b"null"],
)
def test_a_session_may_be_created_with_little(url: str, body: object) -> None:
    assert ask(url, "POST", CHAT, body).status == 201


def test_a_session_is_not_created_with_what_is_wrong(url: str) -> None:
    ids: list[object] = ["i"] * 11
    message = "Input should be 'query' or 'read_only'"
    ctx = {"expected": "'query' or 'read_only'"}
    access = problem("literal_error", ["shared_access"], message, input=5, ctx=ctx)
    told = detail(url, {"index_ids": ids, "shared_access": 5}, CHAT)
    assert told == [too_long(ids), access]
