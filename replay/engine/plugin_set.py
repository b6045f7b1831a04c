"""The plugins of one engine, checked when given and called in that order."""

import inspect
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from time import perf_counter
from typing import Any, Final, Literal, TypeAlias

import attrs
import pluggy

from replay.engine import hookspecs
from replay.engine.hook_calls import Failures, Function, Hook, Listener
from replay.engine.registration import as_plugin, check_plugin, is_hook, plugin_name
from replay.errors import PluginError, StopReplay
from replay.model.sessions import Session
from replay.registry import file_behind

RESULT: Final = "replay_batch_result"
MERGE: Final = "replay_batch_merge"


@attrs.frozen(eq=False)
class BatchHooks:
    """The batch hooks of an engine's plugins: results, and their merging."""

    plugins: Sequence[str]  #: all of them by name, in order
    _giving: Sequence[Listener]
    _merging: Sequence[Listener]
    _failures: Failures

    @property
    def giving(self) -> frozenset[str]:
        """Return the plugins that give a result for each session."""
        return frozenset(each.plugin for each in self._giving)

    @property
    def merging(self) -> frozenset[str]:
        """Return the plugins that merge results."""
        return frozenset(each.plugin for each in self._merging)

    def results(self) -> list[object]:
        """Return each plugin's result for the session that was just replayed.

        None stands for a plugin that gives nothing.

        Raises:
            PluginError: One failed, and failures are not isolated.
        """
        given = {each.plugin: self._call(each, RESULT, ()) for each in self._giving}
        return [given.get(name) for name in self.plugins]

    def merge(
        self, results: Callable[[int], object], begin: Callable[[str], None]
    ) -> None:
        """Let each plugin merge its results.

        Args:
            results: Returns the results of a plugin, by its number, for all sessions.
            begin: Called with each plugin's name before it merges.

        Raises:
            PluginError: One failed, and failures are not isolated.
        """
        for each in self._merging:
            number = self.plugins.index(each.plugin)
            begin(each.plugin)
            self._call(each, MERGE, (results(number),) if each.wanted else ())

    def _call(
        self, listener: Listener, hook: str, arguments: Sequence[object]
    ) -> object:
        try:
            return listener.function(*arguments)
        except StopReplay:  # the session or the batch ends anyway
            return None
        except BaseException as error:  # noqa: BLE001 - plugins raise anything
            self._failures.take(listener.plugin, hook, None, error)
            return None


HOOK = "replay_rewrite"


@attrs.frozen(eq=False)
class Rewriting:
    """The plugins that rewrite sessions; false if there are none.

    A dropped plugin is still called: others must not see what it removes.
    """

    _listeners: Sequence[Listener]
    _failures: Failures

    def __bool__(self) -> bool:
        return bool(self._listeners)

    def __call__(self, session: Session) -> Session | None:
        """Return the rewritten session; None: it must not be shown to anyone.

        Raises:
            PluginError: One failed, and failures are not isolated.
            StopReplay: A plugin raised it.
        """
        for listener in self._listeners:
            try:
                given = (session,) if listener.wanted else ()
                session = _session(listener.function(*given))
            except BaseException as error:  # noqa: BLE001 - plugins raise anything
                self._failures.take(listener.plugin, HOOK, None, error)
                return None
        return session


def _session(returned: object) -> Session:
    if isinstance(returned, Session):
        return returned
    reason = f"returned {type(returned).__name__}, where a Session is needed"
    raise TypeError(reason)


OnPluginError: TypeAlias = Literal["raise", "isolate"]

_SPECS: Final = {
    name: tuple(inspect.signature(spec).parameters)
    for name, spec in vars(hookspecs).items()
    if name.startswith("replay_")
}


class _Manager(pluggy.PluginManager):
    """A manager that treats methods named ``replay_*`` as hooks, marked or not."""

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
        named = _named(as_plugin(plugin) for plugin in plugins)
        found = {name: file_behind(plugin) for name, plugin in named.items()}
        files = {name: file for name, file in found.items() if file}
        self.failures = Failures(isolated=on_plugin_error == "isolate", files=files)
        self.seconds: dict[str, float] | None = {} if time_plugins else None
        manager = _Manager("replay")
        manager.add_hookspecs(hookspecs)
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
                impl.function = guarded  # type: ignore[misc]  # pluggy rereads it
            for impl in wrappers:
                wrapper: Any = impl.function  # pluggy checked that it is a generator
                guarded = hook.guarded_wrapper(impl.plugin_name, wrapper)
                impl.function = guarded  # type: ignore[misc]  # pluggy rereads it
            hook.wrap(wrappers[0].plugin_name, caller)
        return hook

    def _listeners(self, manager: pluggy.PluginManager, hook: str) -> list[Listener]:
        impls = getattr(manager.hook, hook).get_hookimpls()[::-1]
        return [*map(self._listener, impls)]

    def _listener(self, impl: pluggy.HookImpl) -> Listener:
        return Listener(impl.plugin_name, self._timed(impl), tuple(impl.argnames))

    def _timed(self, impl: pluggy.HookImpl) -> Function:
        """Return a hook's function, timed if plugins are timed."""
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
    """Return *plugins* by unique name, in order."""
    named: dict[str, object] = {}
    counts: Counter[str] = Counter()
    for plugin in plugins:
        name = plugin_name(plugin)
        if plugin in named.values():
            hint = "give it once; attrs.define(eq=False) makes equal plugins differ"
            raise PluginError(name, "given twice", hint=hint)
        counts[name] += 1
        named[f"{name}#{counts[name]}" if counts[name] > 1 else name] = plugin
    return named
