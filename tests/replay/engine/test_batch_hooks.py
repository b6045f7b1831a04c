"""The hooks of a batch: results of sessions, and their merging."""

from collections.abc import Callable, Generator, Sequence

import attrs
import pytest

from replay import (
    BatchResult,
    MustStopError,
    PluginError,
    ReplayEngine,
    Session,
    StopReplay,
    hookimpl,
)
from replay.engine.plugin_set import BatchHooks, OnPluginError, Plugins
from replay.engine.report import BatchResults


@attrs.define(eq=False)
class Giver:
    """A plugin that returns a word, and notes the results it is to merge."""

    word: object
    merged: list[object] = attrs.field(factory=list)

    def replay_batch_result(self) -> object:
        return self.word

    def replay_batch_merge(self, results: BatchResults) -> None:
        self.merged += [each.value for each in results]


class Silent:
    """A plugin without results."""

    def replay_text(self) -> None:
        """Do nothing."""


class TakesNoResults:
    """A plugin whose merge hook takes no results, and notes that it was called."""

    was_called = False

    def replay_batch_merge(self) -> None:
        self.was_called = True


def hooks_of(*plugins: object, on_plugin_error: OnPluginError = "raise") -> BatchHooks:
    return Plugins(plugins, on_plugin_error=on_plugin_error, time_plugins=False).batch


def stop() -> object:
    raise StopReplay


def raising(error: BaseException) -> Callable[[], object]:
    def fail() -> object:
        raise error

    return fail


def numbered(number: int) -> Sequence[BatchResult]:
    return [BatchResult("00", "s", number)]


# Results


def test_results_are_in_the_order_of_the_plugins_null_for_nothing() -> None:
    hooks = hooks_of(Silent(), Giver(1), Giver(2), Silent())
    assert hooks.results() == [None, 1, 2, None]
    assert hooks.plugins == ("Silent", "Giver", "Giver#2", "Silent#2")
    assert hooks.giving == {"Giver", "Giver#2"}


def test_tryfirst_changes_nothing_about_whose_result_it_is() -> None:
    class First(Giver):
        @hookimpl(tryfirst=True)
        def replay_batch_result(self) -> object:
            return "first"

    assert hooks_of(Giver(1), First(0), Giver(2)).results() == [1, "first", 2]


def test_a_plugin_that_fails_is_named_or_isolated_from_the_others() -> None:
    failing = {"batch_result": raising(ValueError("no"))}
    with pytest.raises(PluginError, match=r"mapping.*hook replay_batch_result.*no"):
        hooks_of(failing).results()
    hooks = hooks_of(Giver(1), failing, Giver(2), on_plugin_error="isolate")
    assert hooks.results() == [1, None, 2]


@pytest.mark.parametrize(
    "error", [KeyboardInterrupt(), MemoryError(), MustStopError("no")]
)
def test_what_always_passes_passes(error: BaseException) -> None:
    hooks = hooks_of({"batch_result": raising(error)}, on_plugin_error="isolate")
    with pytest.raises(type(error)):
        hooks.results()


def test_one_that_stops_when_it_is_the_end_gives_nothing() -> None:
    stopping = {"batch_result": stop, "batch_merge": stop}
    hooks = hooks_of(stopping, giver := Giver(2))
    assert hooks.results() == [None, 2]
    hooks.merge(numbered, set[str]().add)
    assert giver.merged == [1]


# Merging


def test_each_plugin_merges_its_own_and_it_is_told_who_begins() -> None:
    begun: list[str] = []
    one, other = Giver(0), Giver(0)
    hooks = hooks_of(one, Silent(), other)
    hooks.merge(numbered, begun.append)
    assert (one.merged, other.merged) == ([0], [2])
    assert begun == ["Giver", "Giver#2"]
    assert hooks.merging == {"Giver", "Giver#2"}


def test_a_plugin_may_take_no_results() -> None:
    plugin = TakesNoResults()
    hooks_of(plugin).merge(numbered, set[str]().add)
    assert plugin.was_called


def test_a_merge_that_fails_is_isolated_from_the_others() -> None:
    failing = {"batch_merge": raising(ValueError("no"))}
    giver = Giver(0)
    with pytest.raises(PluginError, match="hook replay_batch_merge"):
        hooks_of(failing, giver).merge(numbered, set[str]().add)
    hooks_of(failing, giver, on_plugin_error="isolate").merge(numbered, set[str]().add)
    assert giver.merged == [1]


# What is refused, and where they are not called


def wrapper() -> Generator[None, object, object]:
    return (yield)


@pytest.mark.parametrize("hook", ["batch_result", "batch_merge"])
def test_a_wrapper_is_refused(hook: str) -> None:
    plugin = {hook: hookimpl(wrapper=True)(wrapper)}
    with pytest.raises(PluginError, match=rf"replay_{hook}.*cannot be a wrapper"):
        hooks_of(plugin)


def test_an_argument_that_is_not_offered_is_refused() -> None:
    with pytest.raises(PluginError, match=r"no argument 'result'.*'results'"):
        hooks_of({"batch_merge": lambda result: result})


def test_a_plain_replay_calls_neither() -> None:
    failing = {
        "batch_result": raising(AssertionError()),
        "batch_merge": raising(AssertionError()),
    }
    with ReplayEngine([failing]) as engine:
        assert engine.replay(Session("s")).outcome == "complete"
