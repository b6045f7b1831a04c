"""Plugins of an engine: the allowed kinds, their calls and failures."""

import functools
import types
from collections.abc import AsyncIterator, Generator, Iterator

import pytest

from replay import (
    Message,
    PluginError,
    ReplayEngine,
    Session,
    StopReplay,
    Text,
    TextDelta,
    hookimpl,
)

SESSION = Session("s", events=[Text("a"), Text("b")])


class Wrapper:
    """A plugin that notes the start and end of ``replay_text``."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    @hookimpl(wrapper=True)
    def replay_text(self) -> Generator[None, object, object]:
        self.notes.append("before")
        value = yield
        self.notes.append("after")
        return value


def boom() -> None:
    message = "oh"
    raise ValueError(message)


class OldWrapper(Wrapper):
    @hookimpl(hookwrapper=True)
    def replay_text(self) -> Generator[None, object, None]:
        self.notes.append("before")
        yield
        self.notes.append("after")


@pytest.mark.parametrize("wrapper", [Wrapper(), OldWrapper()])
def test_a_wrapper_goes_around_the_others(wrapper: Wrapper) -> None:
    plugins = [{"text": lambda: wrapper.notes.append("text")}, wrapper]
    ReplayEngine(plugins).replay(SESSION)
    assert wrapper.notes == ["before", "text", "after"] * 2


def test_a_failure_inside_a_wrapper_names_the_plugin_that_failed() -> None:
    with pytest.raises(PluginError) as caught:
        ReplayEngine([Wrapper(), {"text": boom}]).replay(SESSION)
    assert (caught.value.plugin, caught.value.index) == ("mapping", 0)
    assert isinstance(caught.value.__cause__, ValueError)


def test_failures_inside_a_wrapper_are_isolated_one_by_one() -> None:
    wrapper, told = Wrapper(), []
    plugins = [wrapper, {"text": boom}, {"text": lambda: told.append("text")}]
    report = ReplayEngine(plugins, on_plugin_error="isolate").replay(SESSION)
    assert [error.plugin for error in report.plugin_errors] == ["mapping", "mapping"]
    assert told == ["text", "text"]
    assert wrapper.notes == ["before", "after"] * 2


def test_a_wrapper_that_fails_is_named_and_lets_the_others_through() -> None:
    told: list[str] = []

    class Early:
        @hookimpl(wrapper=True)
        def replay_text(self) -> Generator[None, object, object]:
            boom()
            return (yield)

    class Late:
        @hookimpl(wrapper=True)
        def replay_text(self) -> Generator[None, object, object]:
            value = yield
            boom()
            return value

    session = Session("s", events=[Text(str(number)) for number in range(12)])
    plugins = [Early(), Late(), {"text": lambda message: told.append(message.content)}]
    report = ReplayEngine(plugins, on_plugin_error="isolate").replay(session)
    assert told == [str(number) for number in range(12)]
    assert report.dropped_plugins == ("Early", "Late")
    named = [error.plugin for error in report.plugin_errors]
    assert named == ["Early", "Late"] * 10
    with pytest.raises(PluginError, match="plugin 'Early'"):
        ReplayEngine([Wrapper(), Early()]).replay(SESSION)


def test_an_error_of_ours_that_a_plugin_raises_is_the_plugins_failure() -> None:
    def nested() -> None:
        ReplayEngine([{"text": boom}]).replay(SESSION)

    with pytest.raises(PluginError) as caught:
        ReplayEngine([{"session_start": nested}]).replay(SESSION)
    assert caught.value.hook == "replay_session_start"
    assert isinstance(caught.value.__cause__, PluginError)


def test_a_dropped_plugin_is_not_called_inside_a_wrapper_either() -> None:
    called: list[int] = []

    def fails() -> None:
        called.append(1)
        boom()

    session = Session("s", events=[Text(str(number)) for number in range(12)])
    plugins = [Wrapper(), {"text": fails}]
    report = ReplayEngine(plugins, on_plugin_error="isolate").replay(session)
    assert (len(called), report.dropped_plugins) == (10, ("mapping",))


def test_plugins_of_one_kind_have_names_of_their_own() -> None:
    plugins = [{"text": lambda: None}, {"text": boom}, {"text": boom}]
    report = ReplayEngine(plugins, on_plugin_error="isolate").replay(SESSION)
    names = [error.plugin for error in report.plugin_errors]
    assert names == ["mapping#2", "mapping#3"] * 2


def test_time_is_told_of_what_a_wrapper_goes_around_but_not_of_the_wrapper() -> None:
    plugins = [Wrapper(), {"text": lambda: None}]
    report = ReplayEngine(plugins, time_plugins=True).replay(SESSION)
    assert report.seconds is not None
    assert set(report.seconds) == {"mapping"}


def test_wrappers_of_deltas_see_each_of_them() -> None:
    told: list[TextDelta] = []

    class Around:
        @hookimpl(wrapper=True)
        def replay_text_delta(
            self, event: TextDelta
        ) -> Generator[None, object, object]:
            told.append(event)
            return (yield)

    session = deltas(3)
    ReplayEngine([Around(), {"text_delta": lambda event: event}]).replay(session)
    assert told == list(session.events)


def test_wrappers_go_around_the_end_too() -> None:
    notes: list[str] = []

    class Around:
        @hookimpl(wrapper=True)
        def replay_session_end(self) -> Generator[None, object, object]:
            notes.append("before")
            return (yield)

    plugins = [Around(), {"session_end": lambda: notes.append("end")}]
    ReplayEngine(plugins).replay(SESSION)
    assert notes == ["before", "end"]


# Deltas, of which there are many, are handed out without ceremony


def deltas(count: int) -> Session:
    return Session("s", events=[TextDelta(str(number)) for number in range(count)])


def fails_at(*contents: str) -> dict[str, object]:
    def hook(event: TextDelta) -> None:
        if event.content in contents:
            boom()

    return {"text_delta": hook}


@pytest.mark.parametrize("others", [[], [{"text_delta": lambda event: event}]])
def test_a_failing_delta_listener_is_told_with_the_deltas_index(
    others: list[object],
) -> None:
    with pytest.raises(PluginError) as caught:
        ReplayEngine([*others, fails_at("7")]).replay(deltas(9))
    assert caught.value.plugin == ("mapping#2" if others else "mapping")
    assert (caught.value.hook, caught.value.index) == ("replay_text_delta", 7)


def test_a_delta_listener_that_fails_goes_on_until_it_has_failed_ten_times() -> None:
    called: list[str] = []

    def hook(event: TextDelta) -> None:
        called.append(event.content)
        if int(event.content) % 2:
            boom()

    engine = ReplayEngine([{"text_delta": hook}], on_plugin_error="isolate")
    errors = engine.replay(deltas(30)).plugin_errors
    assert [error.index for error in errors] == [*range(1, 20, 2)]
    engine.replay(deltas(20))
    assert called == [str(number) for number in range(20)]


def test_delta_listeners_fail_each_for_itself() -> None:
    told: list[str] = []
    plugins = [
        fails_at(*map(str, range(20))),
        {"text_delta": lambda event: told.append(event.content)},
    ]
    report = ReplayEngine(plugins, on_plugin_error="isolate").replay(deltas(20))
    assert [error.index for error in report.plugin_errors] == list(range(10))
    assert told == [str(number) for number in range(20)]


def test_a_delta_listener_can_stop_the_replay() -> None:
    told: list[str] = []

    def hook(event: TextDelta) -> None:
        told.append(event.content)
        raise StopReplay

    report = ReplayEngine([{"text_delta": hook}]).replay(deltas(9))
    assert (report.outcome, told) == ("stopped", ["0"])


def refusal(plugin: object) -> str:
    with pytest.raises(PluginError) as caught:
        ReplayEngine([plugin])
    return str(caught.value)


def test_methods_of_any_kind_are_hooks_and_marked_ones_of_any_name() -> None:
    told: list[str] = []

    class Plain:
        @staticmethod
        def replay_text(message: Message) -> None:
            told.append(message.content)

        @classmethod
        def replay_session_end(cls) -> None:
            told.append(cls.__name__)

        @hookimpl(specname="replay_turn_end")
        def note(self) -> None:
            told.append("turn")

        def replay_close(self) -> None:
            told.append("closed")

    with ReplayEngine([Plain()]) as engine:
        engine.replay(SESSION)
    assert told == ["a", "b", "turn", "Plain", "closed"]


def module(hook: object) -> types.ModuleType:
    """Return a module with *hook* as its ``replay_text``."""
    made = types.ModuleType("mine")
    made.replay_text = hook  # type: ignore[attr-defined]  # a module made here
    return made


def test_a_module_and_a_mapping_are_plugins() -> None:
    told: list[Message] = []
    ReplayEngine([module(Collector(told).take)]).replay(SESSION)
    ReplayEngine([{"text": Collector(told).take}]).replay(SESSION)
    assert [message.content for message in told] == ["a", "b"] * 2
    with pytest.raises(PluginError, match="plugin 'mine'"):
        ReplayEngine([module(boom)]).replay(SESSION)


class Collector:
    """A plugin with a method that isn't a hook, and an attribute nobody may read."""

    replay_version = 5

    def __init__(self, told: list[Message]) -> None:
        self.told = told

    def take(self, message: Message, depth: int = 1, *_: object, **__: object) -> None:
        self.told += [message] * depth

    def replay_stop(self) -> None:
        pass

    @property
    def replay_turn_start(self) -> None:
        message = "looked at"
        raise AssertionError(message)

    @functools.cached_property
    def data(self) -> None:
        message = "looked at"
        raise AssertionError(message)

    @hookimpl(optionalhook=True)
    def replay_of_a_later_version(self) -> None:
        pass


def test_attributes_that_are_no_functions_are_the_authors_own() -> None:
    ReplayEngine([Collector([])])


async def asynchronous() -> None:
    pass


async def asynchronous_generator() -> AsyncIterator[None]:
    yield


def generator() -> Iterator[None]:
    yield


def keyword_only(*, message: Message) -> None:
    del message


class Forgotten:
    def replay_text(self) -> None:
        pass


class Partial:
    def note(self, word: str, message: Message) -> None:
        pass

    replay_text = functools.partialmethod(note, "word")


@pytest.mark.parametrize(
    ("plugin", "said"),
    [
        (object(), "has no hooks"),
        ({}, "has no hooks"),
        (object(), "its methods are hooks when they are named replay_…"),
        (module(Session), "has no hooks (its functions are hooks when"),
        (Forgotten, "give Forgotten()"),
        ("usage", "is a name (give load_plugin('usage'))"),
        (Partial(), "isn't a plain function"),
        ({"text": print}, "wrap it in a function: lambda message: print(message)"),
        ({"tool_call": print}, "lambda event: print(event)"),
        ({"txt": print}, "there is no hook 'txt' (did you mean 'text'?"),
        ({"text": [].append}, "isn't a plain function (wrap it in a function)"),
        ({"text": dict.update}, "isn't a plain function"),
        ({"text": functools.partial(print, 1)}, "isn't a plain function"),
        ({"text": 5}, "isn't a plain function"),
        ({"text": asynchronous}, "asynchronous"),
        ({"text": asynchronous_generator}, "asynchronous"),
        ({"text": generator}, "would never run"),
        ({"text": keyword_only}, "keyword-only"),
        ({"toolcall": boom}, "'toolcall', at "),
        ({"toolcall": boom}, "did you mean 'tool_call'?"),
        ({"text": lambda mesage: mesage}, "there is no argument 'mesage'"),
        ({"text": lambda mesage: mesage}, "did you mean 'message'?"),
        ({"text": lambda contxt=None: contxt}, "did you mean 'context'?"),
        (
            {"text": lambda context=None: context},
            "argument 'context' has a default, so it is never filled",
        ),
    ],
)
def test_what_would_never_be_called_right_is_refused(plugin: object, said: str) -> None:
    assert said in refusal(plugin)


def test_a_misspelt_hook_is_refused_with_the_nearest_name_and_its_place() -> None:
    text = refusal(types.SimpleNamespace(replay_txt=boom))
    assert "there is no hook 'replay_txt'" in text
    assert "did you mean 'replay_text'?" in text
    assert "test_plugin_set.py:" in text


def test_the_same_object_twice_is_refused() -> None:
    plugin = types.SimpleNamespace(replay_text=lambda: None)
    with pytest.raises(PluginError, match="twice"):
        ReplayEngine([plugin, plugin])
