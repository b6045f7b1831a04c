"""What a request must hold, and how the service says that it does not.

Source: the service's OpenAPI document of 2026-08-20, ``HTTPValidationError``.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, TypeAlias

import attrs

from replay.errors import DecodeError
from replay.model.json_text import is_deeper, parse
from replay.model.limits import Limits

#: What is wrong: its type, a sentence, and the place within the value.
_Fault: TypeAlias = tuple[str, str, tuple[str | int, ...]]
_Check: TypeAlias = Callable[[object], Iterator[_Fault]]

_MOST_INDEXES: Final = 10
_LONGEST_PROMPT: Final = 1000


class InvalidRequestError(Exception):
    """A request is not as it must be; ``detail`` is what the answer says."""

    def __init__(self, detail: list[dict[str, object]]) -> None:
        super().__init__(detail)
        self.detail = detail


@attrs.frozen
class Field:
    """A key of a request."""

    check: _Check
    is_required: bool = False


def invalid(where: Sequence[str], kind: str, message: str) -> InvalidRequestError:
    """Return the error for one thing that is wrong."""
    return InvalidRequestError([{"type": kind, "loc": [*where], "msg": message}])


def json_object(data: bytes, fields: Mapping[str, Field]) -> dict[str, Any]:
    """Return a request's body.

    Args:
        data: The body; nothing stands for an empty object.
        fields: What it may hold; other keys are let be.

    Raises:
        InvalidRequestError: It is no JSON object, or a field is wrong.
    """
    value = _json_value(data or b"{}")
    if not isinstance(value, dict):
        sentence = "Input should be a valid dictionary"
        raise invalid(("body",), "dict_type", sentence)
    problems = [p for name in fields for p in _problems(value, name, fields[name])]
    if problems:
        raise InvalidRequestError(problems)
    return value


def _json_value(data: bytes) -> object:
    problem: object = "nested too deep"
    try:
        value = parse(data).value
        if not is_deeper(value, Limits().depth):
            return value
    except DecodeError as error:
        problem = error
    raise invalid(("body",), "json_invalid", f"JSON decode error: {problem}")


def _problems(
    value: Mapping[str, object], name: str, field: Field
) -> Iterator[dict[str, object]]:
    if name in value:
        for kind, sentence, within in field.check(value[name]):
            place = ["body", name, *within]
            given: Any = value[name]
            for step in within:
                given = given[step]
            yield {"type": kind, "loc": place, "msg": sentence, "input": given}
    elif field.is_required:
        place = ["body", name]
        yield {"type": "missing", "loc": place, "msg": "Field required", "input": value}


def _index_ids(value: object) -> Iterator[_Fault]:
    if not isinstance(value, list):
        yield "list_type", "Input should be a valid list", ()
        return
    if len(value) > _MOST_INDEXES:
        sentence = f"List should have at most {_MOST_INDEXES} items"
        yield "too_long", f"{sentence} after validation, not {len(value)}", ()
        return
    for number, each in enumerate(value):
        if not isinstance(each, str):
            yield "string_type", "Input should be a valid string", (number,)


def _index_ids_or_null(value: object) -> Iterator[_Fault]:
    return iter(()) if value is None else _index_ids(value)


def _some_index_ids(value: object) -> Iterator[_Fault]:
    yield from _index_ids(value)
    if value == []:
        yield (
            "too_short",
            "List should have at least 1 item after validation, not 0",
            (),
        )


def _prompt(value: object) -> Iterator[_Fault]:
    if not isinstance(value, str):
        yield "string_type", "Input should be a valid string", ()
    elif len(value) > _LONGEST_PROMPT:
        sentence = f"String should have at most {_LONGEST_PROMPT} characters"
        yield "string_too_long", sentence, ()


def _access(value: object) -> Iterator[_Fault]:
    if value not in (None, "query", "read_only"):
        yield "literal_error", "Input should be 'query' or 'read_only'", ()


def _boolean(value: object) -> Iterator[_Fault]:
    if not isinstance(value, bool):
        yield "bool_type", "Input should be a valid boolean", ()


CREATE: Final[Mapping[str, Field]] = {
    "index_ids": Field(_index_ids_or_null),
    "shared_access": Field(_access),
}
STREAM: Final[Mapping[str, Field]] = {
    "index_ids": Field(_some_index_ids, is_required=True),
    "prompt": Field(_prompt, is_required=True),
    "require_all_indexes": Field(_boolean),
}
