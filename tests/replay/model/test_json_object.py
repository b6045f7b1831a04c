import attrs
import pytest

from replay.model.events import Stop, Text, ToolResult, Usage


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
