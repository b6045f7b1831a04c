"""Values that were JSON objects: read-only, and nothing of them is lost."""

import copy
import json
import pickle
import sys
from collections.abc import Callable
from typing import Any

import attrs
import pytest

from json_values import nested
from replay import EncodeError, Stop, Text, ToolResult, Usage
from replay.model.json_object import read_only


def test_a_value_without_a_record_has_nothing_extra() -> None:
    assert Text("a").extra == {}


def test_extra_holds_the_keys_that_no_field_bears() -> None:
    event = Text("a", recorded={"type": "text", "content": "a", "x": [1], "": None})
    assert event.extra == {"x": [1], "": None}


def test_extra_of_what_has_no_type_may_hold_one() -> None:
    usage = Usage(recorded={"type": "tokens", "turns": 1})
    assert usage.extra == {"type": "tokens"}


def test_extra_is_read_only_at_every_depth() -> None:
    event = Text("a", recorded={"content": "a", "x": [1]})
    with pytest.raises(TypeError):
        event.extra["x"] = 1  # type: ignore[index]  # what the test is about
    with pytest.raises(TypeError):
        event.extra["x"].append(2)  # type: ignore[attr-defined]  # the same


def test_what_was_absent_stays_absent() -> None:
    usage = Usage(recorded={"turns": 1})
    assert usage.as_object() == {"turns": 1}


def test_what_was_null_stays_null() -> None:
    usage = Usage(recorded={"total_input_tokens": None})
    assert usage.as_object() == {"total_input_tokens": None}


def test_keys_keep_their_recorded_order() -> None:
    event = Text("a", recorded={"x": 1, "content": "a", "type": "text"})
    assert list(event.as_object()) == ["x", "content", "type"]


def test_an_event_made_by_hand_begins_with_its_type() -> None:
    assert list(Text("a").as_object()) == ["type", "content"]


def test_what_is_made_by_hand_is_written_without_its_defaults() -> None:
    assert Usage().as_object() == {}


def test_what_is_made_by_hand_is_written_with_what_the_wire_requires() -> None:
    assert Stop(Usage(), is_error=False).as_object() == {
        "type": "stop",
        "usage": {},
        "is_error": False,
        "error": None,
    }


def test_a_field_given_since_is_written() -> None:
    usage = attrs.evolve(Usage(recorded={"x": 1}), total_input_tokens=5)
    assert usage.as_object() == {"x": 1, "total_input_tokens": 5}


def test_a_recorded_field_set_to_its_default_is_written() -> None:
    recorded = {"total_input_tokens": 5}
    usage = Usage(total_input_tokens=5, recorded=recorded)
    evolved = attrs.evolve(usage, total_input_tokens=None)
    assert evolved.as_object() == {"total_input_tokens": None}


def test_an_object_within_an_object_is_written_as_its_own_fields_say() -> None:
    stop = Stop(Usage(recorded={"x": 1}), is_error=False, recorded={"usage": {"x": 1}})
    evolved = attrs.evolve(stop, usage=attrs.evolve(stop.usage, turns=2))
    assert evolved.as_object()["usage"] == {"x": 1, "turns": 2}


def test_a_tuple_is_written_as_a_list() -> None:
    stop = Stop(Usage(), is_error=False, skipped_index_ids=("idx-1",))
    assert stop.as_object()["skipped_index_ids"] == ["idx-1"]


def test_a_change_of_the_written_object_does_not_reach_the_event() -> None:
    event = ToolResult("c", "n", [1], recorded={"result": [1], "x": [1]})
    written = event.as_object()
    for nested_value in (written["result"], written["x"]):
        with pytest.raises(TypeError):
            nested_value.append(2)  # type: ignore[attr-defined]  # what the test is about
    written["y"] = 1
    assert event.as_object() == {"result": [1], "x": [1]}


def test_the_record_does_not_count_when_values_are_compared() -> None:
    assert Text("a", recorded={"content": "a", "x": 1}) == Text("a")


def test_a_repr_shows_what_differs_from_the_defaults() -> None:
    assert repr(Usage(turns=2)) == "Usage(turns=2)"


@pytest.mark.parametrize(
    "change",
    [
        lambda value: value.__setitem__("a", 2),
        lambda value: value.__delitem__("a"),
        lambda value: value.__ior__({"b": 2}),
        lambda value: value.clear(),
        lambda value: value.pop("a"),
        lambda value: value.popitem(),
        lambda value: value.setdefault("b", 2),
        lambda value: value.update(b=2),
        lambda value: setattr(value, "note", 2),
    ],
)
def test_a_read_only_dict_cannot_be_changed(
    change: Callable[[dict[str, int]], object],
) -> None:
    value = read_only({"a": 1})
    with pytest.raises((TypeError, AttributeError)):
        change(value)
    assert value == {"a": 1}


@pytest.mark.parametrize(
    "change",
    [
        lambda value: value.__setitem__(0, 2),
        lambda value: value.__setitem__(slice(0), [2]),
        lambda value: value.__delitem__(0),
        lambda value: value.__iadd__([2]),
        lambda value: value.__imul__(2),
        lambda value: value.append(2),
        lambda value: value.clear(),
        lambda value: value.extend([2]),
        lambda value: value.insert(0, 2),
        lambda value: value.pop(),
        lambda value: value.remove(1),
        lambda value: value.reverse(),
        lambda value: value.sort(),
        lambda value: setattr(value, "note", 2),
    ],
)
def test_a_read_only_list_cannot_be_changed(
    change: Callable[[list[int]], object],
) -> None:
    value = read_only([1, 0])
    with pytest.raises((TypeError, AttributeError)):
        change(value)
    assert value == [1, 0]


@pytest.mark.parametrize("kind", [dict, list])
def test_every_method_that_changes_is_refused(kind: type) -> None:
    reading = {
        *dir(tuple),
        *("__reversed__", "__or__", "__ror__", "copy", "fromkeys", "get"),
        *("items", "keys", "values"),
    }
    changing = set(dir(kind)) - reading
    mine = vars(type(read_only(kind())))
    assert all(mine[name] is mine["clear"] for name in changing)


def test_a_refused_change_says_what_to_do_instead() -> None:
    with pytest.raises(TypeError, match=r"change a copy: dict\(x\) or list\(x\)"):
        read_only([]).append(1)


def test_values_are_read_only_at_every_depth() -> None:
    value = read_only({"a": [{"b": []}]})
    with pytest.raises(TypeError):
        value["a"][0]["b"].append(1)


def test_a_tuple_is_read_as_the_list_that_json_makes_of_it() -> None:
    assert read_only({"a": (1, 2)}) == {"a": [1, 2]}


def test_what_was_given_is_not_changed() -> None:
    given: dict[str, list[int]] = {"a": [1]}
    read_only(given)
    assert given == {"a": [1]}
    assert type(given["a"]) is list


def test_a_later_change_of_what_was_given_does_not_show() -> None:
    given = {"a": [1]}
    value = read_only(given)
    given["a"].append(2)
    assert value == {"a": [1]}


def test_read_only_values_are_dicts_and_lists() -> None:
    value = read_only({"a": []})
    assert isinstance(value, dict)
    assert isinstance(value["a"], list)


def test_read_only_values_can_be_written_as_json() -> None:
    assert json.dumps(read_only({"a": [1, {"b": None}]})) == '{"a": [1, {"b": null}]}'


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_read_only_values_pickle_and_stay_read_only(protocol: int) -> None:
    value = read_only({"a": [{"b": 1}]})
    back = pickle.loads(pickle.dumps(value, protocol))  # noqa: S301 - our own bytes
    assert back == value
    with pytest.raises(TypeError):
        back["a"][0].clear()


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy])
def test_a_copy_of_a_read_only_value_is_equal_and_read_only(
    copied: Callable[[Any], Any],
) -> None:
    for value in (read_only({"a": [1]}), read_only([{"a": 1}])):
        assert copied(value) == value
        with pytest.raises(TypeError):
            copied(value).clear()


def test_a_plain_copy_can_be_changed() -> None:
    value = read_only({"a": [1]})
    changed = dict(value)
    changed["b"] = 2
    assert changed == {"a": [1], "b": 2}


def test_values_of_the_usual_depth_pickle_and_copy() -> None:
    value = read_only(nested(200))
    assert pickle.loads(pickle.dumps(value)) == value  # noqa: S301 - our own bytes
    assert copy.deepcopy(value) == value


def test_the_deepest_values_can_be_read() -> None:
    assert read_only({"a": nested(500)}) == {"a": nested(500)}


def test_deeper_values_are_refused() -> None:
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
