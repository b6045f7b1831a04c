"""One hook, compiled to plain calls; pluggy is only used if there are wrappers."""

import logging
from collections import Counter
from collections.abc import Callable, Collection, Generator, Mapping, Sequence
from functools import partial
from operator import itemgetter, length_hint
from typing import Final, TypeAlias

import attrs

from replay.errors import MustStopError, PluginError, StopReplay, words_of
from replay.registry import place_in

MAX_FAILURES: Final = 10  # of one plugin, if failures are isolated

_PASSING: Final = (KeyboardInterrupt, MemoryError, StopReplay, MustStopError)


class Failures:
    """The failures of plugins, which are raised or isolated.

    Isolated failures are recorded, and a plugin that fails too often is dropped.

    Args:
        isolated: Whether they are isolated.
        files: The files of plugins by name, for those that are loaded from a file.
    """

    def __init__(self, *, isolated: bool, files: Mapping[str, str]) -> None:
        self.errors: list[PluginError] = []
        self.dropped: list[str] = []
        self.session: str | None = None  #: the id of the one that is replayed
        self._isolated = isolated
        self._files = files
        self._count: Counter[str] = Counter()
        self._raised: PluginError | None = None

    def take(
        self, plugin: str, hook: str, index: int | None, cause: BaseException
    ) -> None:
        """Record an exception from a plugin's hook, or raise it.

        Raises:
            PluginError: Failures are not isolated.
            KeyboardInterrupt, MemoryError, StopReplay, MustStopError: Raised by it.
        """
        if issubclass(type(cause), _PASSING):  # its __class__ may be another
            raise cause
        if cause is self._raised:
            raise cause  # it comes through a wrapper, from a plugin inside
        reason = words_of(cause) + place_in(self._files.get(plugin), cause)
        error = PluginError(plugin, reason, hook, index, session=self.session)
        if not self._isolated:
            self._raised = error
            raise error from cause
        error.__cause__ = cause
        self.errors.append(error)
        self._count[plugin] += 1
        if self._count[plugin] == MAX_FAILURES:
            self.dropped.append(plugin)
            logging.getLogger("replay").error(
                "plugin %a failed %d times and is called no more", plugin, MAX_FAILURES
            )


Function: TypeAlias = Callable[..., object]
Wrapper: TypeAlias = Callable[..., Generator[None, object, object]]


@attrs.frozen
class Listener:
    """One plugin's implementation of a hook."""

    plugin: str
    function: Function
    wanted: tuple[str, ...]  #: the names of its arguments


class Hook:
    """The implementations of one hook; false if there are none.

    Args:
        name: The hook's name.
        offered: The names of its arguments.
        listeners: Its implementations, in the order of calling.
        failures: Takes their exceptions.
    """

    def __init__(
        self,
        name: str,
        offered: tuple[str, ...],
        listeners: Sequence[Listener],
        failures: Failures,
    ) -> None:
        self.wants_context = any("context" in each.wanted for each in listeners)
        self._name = name
        self._offered = offered
        self._failures = failures
        self._index: int | None = None
        self._is_wrapped = False
        self._raised: list[BaseException] | None = None  # a list while all are called
        self._silenced: Collection[str] = ()
        self._takes_first = all(each.wanted == offered[:1] for each in listeners)
        self._functions = [(each.plugin, each.function) for each in listeners]
        self._calls = [(each.plugin, _call(each, offered)) for each in listeners]

    def wrap(self, plugin: str, caller: Function) -> None:
        """Call through *caller* from now on, since a wrapper of *plugin* surrounds all.

        Args:
            plugin: The plugin to blame for anything that :meth:`guarded` doesn't catch.
            caller: Takes the hook's arguments by name.
        """
        offered = self._offered
        self._is_wrapped, self._takes_first = True, False
        self.wants_context = self.wants_context or "context" in offered

        def call(*arguments: object) -> object:
            return caller(**dict(zip(offered, arguments, strict=True)))

        self._calls = [(plugin, call)]

    def silence(self, plugins: Collection[str]) -> None:
        """Make :meth:`call_all` skip some plugins from now on."""
        self._silenced = plugins

    def __bool__(self) -> bool:
        return bool(self._calls)

    def __call__(self, index: int | None, *arguments: object) -> None:
        """Call the implementations in order.

        Args:
            index: The current event's; None: outside the events.
            arguments: The hook's, in the order of its spec.

        Raises:
            PluginError: One failed, and failures are not isolated.
        """
        self._index = index
        for plugin, call in self._calls:
            if self._is_wrapped or plugin not in self._failures.dropped:
                try:
                    call(*arguments)
                except BaseException as error:  # noqa: BLE001 - plugins raise anything
                    self._failures.take(plugin, self._name, index, error)

    def each(
        self,
        start: int,
        events: Sequence[object],
        context_at: Callable[[int], object],
    ) -> None:
        """Call the implementations with one event after another.

        Args:
            start: The index of the first event.
            events: Values of the hook's first argument; the other one is the context.
            context_at: Returns the context of the event at an index.

        Raises:
            PluginError: One failed, and failures are not isolated.
        """
        if not self._takes_first:
            for index, event in enumerate(events, start):
                self(index, event, context_at(index))
        elif len(self._functions) == 1:
            self._each_of_one(start, events, *self._functions[0])
        else:
            self._each_of_several(start, events)

    def call_all(self, *arguments: object) -> None:
        """Call every implementation once, even if others fail.

        Raises:
            PluginError: The first one that failed, if failures are not isolated.
            KeyboardInterrupt, MemoryError: One raised it; the others were called.
        """
        self._index, self._raised = None, []
        for plugin, call in self._calls:
            try:
                if self._is_wrapped or plugin not in self._silenced:
                    call(*arguments)
            except BaseException as error:  # noqa: BLE001 - plugins raise anything
                self._fail(plugin, error)
        raised, self._raised = self._raised, None
        for waiting in sorted(raised, key=_may_wait):
            if not isinstance(waiting, StopReplay):  # the replay ends anyway
                raise waiting

    def _each_of_one(
        self, start: int, events: Sequence[object], plugin: str, function: Function
    ) -> None:
        waiting = iter(events)
        while plugin not in self._failures.dropped:
            try:
                for event in waiting:
                    function(event)
            except BaseException as error:  # noqa: BLE001 - plugins raise anything
                self._index = start + len(events) - length_hint(waiting) - 1
                self._fail(plugin, error)
            else:
                return

    def _each_of_several(self, start: int, events: Sequence[object]) -> None:
        waiting = iter(events)
        while True:
            dropped = self._failures.dropped
            listening = [each for each in self._functions if each[0] not in dropped]
            numbered = [*enumerate(function for _, function in listening)]
            number, event = 0, None
            try:
                for event in waiting:
                    for number, function in numbered:  # noqa: B007 - tells who failed
                        function(event)
            except BaseException as error:  # noqa: BLE001 - plugins raise anything
                self._index = start + len(events) - length_hint(waiting) - 1
                self._fail(listening[number][0], error)
                for plugin, function in listening[number + 1 :]:
                    self.guarded(plugin, function)(event)
            else:
                return

    def _fail(self, plugin: str, error: BaseException) -> None:
        try:
            self._failures.take(plugin, self._name, self._index, error)
        except BaseException as raised:
            if self._raised is None:
                raise
            self._raised.append(raised)

    def _is_off(self, plugin: str) -> bool:
        """Tell whether *plugin* is not called."""
        if self._raised is None:
            return plugin in self._failures.dropped
        return plugin in self._silenced  # all the others are called now

    def guarded(self, plugin: str, function: Function) -> Function:
        """Return *function* with its failures handled, for use in a wrapper."""

        def guarded(*arguments: object) -> object:
            if self._is_off(plugin):
                return None
            try:
                return function(*arguments)
            except BaseException as error:  # noqa: BLE001 - plugins raise anything
                self._fail(plugin, error)
                return None

        return guarded

    def guarded_wrapper(self, plugin: str, wrapper: Wrapper) -> Wrapper:
        """Return *wrapper* with its failures handled: it then lets all calls pass."""

        def guarded(*arguments: object) -> Generator[None, object, object]:
            if self._is_off(plugin):
                return (yield)
            try:
                inner = wrapper(*arguments)
                next(inner)
            except BaseException as error:  # noqa: BLE001 - plugins raise anything
                self._fail(plugin, error)
                return (yield)
            outcome: object = None
            try:
                outcome = yield
                resume = partial(inner.send, outcome)
            except BaseException as error:  # noqa: BLE001 - from what it wraps
                resume = partial(inner.throw, error)
            try:
                resume()
            except StopIteration as end:
                return end.value
            except BaseException as error:  # noqa: BLE001 - plugins raise anything
                self._fail(plugin, error)
            return outcome

        return guarded


def _may_wait(error: BaseException) -> bool:
    return isinstance(error, PluginError)


def _call(listener: Listener, offered: tuple[str, ...]) -> Function:
    """Return a function of all of a hook's arguments, for one that takes some."""
    function, wanted = listener.function, listener.wanted
    if wanted == offered:
        return function
    if not wanted:
        return lambda *_: function()
    places = [offered.index(name) for name in wanted]
    if len(places) == 1:
        return lambda *arguments: function(arguments[places[0]])
    chosen = itemgetter(*places)
    return lambda *arguments: function(*chosen(arguments))
