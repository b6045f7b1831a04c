"""Validation of requests, with pydantic and FastAPI's answers, as in the service.

Source: the service's OpenAPI document of 2026-08-20, ``HTTPValidationError``.
"""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Annotated, Any, Final, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, Field, TypeAdapter, ValidationError
from pydantic_core import PydanticCustomError
from starlette.exceptions import HTTPException

from replay.errors import DecodeError
from replay.model.json_text import is_deeper, parse_json
from replay.model.limits import Limits

_Value = TypeVar("_Value")

_LARGEST_PAGE: Final = 1_000_000  # more sessions than any source has
_LAST_ENTRY: Final = 1 << 62
_KIND: Final = "value_error"
_MISSING: Final = {"type": "missing", "loc": (), "msg": "Field required", "input": None}


class InvalidRequestError(HTTPException):
    """An invalid request, answered with its problems."""

    def __init__(self, problems: Iterable[Mapping[str, Any]], place: str) -> None:
        detail = [{**each, "loc": [place, *each["loc"]]} for each in problems]
        super().__init__(422, detail)  # type: ignore[arg-type]  # FastAPI does so too


class CreateRequest(BaseModel):
    """The body of a request for a new session."""

    index_ids: Annotated[list[str], Field(max_length=10)] | None = None
    shared_access: Literal["query", "read_only"] | None = None


class StreamRequest(BaseModel):
    """The body of a request for a turn."""

    index_ids: Annotated[list[str], Field(min_length=1, max_length=10)]
    prompt: Annotated[str, Field(max_length=1000)]
    require_all_indexes: bool = False


CREATE: Final[TypeAdapter[CreateRequest | None]] = TypeAdapter(CreateRequest | None)
STREAM: Final = TypeAdapter(StreamRequest)


def page_token(start: int) -> str:
    """Return the token of the page that begins with entry number *start*."""
    return urlsafe_b64encode(b"%d" % start).decode("ascii")


def _start(token: str) -> int:
    with suppress(ValueError):
        start = int(urlsafe_b64decode(token)) if token else 0
        if 0 <= start <= _LAST_ENTRY and token in ("", page_token(start)):
            return start
    raise PydanticCustomError(_KIND, "Invalid page token")


class PageQuery(BaseModel):
    """The parameters of a request for a page of a list."""

    start: Annotated[int, BeforeValidator(_start), Field(alias="page_token")] = 0
    page_size: Annotated[int, Field(ge=1)] | None = None

    def bounds(self, default: int) -> tuple[int, int]:
        """Return the page's start and end; *default* is the size if none is given."""
        size = min(self.page_size or default, _LARGEST_PAGE)
        return self.start, self.start + size


class SourceQuery(BaseModel):
    """The parameter that names a source's file."""

    source_id: str


PAGE: Final = TypeAdapter(PageQuery)
SOURCE: Final = TypeAdapter(SourceQuery)


def query_of(adapter: TypeAdapter[_Value], query: Mapping[str, str]) -> _Value:
    """Return a request's parameters, or raise InvalidRequestError."""
    try:
        return adapter.validate_python(dict(query))
    except ValidationError as error:
        problems = error.errors(include_url=False)
    for each in problems:
        if each["type"] == "missing":
            each["input"] = None
    raise InvalidRequestError(problems, "query")


def body_of(adapter: TypeAdapter[_Value], data: bytes) -> _Value:
    """Return a request's body, or raise InvalidRequestError.

    Except for syntax errors, an unreadable body raises a plain HTTPException.
    """
    value = _json_value(data)
    try:
        return adapter.validate_python(value, from_attributes=True)
    except ValidationError as error:
        problems = error.errors(include_url=False)
        raise InvalidRequestError(problems, "body") from error


def _json_value(data: bytes) -> object:
    if not data:
        raise InvalidRequestError([_MISSING], "body")
    with suppress(DecodeError):
        value = parse_json(data).value
        if not is_deeper(value, Limits().depth):
            return value
    try:
        json.loads(data)
    except json.JSONDecodeError as error:
        problem = {
            "type": "json_invalid",
            "loc": [error.pos],
            "msg": "JSON decode error",
            "input": {},
            "ctx": {"error": error.msg},
        }
        raise InvalidRequestError([problem], "body") from error
    except (ValueError, RecursionError):
        pass  # FastAPI gives no details of these either
    raise HTTPException(400, "There was an error parsing the body")
