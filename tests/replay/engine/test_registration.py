"""What may be a plugin: what would stay silent is refused when it is given."""

import functools
import types
from collections.abc import AsyncIterator, Iterator

import pytest

from replay import Message, PluginError, ReplayEngine, Session, Text, hookimpl

SESSION = Session("s", events=[Text("a")])


def refusal(plugin: object) -> str:
    with pytest.raises(PluginError) as caught:
        ReplayEngine([plugin])
    return str(caught.value)


def test_an_object_with_unmarked_methods_is_a_plugin() -> None:
    told: list[Message] = []

    class Plain:
        def replay_text(self, message: Message) -> None:
            told.append(message)

    ReplayEngine([Plain()]).replay(SESSION)
    assert [message.content for message in told] == ["a"]


def test_marked_methods_of_any_name_are_hooks() -> None:
    told: list[Message] = []

    class Marked:
        @hookimpl(specname="replay_text")
        def note(self, message: Message) -> None:
            told.append(message)

    ReplayEngine([Marked()]).replay(SESSION)
    assert len(told) == 1


def test_static_and_class_methods_are_hooks() -> None:
    told: list[str] = []

    class Both:
        @staticmethod
        def replay_text(message: Message) -> None:
            told.append(message.content)

        @classmethod
        def replay_session_end(cls) -> None:
            told.append(cls.__name__)

    ReplayEngine([Both()]).replay(SESSION)
    assert told == ["a", "Both"]


def test_a_module_is_a_plugin() -> None:
    told: list[str] = []
    module = types.ModuleType("mine")
    module.replay_text = lambda message: told.append(message.content)  # type: ignore[attr-defined]  # a module made here
    ReplayEngine([module]).replay(SESSION)
    assert told == ["a"]


def test_a_failing_module_is_named() -> None:
    module = types.ModuleType("mine")
    module.replay_text = lambda: 1 / 0  # type: ignore[attr-defined]  # a module made here
    with pytest.raises(PluginError, match="plugin 'mine'"):
        ReplayEngine([module]).replay(SESSION)


def test_properties_are_not_looked_at() -> None:
    class Shy:
        @property
        def replay_turn_start(self) -> None:
            message = "looked at"
            raise AssertionError(message)

        def replay_text(self) -> None:
            pass

    ReplayEngine([Shy()])


def test_bound_methods_can_be_given_in_a_mapping() -> None:
    class Collector:
        def __init__(self) -> None:
            self.texts: list[str] = []

        def take(self, message: Message) -> None:
            self.texts.append(message.content)

    collector = Collector()
    ReplayEngine([{"text": collector.take}]).replay(SESSION)
    assert collector.texts == ["a"]


def test_a_misspelt_hook_is_refused_with_the_nearest_name() -> None:
    class Misspelt:
        def replay_txt(self) -> None:
            pass

    text = refusal(Misspelt())
    assert "there is no hook 'replay_txt'" in text
    assert "did you mean 'replay_text'?" in text
    assert "test_registration.py:" in text


def test_a_misspelt_key_is_refused_with_the_nearest_name() -> None:
    assert "did you mean 'replay_tool_call'?" in refusal({"toolcall": lambda: None})


def test_a_hook_that_may_be_unknown_is_passed_over() -> None:
    class Newer:
        @hookimpl(optionalhook=True)
        def replay_of_a_later_version(self) -> None:
            pass

    ReplayEngine([Newer()])


def test_a_misspelt_argument_is_refused_with_the_nearest_name() -> None:
    text = refusal({"text": lambda mesage: mesage})
    assert "there is no argument 'mesage'" in text
    assert "did you mean 'message'?" in text


def test_arguments_with_defaults_are_the_authors_own() -> None:
    ReplayEngine([{"text": lambda message, depth=1: (message, depth)}]).replay(SESSION)


def test_an_argument_of_the_hook_with_a_default_is_refused() -> None:
    text = refusal({"text": lambda message, context=None: (message, context)})
    assert "argument 'context' has a default, so it is never filled" in text


def test_a_misspelt_argument_with_a_default_is_refused() -> None:
    text = refusal({"text": lambda message, contxt=None: (message, contxt)})
    assert "did you mean 'context'?" in text


def test_a_cached_property_is_not_looked_at() -> None:
    class Shy:
        @functools.cached_property
        def data(self) -> None:
            message = "looked at"
            raise AssertionError(message)

        def replay_text(self) -> None:
            pass

    ReplayEngine([Shy()])


def test_a_partial_method_is_refused() -> None:
    class Partial:
        def note(self, word: str, message: Message) -> None:
            pass

        replay_text = functools.partialmethod(note, "word")

    assert "isn't a plain function" in refusal(Partial())


def test_one_plugin_without_a_list_is_refused() -> None:
    for plugin in {"text": lambda: None}, types.SimpleNamespace(replay_text=print):
        with pytest.raises(TypeError, match="a list of plugins"):
            ReplayEngine(plugin)


def test_a_keyword_only_argument_is_refused() -> None:
    def hook(*, message: Message) -> None:
        del message

    assert "keyword-only" in refusal({"text": hook})


def test_collecting_arguments_are_harmless() -> None:
    def hook(message: Message, *_: object, **__: object) -> None:
        del message

    ReplayEngine([{"text": hook}]).replay(SESSION)


def test_an_asynchronous_hook_is_refused() -> None:
    async def hook() -> None:
        pass

    async def generator() -> AsyncIterator[None]:
        yield

    assert "asynchronous" in refusal({"text": hook})
    assert "asynchronous" in refusal({"text": generator})


def test_a_generator_is_refused() -> None:
    def hook() -> Iterator[None]:
        yield

    assert "would never run" in refusal({"text": hook})


def test_an_object_without_hooks_is_refused() -> None:
    assert "has no hooks" in refusal(object())
    assert "has no hooks" in refusal({})


def test_a_class_is_refused() -> None:
    class Forgotten:
        def replay_text(self) -> None:
            pass

    assert "give Forgotten()" in refusal(Forgotten)


def test_classes_under_a_hooks_name_are_no_hooks() -> None:
    module = types.ModuleType("mine")
    module.replay_text = Session  # type: ignore[attr-defined]  # a module made here
    assert "has no hooks" in refusal(module)


def test_the_same_object_twice_is_refused() -> None:
    plugin = types.SimpleNamespace(replay_text=lambda: None)
    with pytest.raises(PluginError, match="twice"):
        ReplayEngine([plugin, plugin])


def test_what_is_no_plain_function_is_refused() -> None:
    told: list[object] = []
    for value in print, told.append, dict.update, functools.partial(print, 1), 5:
        assert "isn't a plain function" in refusal({"text": value})


def test_an_attribute_that_is_no_function_is_the_authors_own() -> None:
    class Versioned:
        replay_version = 5

        def replay_text(self) -> None:
            pass

    ReplayEngine([Versioned()])
