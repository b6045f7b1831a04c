"""The plugin that keeps what it is told."""

from replay import ReplayEngine, loads
from replay.engine import hookspecs
from replay.model.events import EVENT_CLASSES
from replay.testing.plugin_contract import Call, spy
from spying import HOOKS

#: These are given an event that ``replay_event`` is given too, or tell nothing new.
LEFT_OUT = {*EVENT_CLASSES, "unknown_event", "close"} - {
    "text",
    "thinking",
    "tool_result",
}


def test_it_listens_to_all_that_a_plugin_can_be_told() -> None:
    hooks = {name.removeprefix("replay_") for name in HOOKS}
    assert set(spy([])) == hooks - LEFT_OUT


def test_it_keeps_all_that_a_hook_is_given() -> None:
    calls: list[Call] = []
    session = loads(
        """[{"type": "thinking", "content": "Hm."}, {"type": "text", "content": "Yes."},
        {"type": "tool_result", "call_id": "c1", "name": "find", "result": 1}]"""
    )
    ReplayEngine([spy(calls)]).replay(session)
    specs = {name: getattr(hookspecs, f"replay_{name}") for name in spy([])}
    lengths = {name: spec.__code__.co_argcount for name, spec in specs.items()}
    assert {name: len(given) for name, *given in calls} == lengths
