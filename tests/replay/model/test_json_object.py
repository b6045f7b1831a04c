"""Values from JSON objects, which are read-only and lose nothing."""

import copy
import json
import pickle
import sys
from collections.abc import Callable
from functools import partial
from typing import Any

import attrs
import pytest

from json_values import nested
from replay import EncodeError, Stop, Text, ToolResult, Usage
from replay.model.json_object import read_only

RUN = Usage(recorded={"x": 1})
STOP = Stop(RUN, is_error=False, recorded={"usage": {"x": 1}})
TOKENS = Usage(total_input_tokens=5, recorded={"total_input_tokens": 5})


@pytest.mark.parametrize(
    ("value", "extra"),
    [
        (Text("a"), {}),
        (
            Text("a", recorded={"type": "text", "content": "a", "x": [1], "": None}),
            {"x": [1], "": None},
        ),
        (Usage(recorded={"type": "tokens", "turns": 1}), {"type": "tokens"}),
    ],
)
def test_extra_holds_the_keys_that_no_field_bears(
    value: Text | Usage, extra: dict[str, object]
) -> None:
    assert value.extra == extra


@pytest.mark.parametrize(
    ("value", "written"),
    [
        # What was absent stays absent, and null stays null, in recorded order.
        (Usage(recorded={"turns": 1}), {"turns": 1}),
        (Usage(recorded={"total_input_tokens": None}), {"total_input_tokens": None}),
        (
            Text("a", recorded={"x": 1, "content": "a", "type": "text"}),
            {"x": 1, "content": "a", "type": "text"},
        ),
        # What is made by hand lacks its defaults, unless the wire requires them.
        (Usage(), {}),
        (Text("a"), {"type": "text", "content": "a"}),
        (
            Stop(Usage(), is_error=False, skipped_index_ids=("idx-1",)),
            {
                "type": "stop",
                "usage": {},
                "is_error": False,
                "error": None,
                "skipped_index_ids": ["idx-1"],
            },
        ),
        # A field that was given since is written, be it the default.
        (attrs.evolve(RUN, total_input_tokens=5), {"x": 1, "total_input_tokens": 5}),
        (
            attrs.evolve(TOKENS, total_input_tokens=None),
            {"total_input_tokens": None},
        ),
        (
            attrs.evolve(STOP, usage=attrs.evolve(RUN, turns=2)),
            {"usage": {"x": 1, "turns": 2}},
        ),
    ],
)
def test_a_value_is_written_as_it_was_recorded_and_as_it_is_now(
    value: Text | Usage | Stop, written: dict[str, object]
) -> None:
    assert [*value.as_object().items()] == [*written.items()]


def test_a_change_of_the_written_object_does_not_reach_the_event() -> None:
    event = ToolResult("c", "n", [1], recorded={"result": [1], "x": [1]})
    written = event.as_object()
    for value in (written["result"], written["x"], event.extra["x"]):
        with pytest.raises(TypeError):
            value.append(2)  # type: ignore[attr-defined]  # what the test is about
    with pytest.raises(TypeError):
        event.extra["x"] = 1  # type: ignore[index]  # the same
    written["y"] = 1
    assert event.as_object() == {"result": [1], "x": [1]}


def test_the_record_does_not_count_when_values_are_compared() -> None:
    assert Text("a", recorded={"content": "a", "x": 1}) == Text("a")


def test_a_repr_shows_what_differs_from_the_defaults() -> None:
    assert repr(Usage(turns=2)) == "Usage(turns=2)"


@pytest.mark.parametrize("kind", [dict, list])
def test_every_method_that_changes_is_refused(kind: type) -> None:
    reading = {
        *dir(tuple),
        *("__reversed__", "__or__", "__ror__", "copy", "fromkeys", "get"),
        *("items", "keys", "values"),
    }
    changing = set(dir(kind)) - reading
    value = read_only(kind())
    mine = vars(type(value))
    assert all(mine[name] is mine["clear"] for name in changing)
    with pytest.raises(TypeError, match=r"change a copy: dict\(x\) or list\(x\)"):
        value.clear()
    with pytest.raises(AttributeError):
        value.note = 2


def test_read_only_values_are_dicts_and_lists_apart_from_what_was_given() -> None:
    given: dict[str, list[int]] = {"a": [1]}
    value = read_only(given)
    assert isinstance(value, dict)
    assert isinstance(value["a"], list)
    assert json.dumps(value) == '{"a": [1]}'
    assert type(given["a"]) is list
    given["a"].append(2)
    assert dict(value) | {"b": 2} == {"a": [1], "b": 2}
    assert read_only({"a": (1, 2)}) == {"a": [1, 2]}  # as JSON makes of a tuple


def pickled(value: object, protocol: int) -> Any:  # noqa: ANN401 - as it was given
    return pickle.loads(pickle.dumps(value, protocol))  # noqa: S301 - our own bytes


@pytest.mark.parametrize(
    "copied",
    [
        *(copy.copy, copy.deepcopy),
        *(partial(pickled, protocol=n) for n in range(pickle.HIGHEST_PROTOCOL + 1)),
    ],
)
def test_a_copy_of_a_read_only_value_is_equal_and_read_only(
    copied: Callable[[Any], Any],
) -> None:
    for given in ({"a": [1]}, [{"b": 1}], nested(200)):
        back = copied(read_only(given))
        assert back == given
        for value in (back, *(back.values() if isinstance(back, dict) else back)):
            with pytest.raises(TypeError):
                value.clear()


def test_the_deepest_values_can_be_read_and_deeper_ones_are_refused() -> None:
    assert read_only({"a": nested(500)}) == {"a": nested(500)}
    with pytest.raises(EncodeError, match="nested deeper than 500 levels"):
        read_only({"a": nested(501)})


def test_a_value_that_holds_itself_is_refused() -> None:
    value: list[Any] = []
    value.append(value)
    with pytest.raises(EncodeError, match="nested deeper"):
        read_only(value)


@pytest.mark.parametrize("key", [0, 1, None, True, 1.5, b"a"])
def test_a_key_that_is_no_string_is_refused(key: object) -> None:
    with pytest.raises(EncodeError, match="isn't a string"):
        read_only({key: 1})


def test_reading_the_deepest_values_leaves_room_on_the_stack() -> None:
    def beneath(frames: int) -> object:
        return beneath(frames - 1) if frames else read_only(nested(500))

    assert beneath(sys.getrecursionlimit() // 4) == nested(500)
