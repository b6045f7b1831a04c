import json
from pathlib import Path

import pytest

from reading import AROUND_RESULT, refusal
from replay.codec.reader import loads
from replay.codec.writer import dumps
from replay.errors import DecodeError
from replay.model.events import ToolResult


def suite(shared: Path, folder: str, start: str) -> dict[str, bytes]:
    """Return the suite's files: each, put in as a tool result's value."""
    head, tail = AROUND_RESULT
    files = sorted((shared / "torture/json_test_suite" / folder).glob(f"{start}*.json"))
    assert files
    return {file.name: head + file.read_bytes() + tail for file in files}


def result_of(data: bytes) -> object:
    (event,) = loads(data).events
    assert isinstance(event, ToolResult)
    return event.result


def test_every_json_that_must_be_accepted_is_given_back_equal(shared: Path) -> None:
    for name, data in suite(shared, "test_parsing", "y_").items():
        value = json.loads(data)["events"][0]["result"]
        assert (name, repr(result_of(data))) == (name, repr(value))
        assert (name, repr(result_of(dumps(loads(data))))) == (name, repr(value))


def test_every_json_that_must_be_refused_is_refused(shared: Path) -> None:
    for name, data in suite(shared, "test_parsing", "n_").items():
        error = refusal(data)
        assert (name, bool(error.where and error.reason)) == (name, True)


@pytest.mark.parametrize(
    ("folder", "start"), [("test_parsing", "i_"), ("test_transform", "")]
)
def test_json_that_may_be_refused_is_refused_or_given_back_equal(
    shared: Path, folder: str, start: str
) -> None:
    for name, data in suite(shared, folder, start).items():
        try:
            value = result_of(data)
        except DecodeError as error:
            assert error.reason  # noqa: PT017 - it may also be read
        else:
            assert (name, repr(value)) == (
                name,
                repr(json.loads(data)["events"][0]["result"]),
            )
            assert (name, repr(result_of(dumps(loads(data))))) == (name, repr(value))
