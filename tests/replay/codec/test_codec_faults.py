from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from replay.codec.structure import check_event, decode_header
from replay.errors import DecodeError
from wire_objects import CALL, HEADER, RESULT, STOP

NO_STRINGS: list[object] = [1, 1.5, True, [], {}, ["a"]]
NO_INTEGERS: list[object] = ["1", 1.0, 1.5, True, [], {}]
NO_NUMBERS: list[object] = ["1.5", True, [], {}]
NO_BOOLEANS: list[object] = [0, 1, "false", 0.0, [], {}]
NO_LISTS_OF_STRINGS: list[object] = ["idx-1", 1, {}, True]
NO_OBJECTS: list[object] = ["{}", 1, [], True]
NULL: list[object] = [None]


def wrong_fields() -> list[tuple[dict[str, Any], str, object]]:
    """Return (a good event, the path of one of its fields, a wrong value for it)."""
    contents: list[tuple[dict[str, Any], str, list[object]]] = [
        ({"type": kind, "content": "a"}, "content", NO_STRINGS + NULL)
        for kind in ("user_input", "thinking", "thinking_delta", "text", "text_delta")
    ]
    others: list[tuple[dict[str, Any], str, list[object]]] = [
        (CALL, "call_id", NO_STRINGS + NULL),
        (CALL, "name", NO_STRINGS + NULL),
        (CALL, "arguments", NO_OBJECTS + NULL),
        (RESULT, "call_id", NO_STRINGS + NULL),
        (RESULT, "name", NO_STRINGS + NULL),
        (RESULT, "image_attachment", NO_OBJECTS),
        (RESULT, "image_attachment.source_id", NO_STRINGS + NULL),
        (RESULT, "image_attachment.attachment_name", NO_STRINGS + NULL),
        (STOP, "usage", NO_OBJECTS + NULL),
        (STOP, "usage.total_input_tokens", NO_INTEGERS),
        (STOP, "usage.total_output_tokens", NO_INTEGERS),
        (STOP, "usage.turns", NO_INTEGERS + NULL),
        (STOP, "usage.duration_ms", NO_NUMBERS + NULL),
        (STOP, "is_error", NO_BOOLEANS + NULL),
        (STOP, "error", NO_STRINGS),
        (STOP, "skipped_index_ids", NO_LISTS_OF_STRINGS),
    ]
    return [
        (event, path, wrong)
        for event, path, values in contents + others
        for wrong in values
    ]


def with_value(value: dict[str, Any], path: str, given: object) -> dict[str, Any]:
    """Return a copy of *value* in which *path* holds what is given."""
    key, _, rest = path.partition(".")
    return value | {key: with_value(value[key], rest, given) if rest else given}


def refusal(check: Callable[[], object]) -> tuple[str, str]:
    """Return the path of what is refused, and the first word of the reason."""
    with pytest.raises(DecodeError) as caught:
        check()
    return caught.value.where, caught.value.reason.split()[0]


def test_a_field_of_a_wrong_type_is_refused_by_its_path() -> None:
    for event, path, wrong in wrong_fields():
        check_event(event, "$")
        changed = with_value(event, path, wrong)
        refused = refusal(partial(check_event, changed, "$.events[3]"))
        assert refused == (f"$.events[3].{path}", "expected"), changed


@pytest.mark.parametrize(
    ("event", "required"),
    [
        (
            {"type": "text", "content": "a"},
            ["content"],
        ),
        (CALL, ["call_id", "name", "arguments"]),
        (RESULT, ["call_id", "name", "result"]),
        (STOP, ["usage", "is_error", "error"]),
    ],
)
def test_a_required_field_that_is_missing_is_refused_by_its_path(
    event: dict[str, Any], required: list[str]
) -> None:
    for name in required:
        less = {key: value for key, value in event.items() if key != name}
        with pytest.raises(DecodeError) as caught:
            check_event(less, "$.events[3]")
        assert str(caught.value) == f"$.events[3].{name}: missing"


@pytest.mark.parametrize("wrong", [1, None, []])
def test_an_entry_of_a_list_of_ids_is_refused_by_its_path(wrong: object) -> None:
    with pytest.raises(DecodeError) as caught:
        check_event(STOP | {"skipped_index_ids": ["idx-1", wrong]}, "$[0]")
    assert caught.value.where == "$[0].skipped_index_ids[1]"


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ({"type": "x: $"}, "$[3].type: no event has the type 'x: $'"),
        ({"type": "\x1b\ud83d"}, r"$[3].type: no event has the type '\x1b\ud83d'"),
        ({"type": 5}, "$[3].type: expected a string, got an integer"),
        ({}, "$[3].type: the event has no type"),
        (None, "$[3]: expected an object, got null"),
        ([], "$[3]: expected an object, got a list"),
        ("a", "$[3]: expected an object, got a string"),
        (True, "$[3]: expected an object, got true or false"),
        (1.5, "$[3]: expected an object, got a number"),
    ],
)
def test_what_is_no_event_is_refused_by_its_path(value: object, said: str) -> None:
    with pytest.raises(DecodeError) as caught:
        check_event(value, "$[3]")
    assert str(caught.value) == said


def test_an_id_that_is_null_is_refused() -> None:
    with pytest.raises(DecodeError, match=r"\$\.session_id: expected a string"):
        decode_header({"session_id": None}, "unused")


def test_a_header_field_of_a_wrong_type_is_refused_by_its_path() -> None:
    wrong_values = {
        "session_id": NO_STRINGS,
        "last_updated_at": NO_STRINGS,
        "generated_title": NO_STRINGS,
        "index_ids": NO_LISTS_OF_STRINGS,
        "job_metadata": NO_OBJECTS,
        "job_metadata.total_input_tokens": NO_INTEGERS,
        "job_metadata.total_output_tokens": NO_INTEGERS,
        "job_metadata.turns": NO_INTEGERS + NULL,
        "job_metadata.duration_ms": NO_NUMBERS + NULL,
        "job_metadata.is_error": NO_BOOLEANS + NULL,
        "job_metadata.error": NO_STRINGS,
        "job_metadata.export_config_ids": NO_LISTS_OF_STRINGS,
        "shared_access": NO_STRINGS,
    }
    for path, values in wrong_values.items():
        for wrong in values:
            changed = with_value(HEADER, path, wrong)
            refused = refusal(partial(decode_header, changed, "unused"))
            assert refused == (f"$.{path}", "expected"), changed


def test_an_index_id_of_a_wrong_type_is_refused_by_its_path() -> None:
    with pytest.raises(DecodeError) as caught:
        decode_header({"index_ids": ["idx-1", 5]}, "ses-1")
    assert str(caught.value) == "$.index_ids[1]: expected a string, got an integer"
