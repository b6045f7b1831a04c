"""The suite for plugins, which fails those that misbehave, and no others."""

from collections.abc import Callable
from typing import ClassVar
from unittest import SkipTest

import attrs
import pytest

from replay import (
    Context,
    Message,
    ReplayEngine,
    ReplayReport,
    StopReplay,
    TextDelta,
    UserInput,
    loads,
)
from replay.engine.report import BatchResults
from replay.model.events import EVENT_CLASSES
from replay.testing import PluginContract
from replay.testing.plugin_contract import Call, spy
from spying import HOOKS

CONTRACT = PluginContract()


class ShortHistories(PluginContract):
    """The contract with a longest history that replays quickly."""

    longest: ClassVar[int] = 1000


@attrs.define(eq=False)
class Answers:
    """A correct plugin, which collects texts."""

    texts: list[str] = attrs.field(factory=list)

    def replay_text(self, message: Message) -> None:
        self.texts.append(message.content)


class TestOfAGoodPlugin(ShortHistories):
    @pytest.fixture
    def plugin(self) -> Callable[[], object]:
        return Answers

    def result_of(self, plugin: object) -> object:
        assert isinstance(plugin, Answers)
        return plugin.texts


@attrs.define(eq=False)
class Batched(Answers):
    """The same plugin, for batches."""

    def replay_batch_result(self) -> object:
        texts, self.texts = self.texts, []
        return texts

    def replay_batch_merge(self, results: BatchResults) -> None:
        for each in results:
            self.texts += each.value  # type: ignore[arg-type]  # what was returned


class TestOfAGoodPluginForBatches(TestOfAGoodPlugin):
    @pytest.fixture
    def plugin(self) -> Callable[[], object]:
        return Batched


def stop() -> None:
    raise StopReplay


class TestOfAPluginThatStops(ShortHistories):
    @pytest.fixture
    def plugin(self) -> Callable[[], object]:
        return lambda: {"text": stop}


def hook(name: str, function: Callable[..., object]) -> Callable[[], object]:
    """Return a factory of plugins with one hook."""
    return lambda: {name: function}


def force(value: object, **changes: str) -> None:
    """Change a frozen value regardless."""
    for name, change in changes.items():
        object.__setattr__(value, name, change)


def strip_message(message: Message) -> None:
    force(message, content=message.content.strip())


def strip_event(event: TextDelta) -> None:
    force(event, content=event.content.strip())


def assign(event: UserInput) -> None:
    event.content = "?"  # type: ignore[misc]  # that is its fault


@attrs.define(eq=False)
class SeenEnough:
    """A plugin that stops at its tenth event, in whichever session."""

    events: int = 0

    def replay_event(self) -> None:
        self.events += 1
        if self.events == 10:
            raise StopReplay


@attrs.define(eq=False)
class Numbered(Answers):
    """A plugin that differs from all made before it."""

    made: ClassVar[list[str]] = []

    def __attrs_post_init__(self) -> None:
        self.made.append("")
        self.texts.append(f"{len(self.made)}")


@attrs.define(eq=False)
class ClearsAtTheEnd:
    """A plugin that resets at the end of a session, unless that was stopped."""

    index: int = -1

    def replay_event(self, context: Context) -> None:
        if context.index <= self.index:
            raise StopReplay
        self.index = context.index

    def replay_session_end(self, report: ReplayReport) -> None:
        if report.outcome == "complete":
            self.index = -1


@attrs.define(eq=False)
class CountsDeltas:
    """A plugin that counts deltas, which is right only if its tests say so."""

    count: int = 0

    def replay_text_delta(self) -> None:
        self.count += 1


class UndeclaredCounts(PluginContract):
    """The contract of a plugin that counts deltas and doesn't say so."""

    def result_of(self, plugin: object) -> object:
        assert isinstance(plugin, CountsDeltas)
        return plugin.count


@attrs.define(eq=False)
class StopsAtDeltas:
    """A plugin that stops a session at its third delta."""

    left: int = 3

    def replay_text_delta(self) -> None:
        self.left -= 1
        if not self.left:
            raise StopReplay


class KeepsResults(Batched):
    """A plugin that returns its earlier results again."""

    def replay_batch_result(self) -> object:
        return self.texts


class ReturnsASet(Batched):
    """A plugin that returns a value that isn't JSON."""

    def replay_batch_result(self) -> object:
        return {*super().replay_batch_result()}  # type: ignore[misc]  # a list


class FailsToReturn(Batched):
    """A plugin that fails on a session without an answer."""

    def replay_batch_result(self) -> object:
        return self.texts.pop()


class MergesTheLast(Batched):
    """A plugin that merges only the last result."""

    def replay_batch_merge(self, results: BatchResults) -> None:
        self.texts = [*results][-1].value


EXPECTS_RESULTS = hook("tool_result", lambda event: list(event.result["results"]))
OF_ANSWERS = TestOfAGoodPlugin()

#: For each law, a contract, a plugin that breaks it, and the message to its author.
BROKEN: dict[str, list[tuple[PluginContract, Callable[[], object], str]]] = {
    "no_history_makes_a_hook_raise": [
        (
            ShortHistories(),
            EXPECTS_RESULTS,
            "hook replay_tool_result, .*ready for any history",
        ),
        (
            ShortHistories(),
            hook("tool_call", lambda event: event.arguments.update(seen=1)),
            "hook replay_tool_call, .*change a copy",
        ),
        (
            ShortHistories(),
            hook("user_input", assign),
            "replay_user_input, .*change a copy",
        ),
    ],
    "replaying_twice_is_replaying_once_twice": [
        (CONTRACT, hook("close", lambda: 1 / 0), "hook replay_close"),
        (CONTRACT, SeenEnough, "begin anew in replay_session_start"),
        (OF_ANSWERS, Numbered, "two new plugins made different things"),
    ],
    "it_changes_nothing_that_it_is_given": [
        (CONTRACT, EXPECTS_RESULTS, r"session '.*implicit_turns-\d+'"),
        (
            CONTRACT,
            hook("session_start", lambda session: force(session, generated_title="M")),
            "the session has changed",
        ),
        (CONTRACT, hook("text", strip_message), "something else than without it"),
        (CONTRACT, hook("text_delta", strip_event), "something else than without it"),
    ],
    "a_replay_that_is_cut_short_harms_nothing": [
        (CONTRACT, ClearsAtTheEnd, "not at a session's end"),
    ],
    "cutting_the_deltas_elsewhere_changes_nothing": [
        (UndeclaredCounts(), CountsDeltas, "observes_deltas = True"),
        (CONTRACT, StopsAtDeltas, "observes_deltas = True"),
    ],
    "a_batch_result_is_json_and_of_one_session": [
        (CONTRACT, KeepsResults, "when other sessions came before .*forget"),
        (CONTRACT, ReturnsASet, "no JSON value.*numbers, texts, lists and dicts only"),
        (CONTRACT, FailsToReturn, "replay_batch_result.*be ready for any history"),
    ],
    "merging_a_batch_is_replaying_in_one_go": [
        (OF_ANSWERS, MergesTheLast, "something else than a plain replay"),
    ],
}


@pytest.mark.parametrize("law", BROKEN)
def test_a_plugin_that_misbehaves_is_found_out(law: str) -> None:
    for contract, plugin, said in BROKEN[law]:
        with pytest.raises(AssertionError, match=said):
            getattr(contract, f"test_{law}")(plugin)


def test_every_law_can_be_broken_and_one_without_the_others() -> None:
    laws = {name for name in dir(PluginContract) if name.startswith("test_")}
    assert {f"test_{law}" for law in BROKEN} == laws
    CONTRACT.test_replaying_twice_is_replaying_once_twice(ClearsAtTheEnd)


@pytest.mark.parametrize("law", BROKEN)
def test_a_plugin_in_place_of_what_makes_one_is_refused(law: str) -> None:
    said = "expected a callable that makes a plugin, not .*: the fixture plugin returns"
    for given in (Answers(), {"text": stop}, "usage", None):
        with pytest.raises(TypeError, match=said):
            getattr(CONTRACT, f"test_{law}")(given)


class DeclaredCounts(UndeclaredCounts):
    """The contract of a plugin that counts deltas and says so."""

    observes_deltas: ClassVar[bool] = True


class Gives(Answers):
    """A plugin that returns results, but merges none."""

    def replay_batch_result(self) -> object:
        return len(self.texts)


def test_what_a_plugin_need_not_do_is_not_tried() -> None:
    with pytest.raises(SkipTest, match="observes deltas"):
        DeclaredCounts().test_cutting_the_deltas_elsewhere_changes_nothing(CountsDeltas)
    with pytest.raises(SkipTest, match="gives no results"):
        CONTRACT.test_a_batch_result_is_json_and_of_one_session(Answers)
    with pytest.raises(SkipTest, match="gives no results"):
        CONTRACT.test_merging_a_batch_is_replaying_in_one_go(Answers)
    with pytest.raises(SkipTest, match="merges no results"):
        CONTRACT.test_merging_a_batch_is_replaying_in_one_go(Gives)


#: The hooks that get only an event, like ``replay_event``, or nothing new.
LEFT_OUT = {*EVENT_CLASSES, "unknown_event", "close"} - {
    *("text", "thinking", "tool_result")
}


def test_the_contract_compares_all_that_a_plugin_can_be_told() -> None:
    hooks = {name.removeprefix("replay_") for name in HOOKS}
    assert set(spy([])) == hooks - LEFT_OUT
    calls: list[Call] = []
    session = loads(
        """[{"type": "thinking", "content": "Hm."}, {"type": "text", "content": "Yes."},
        {"type": "tool_result", "call_id": "c1", "name": "find", "result": 1}]"""
    )
    ReplayEngine([spy(calls)]).replay(session)
    assert {(type(first).__name__, len(more)) for first, *more in calls} == {
        *{("Session", 0), ("Session", 1), ("NoneType", 1), ("Turn", 1)},
        *{("Thinking", 1), ("Text", 1), ("ToolResult", 1), ("ToolResult", 2)},
        *{("Message", 1), ("Diagnostic", 1)},
    }
