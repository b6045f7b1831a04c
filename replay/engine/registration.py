"""Checks that refuse a faulty plugin when it is given, instead of ignoring it later."""

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from difflib import get_close_matches
from functools import partialmethod
from types import ModuleType
from typing import Final, Protocol

from replay.errors import PluginError
from replay.registry import did_you_mean, file_behind

_PREFIX: Final = "replay_"
#: hooks that are called for each plugin separately
_UNWRAPPED: Final = ("replay_rewrite", "replay_batch_result", "replay_batch_merge")
_MARK: Final = "replay_impl"  # what pluggy's marker leaves on a function


class Manager(Protocol):
    """The part of pluggy's manager that tells hooks from other attributes."""

    def parse_hookimpl_opts(
        self, plugin: object, name: str
    ) -> Mapping[str, object] | None:
        """Return the options of a hook; None: it isn't a hook."""


class _Hooks:
    """The functions of a mapping, as an object with hooks."""

    def __init__(self, hooks: Mapping[str, object]) -> None:
        vars(self).update(hooks)


def as_plugin(plugin: object) -> object:
    """Return *plugin* as an object with hooks; a mapping has them by event type.

    Raises:
        PluginError: It is a class instead of an object of that class, or a name.
    """
    if isinstance(plugin, str):
        reason, hint = "is a name", f"give load_plugin({plugin!r})"
        raise PluginError(plugin, reason, hint=hint)
    if isinstance(plugin, type):
        reason = "is a class"
        raise PluginError(plugin.__name__, reason, hint=f"give {plugin.__name__}()")
    if not isinstance(plugin, Mapping):
        return plugin
    return _Hooks({f"{_PREFIX}{kind}": hook for kind, hook in plugin.items()})


def plugin_name(plugin: object) -> str:
    """Return a plugin's name for errors and reports."""
    if isinstance(plugin, ModuleType):
        return file_behind(plugin) or plugin.__name__
    return "mapping" if isinstance(plugin, _Hooks) else type(plugin).__name__


def is_hook(plugin: object, name: str) -> bool:
    """Tell whether an attribute is a hook; properties are not evaluated."""
    if not _is_function(inspect.getattr_static(plugin, name, None)):
        return False
    return name.startswith(_PREFIX) or hasattr(getattr(plugin, name), _MARK)


def check_plugin(
    name: str, plugin: object, manager: Manager, specs: Mapping[str, tuple[str, ...]]
) -> None:
    """Raise an error for a plugin that wouldn't be called as its author expects.

    Raises:
        PluginError: It has no hooks, or one with a wrong name or wrong arguments, or
            one that is asynchronous or a generator.
    """
    _check_functions(name, plugin, specs)
    hooks = list(_hooks(plugin, manager))
    if not hooks:
        parts = "functions" if isinstance(plugin, ModuleType) else "methods"
        hint = f"its {parts} are hooks when they are named replay_…: see the docs"
        raise PluginError(name, "has no hooks", hint=hint)
    for attribute, options in hooks:
        function = getattr(plugin, attribute)
        hook = str(options.get("specname") or attribute)
        if hook in specs:
            is_wrapper = bool(options.get("wrapper") or options.get("hookwrapper"))
            _check_kind(name, hook, function, is_wrapper=is_wrapper)
            if is_wrapper and hook in _UNWRAPPED:
                reason = f"cannot be a wrapper{_place(function)}"
                raise PluginError(name, reason, hook, hint="implement the hook itself")
            _check_arguments(name, hook, function, specs[hook])
        elif not options.get("optionalhook"):
            raise _unknown_hook(name, plugin, hook, specs, _place(function))


def _unknown_hook(
    name: str, plugin: object, hook: str, specs: Iterable[str], place: str = ""
) -> PluginError:
    """Return the error for a hook that doesn't exist, in the user's own word for it."""
    known = [*specs]
    if isinstance(plugin, _Hooks):
        hook, *known = (each.removeprefix(_PREFIX) for each in (hook, *known))
    reason = f"there is no hook {hook!r}{place}"
    return PluginError(name, reason, hint=did_you_mean(hook, known))


def _check_functions(
    name: str, plugin: object, specs: Mapping[str, tuple[str, ...]]
) -> None:
    for attribute in dir(plugin):
        value = inspect.getattr_static(plugin, attribute, None)
        is_meant = callable(value) or isinstance(plugin, _Hooks)
        is_meant = is_meant or isinstance(value, partialmethod)
        is_fine = _is_function(value) or isinstance(value, type)
        if attribute.startswith(_PREFIX) and is_meant and not is_fine:
            if attribute not in specs:
                raise _unknown_hook(name, plugin, attribute, specs)
            reason = f"{value!r} isn't a plain function"
            hint = _wrapped(value, specs[attribute])
            raise PluginError(name, reason, attribute, hint=hint)


def _wrapped(value: object, offered: tuple[str, ...]) -> str:
    """Return a hint to wrap a value in a function, with the code for a built-in one."""
    hint = "wrap it in a function"
    if not isinstance(getattr(value, "__self__", None), ModuleType):
        return hint
    called, given = getattr(value, "__name__", ""), ", ".join(offered[:1])
    return f"{hint}: lambda {given}: {called}({given})"


def _is_function(value: object) -> bool:
    is_method = isinstance(value, staticmethod | classmethod)
    return is_method or inspect.isfunction(value) or inspect.ismethod(value)


def _hooks(
    plugin: object, manager: Manager
) -> Iterator[tuple[str, Mapping[str, object]]]:
    for attribute in dir(plugin):
        options = manager.parse_hookimpl_opts(plugin, attribute)
        if options is not None:
            yield attribute, options


def _check_kind(
    name: str, hook: str, function: Callable[..., object], *, is_wrapper: bool
) -> None:
    if inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
        reason = f"is asynchronous{_place(function)}"
        raise PluginError(name, reason, hook, hint="hooks are plain functions")
    if inspect.isgeneratorfunction(function) and not is_wrapper:
        reason = f"is a generator, which would never run{_place(function)}"
        raise PluginError(name, reason, hook, hint="use hookimpl(wrapper=True)?")


def _check_arguments(
    name: str, hook: str, function: Callable[..., object], offered: tuple[str, ...]
) -> None:
    for parameter in inspect.signature(function).parameters.values():
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            continue
        is_needed = parameter.default is parameter.empty
        is_meant = bool(get_close_matches(parameter.name, offered, cutoff=0.8))
        reason = f"argument {parameter.name!r}"
        if (is_needed or is_meant) and parameter.name not in offered:
            hint = did_you_mean(parameter.name, offered)
            reason = f"there is no {reason}{_place(function)}"
            raise PluginError(name, reason, hook, hint=hint)
        if is_meant and not is_needed:
            reason += f" has a default, so it is never filled{_place(function)}"
            raise PluginError(name, reason, hook, hint="take the default away")
        if is_needed and parameter.kind is parameter.KEYWORD_ONLY:
            reason += f" is keyword-only{_place(function)}"
            raise PluginError(name, reason, hook, hint="take away the *")


def _place(function: Callable[..., object]) -> str:
    code = getattr(inspect.unwrap(function), "__code__", None)
    return f", at {code.co_filename}:{code.co_firstlineno}" if code else ""
