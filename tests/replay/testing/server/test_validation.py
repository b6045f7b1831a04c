"""What a request must hold."""

import json

import pytest

from replay.testing.server.validation import (
    CREATE,
    STREAM,
    InvalidRequestError,
    json_object,
)

RIGHT = {"prompt": "Well?", "index_ids": ["idx-1"]}


def problems(body: object) -> list[tuple[object, object]]:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    with pytest.raises(InvalidRequestError) as caught:
        json_object(data, STREAM)
    return [(each["type"], each["loc"]) for each in caught.value.detail]


@pytest.mark.parametrize(
    "body",
    [
        RIGHT,
        {**RIGHT, "require_all_indexes": True},
        {**RIGHT, "prompt": "x" * 1000, "index_ids": ["i"] * 10},
        {**RIGHT, "more": None},
    ],
)
def test_what_is_right_is_taken(body: object) -> None:
    assert json_object(json.dumps(body).encode(), STREAM) == body


@pytest.mark.parametrize(
    ("change", "kind", "where"),
    [
        ({"prompt": None}, "string_type", ["prompt"]),
        ({"prompt": "x" * 1001}, "string_too_long", ["prompt"]),
        ({"index_ids": None}, "list_type", ["index_ids"]),
        ({"index_ids": []}, "too_short", ["index_ids"]),
        ({"index_ids": ["i"] * 11}, "too_long", ["index_ids"]),
        ({"index_ids": [5] * 11}, "too_long", ["index_ids"]),
        ({"index_ids": ["i", 5]}, "string_type", ["index_ids", 1]),
        ({"require_all_indexes": 1}, "bool_type", ["require_all_indexes"]),
    ],
)
def test_what_is_wrong_is_told_with_its_place(
    change: dict[str, object], kind: str, where: list[object]
) -> None:
    assert problems({**RIGHT, **change}) == [(kind, ["body", *where])]


def test_all_that_is_missing_is_told_at_once() -> None:
    both = [("missing", ["body", "index_ids"]), ("missing", ["body", "prompt"])]
    assert problems({}) == both
    assert problems(b"") == both


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"{", "json_invalid"),
        (b"\xff", "json_invalid"),
        (b"[" * 100_000, "json_invalid"),
        (b'{"index_ids": NaN}', "json_invalid"),
        (b'{"index_ids": [-Infinity]}', "json_invalid"),
        (b'{"index_ids": 1e999}', "json_invalid"),
        (b'{"index_ids": %s}' % (b"9" * 5000), "json_invalid"),
        (b'{"index_ids": %s1%s}' % (b"[" * 300, b"]" * 300), "json_invalid"),
        (b"[]", "dict_type"),
    ],
)
def test_what_is_no_object_is_refused(body: bytes, kind: str) -> None:
    assert problems(body) == [(kind, ["body"])]


@pytest.mark.parametrize(
    "body",
    [{}, {"index_ids": None}, {"index_ids": []}, {"shared_access": "read_only"}],
)
def test_a_session_may_be_created_with_little(body: dict[str, object]) -> None:
    assert json_object(json.dumps(body).encode(), CREATE) == body


@pytest.mark.parametrize("body", [{"index_ids": "idx"}, {"shared_access": "write"}])
def test_a_session_is_not_created_with_what_is_wrong(body: object) -> None:
    with pytest.raises(InvalidRequestError):
        json_object(json.dumps(body).encode(), CREATE)


def test_of_a_list_the_wrong_item_is_told() -> None:
    body = {**RIGHT, "index_ids": ["i", {"id": 5}]}
    with pytest.raises(InvalidRequestError) as caught:
        json_object(json.dumps(body).encode(), STREAM)
    assert [each["input"] for each in caught.value.detail] == [{"id": 5}]
