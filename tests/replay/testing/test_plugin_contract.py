"""The suite for plugins: it finds out those that misbehave, and no others."""

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
    loads,
)
from replay.engine.report import Results
from replay.model.events import EVENT_CLASSES
from replay.testing import PluginContract
from replay.testing.plugin_contract import Call, spy
from spying import HOOKS

CONTRACT = PluginContract()


class OfFew(PluginContract):
    """The contract with a longest history that is soon replayed."""

    longest: ClassVar[int] = 1000


@attrs.define(eq=False)
class Answers:
    """Gathers what was said: a plugin that does nothing wrong."""

    texts: list[str] = attrs.field(factory=list)

    def replay_text(self, message: Message) -> None:
        self.texts.append(message.content)


class TestOfAGoodPlugin(OfFew):
    @pytest.fixture
    def plugin(self) -> Callable[[], object]:
        return Answers

    def result_of(self, plugin: object) -> object:
        assert isinstance(plugin, Answers)
        return plugin.texts


@attrs.define(eq=False)
class Batched(Answers):
    """The same, for batches."""

    def replay_batch_result(self) -> object:
        texts, self.texts = self.texts, []
        return texts

    def replay_batch_merge(self, results: Results) -> None:
        for each in results:
            self.texts += each.value  # type: ignore[arg-type]  # what was returned


class TestOfAGoodPluginForBatches(TestOfAGoodPlugin):
    @pytest.fixture
    def plugin(self) -> Callable[[], object]:
        return Batched


def stop() -> None:
    raise StopReplay


class TestOfAPluginThatStops(OfFew):
    @pytest.fixture
    def plugin(self) -> Callable[[], object]:
        return lambda: {"text": stop}


def expects_results() -> object:
    """Return a plugin that takes it that every result is an object with results."""
    return {"tool_result": lambda event: list(event.result["results"])}


@pytest.mark.parametrize(
    ("hook", "function", "said"),
    [
        (
            "tool_result",
            lambda event: list(event.result["results"]),
            "be ready for any history",
        ),
        (
            "tool_call",
            lambda event: event.arguments.update(seen=1),
            "change a copy",
        ),
        (
            "user_input",
            lambda event: setattr(event, "content", "?"),
            "change a copy",
        ),
        ("close", lambda: 1 / 0, "be ready for any history"),
    ],
)
def test_a_hook_that_raises_is_found_out(
    hook: str, function: Callable[..., object], said: str
) -> None:
    with pytest.raises(AssertionError, match=f"hook replay_{hook}\\b.*{said}"):
        OfFew().test_no_history_makes_a_hook_raise(lambda: {hook: function})


@attrs.define(eq=False)
class SeenEnough:
    """Stops at the tenth event, of whichever session it is."""

    events: int = 0

    def replay_event(self) -> None:
        self.events += 1
        if self.events == 10:
            raise StopReplay


def test_state_that_is_carried_into_the_next_session_is_found_out() -> None:
    with pytest.raises(AssertionError, match="begin anew in replay_session_start"):
        CONTRACT.test_replaying_twice_is_replaying_once_twice(SeenEnough)


@attrs.define(eq=False)
class Numbered(Answers):
    """Is told apart from all that were made before it."""

    made: ClassVar[list[str]] = []

    def __attrs_post_init__(self) -> None:
        self.made.append("")
        self.texts.append(f"{len(self.made)}")


def test_plugins_that_are_not_alike_are_found_out() -> None:
    with pytest.raises(AssertionError, match="two new plugins made different things"):
        TestOfAGoodPlugin().test_replaying_twice_is_replaying_once_twice(Numbered)


def forced(event: object, **changes: str) -> None:
    """Change a frozen value in spite of that."""
    for name, value in changes.items():
        object.__setattr__(event, name, value)


@pytest.mark.parametrize(
    ("hook", "function", "said"),
    [
        (
            "session_start",
            lambda session: forced(session, generated_title="Mine"),
            "the session has changed",
        ),
        (
            "text",
            lambda message: forced(message, content=message.content.strip()),
            "is told something else than without it",
        ),
        (
            "text_delta",
            lambda event: forced(event, content=event.content.strip()),
            "is told something else than without it",
        ),
    ],
)
def test_what_changes_for_others_is_found_out(
    hook: str, function: Callable[..., object], said: str
) -> None:
    with pytest.raises(AssertionError, match=said):
        CONTRACT.test_it_changes_nothing_that_it_is_given(lambda: {hook: function})


@attrs.define(eq=False)
class ClearsAtTheEnd:
    """Begins anew at the end of a session, but not of one that was stopped."""

    index: int = -1

    def replay_event(self, context: Context) -> None:
        if context.index <= self.index:
            raise StopReplay
        self.index = context.index

    def replay_session_end(self, report: ReplayReport) -> None:
        if report.outcome == "complete":
            self.index = -1


def test_what_a_session_cut_short_leaves_behind_is_found_out() -> None:
    CONTRACT.test_replaying_twice_is_replaying_once_twice(ClearsAtTheEnd)
    with pytest.raises(AssertionError, match="not at a session's end"):
        CONTRACT.test_a_replay_that_is_cut_short_harms_nothing(ClearsAtTheEnd)


@attrs.define(eq=False)
class CountsDeltas:
    """Counts deltas, which is right only if its tests say so."""

    count: int = 0

    def replay_text_delta(self) -> None:
        self.count += 1


class OfCounts(PluginContract):
    """The contract of a plugin that counts deltas and does not say so."""

    def result_of(self, plugin: object) -> object:
        assert isinstance(plugin, CountsDeltas)
        return plugin.count


@attrs.define(eq=False)
class StopsAtDeltas:
    """Stops a session at its third delta."""

    left: int = 3

    def replay_text_delta(self) -> None:
        self.left -= 1
        if not self.left:
            raise StopReplay


@pytest.mark.parametrize(
    ("contract", "plugin"), [(OfCounts(), CountsDeltas), (CONTRACT, StopsAtDeltas)]
)
def test_what_depends_on_deltas_is_found_out(
    contract: PluginContract, plugin: type
) -> None:
    with pytest.raises(AssertionError, match="observes_deltas = True"):
        contract.test_cutting_the_deltas_elsewhere_changes_nothing(plugin)


class OfHonestCounts(OfCounts):
    """The contract of a plugin that counts deltas and says so."""

    observes_deltas: ClassVar[bool] = True


def test_what_may_depend_on_deltas_is_not_cut_anew() -> None:
    with pytest.raises(SkipTest, match="observes deltas"):
        OfHonestCounts().test_cutting_the_deltas_elsewhere_changes_nothing(CountsDeltas)


class KeepsResults(Batched):
    """Returns what it returned before once more."""

    def replay_batch_result(self) -> object:
        return self.texts


class ReturnsASet(Batched):
    """Returns what is no JSON value."""

    def replay_batch_result(self) -> object:
        return {*super().replay_batch_result()}  # type: ignore[misc]  # a list


class FailsToReturn(Batched):
    """Has no result of a session without an answer."""

    def replay_batch_result(self) -> object:
        return self.texts.pop()


@pytest.mark.parametrize(
    ("plugin", "said"),
    [
        (KeepsResults, r"when other sessions came before .*forget"),
        (ReturnsASet, r"no JSON value.*numbers, texts, lists and dicts only"),
        (FailsToReturn, r"hook replay_batch_result.*be ready for any history"),
    ],
)
def test_a_result_that_cannot_be_kept_is_found_out(plugin: type, said: str) -> None:
    with pytest.raises(AssertionError, match=said):
        CONTRACT.test_a_batch_result_is_json_and_of_one_session(plugin)


class MergesTheLast(Batched):
    """Merges only the last result."""

    def replay_batch_merge(self, results: Results) -> None:
        self.texts = [*results][-1].value


def test_what_is_lost_in_a_merge_is_found_out() -> None:
    with pytest.raises(AssertionError, match="something else than a plain replay"):
        TestOfAGoodPlugin().test_merging_a_batch_is_replaying_in_one_go(MergesTheLast)


class Gives(Answers):
    """Gives results, and merges none."""

    def replay_batch_result(self) -> object:
        return len(self.texts)


def test_a_plugin_that_is_not_for_batches_is_left_alone() -> None:
    with pytest.raises(SkipTest, match="gives no results"):
        CONTRACT.test_a_batch_result_is_json_and_of_one_session(Answers)
    with pytest.raises(SkipTest, match="gives no results"):
        CONTRACT.test_merging_a_batch_is_replaying_in_one_go(Answers)
    with pytest.raises(SkipTest, match="merges no results"):
        CONTRACT.test_merging_a_batch_is_replaying_in_one_go(Gives)


def test_a_failure_names_the_session() -> None:
    with pytest.raises(AssertionError, match=r"session '.*implicit_turns-\d+'"):
        CONTRACT.test_it_changes_nothing_that_it_is_given(expects_results)


#: The hooks that only get an event, as ``replay_event`` does, or nothing new.
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
