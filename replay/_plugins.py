"""The plugins of one engine: checked when they come, called in the order given."""

import inspect
from collections.abc import Iterable
from time import perf_counter
from typing import Any, Final, Literal, TypeAlias

import pluggy

from replay import hookspecs
from replay._batch_hooks import MERGE, RESULT, BatchHooks
from replay._failures import Failures
from replay._hooks import Function, Hook, Listener
from replay._registration import as_plugin, check_plugin, is_hook, plugin_name
from replay._rewriting import HOOK, Rewriting
from replay.errors import PluginError

OnPluginError: TypeAlias = Literal["raise", "isolate"]

_SPECS: Final = {
    name: tuple(inspect.signature(spec).parameters)
    for name, spec in vars(hookspecs).items()
    if name.startswith("replay_")
}


class _Manager(pluggy.PluginManager):
    """Takes methods named ``replay_*`` for hooks, marked or not."""

    def parse_hookimpl_opts(
        self, plugin: object, name: str
    ) -> pluggy.HookimplOpts | None:
        if not is_hook(plugin, name):
            return None
        return super().parse_hookimpl_opts(plugin, name) or pluggy.HookimplOpts(
            wrapper=False,
            hookwrapper=False,
            optionalhook=False,
            tryfirst=False,
            trylast=False,
            specname=None,
        )


class Plugins:
    """The plugins of one engine, registered with a pluggy manager of their own."""

    def __init__(
        self,
        plugins: Iterable[object],
        *,
        on_plugin_error: OnPluginError,
        time_plugins: bool,
    ) -> None:
        self.failures = Failures(isolated=on_plugin_error == "isolate")
        self.seconds: dict[str, float] | None = {} if time_plugins else None
        manager = _Manager("replay")
        manager.add_hookspecs(hookspecs)
        named = _named(as_plugin(plugin) for plugin in plugins)
        for name, plugin in reversed(named.items()):  # pluggy calls the last one first
            check_plugin(name, plugin, manager, _SPECS)
            manager.register(plugin, name)
        self.hooks = {name: self._hook(getattr(manager.hook, name)) for name in _SPECS}
        self.rewrite = Rewriting(self._listeners(manager, HOOK), self.failures)
        self.batch = BatchHooks(
            tuple(named),
            self._listeners(manager, RESULT),
            self._listeners(manager, MERGE),
            self.failures,
        )
        self.want_context = any(hook.wants_context for hook in self.hooks.values())

    def _hook(self, caller: pluggy.HookCaller) -> Hook:
        name = caller.name
        impls = caller.get_hookimpls()[::-1]
        wrappers = [impl for impl in impls if impl.wrapper or impl.hookwrapper]
        plain = [impl for impl in impls if impl not in wrappers]
        listeners = [*map(self._listener, plain)]
        hook = Hook(name, _SPECS[name], listeners, self.failures)
        if wrappers:
            for impl, listener in zip(plain, listeners, strict=True):
                guarded = hook.guarded(listener.plugin, listener.function)
                impl.function = guarded  # type: ignore[misc]  # pluggy reads it anew
            for impl in wrappers:
                wrapper: Any = impl.function  # pluggy has seen that it is a generator
                guarded = hook.guarded_wrapper(impl.plugin_name, wrapper)
                impl.function = guarded  # type: ignore[misc]  # pluggy reads it anew
            hook.wrap(wrappers[0].plugin_name, caller)
        return hook

    def _listeners(self, manager: pluggy.PluginManager, hook: str) -> list[Listener]:
        impls = getattr(manager.hook, hook).get_hookimpls()[::-1]
        return [*map(self._listener, impls)]

    def _listener(self, impl: pluggy.HookImpl) -> Listener:
        return Listener(impl.plugin_name, self._timed(impl), tuple(impl.argnames))

    def _timed(self, impl: pluggy.HookImpl) -> Function:
        """Return a function, its time added to its plugin's where that is counted."""
        seconds, plugin, function = self.seconds, impl.plugin_name, impl.function
        if seconds is None:
            return function
        seconds.setdefault(plugin, 0.0)

        def timed(*arguments: object) -> object:
            start = perf_counter()
            try:
                return function(*arguments)
            finally:
                seconds[plugin] += perf_counter() - start

        return timed


def _named(plugins: Iterable[object]) -> dict[str, object]:
    """Return *plugins* by name, in order, each name once."""
    named: dict[str, object] = {}
    for plugin in plugins:
        name = plugin_name(plugin)
        if plugin in named.values():
            hint = (
                "give each plugin once; attrs.define(eq=False) tells alike ones apart"
            )
            raise PluginError(name, "given twice", hint=hint)
        same = sum(other.partition("#")[0] == name for other in named)
        named[f"{name}#{same + 1}" if same else name] = plugin
    return named
