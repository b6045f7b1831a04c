"""The contract of plugins, as a suite of tests to subclass."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import ClassVar, TypeAlias
from unittest import SkipTest

import attrs

from replay.codec.reader import loads
from replay.codec.writer import dumps
from replay.engine.engine import ReplayEngine
from replay.engine.hookspecs import Context
from replay.engine.report import Outcome
from replay.errors import PluginError, StopReplay, wrong_type
from replay.model.messages import Message
from replay.model.sessions import Session
from replay.testing.backend_contract import violation
from replay.testing.batch_contract import check_merge, check_results
from replay.testing.histories import cut_anew, odd_histories

Call: TypeAlias = tuple[object, ...]  #: the arguments of a hook


def spy(calls: list[Call]) -> Mapping[str, Callable[..., None]]:
    """Return a plugin that adds the arguments of each hook to *calls*.

    It leaves out the hooks that only get an event: ``replay_event`` gets it too.
    """
    add = calls.append
    return {
        "session_start": lambda session: add((session,)),
        "turn_start": lambda user_input, context: add((user_input, context)),
        "event": lambda event, context: add((event, context)),
        "diagnostic": lambda diagnostic, context: add((diagnostic, context)),
        "thinking": lambda message, context: add((message, context)),
        "text": lambda message, context: add((message, context)),
        "tool_result": lambda event, call, context: add((event, call, context)),
        "turn_end": lambda turn, context: add((turn, context)),
        "session_end": lambda session, report: add((session, report)),
    }


Factory: TypeAlias = Callable[[], object]


class PluginContract:
    """Tests that replay odd histories into a plugin, and check that it behaves.

    Subclass it in your tests. The fixture ``plugin`` returns a factory, which makes a
    new plugin each time it is called::

        class TestMyPlugin(PluginContract):
            @pytest.fixture
            def plugin(self) -> Callable[[], object]:
                return MyPlugin

    A failure names the session: ``odd_histories(seed)`` yields it again.
    """

    #: The odd histories to use; see :func:`odd_histories`.
    seed: ClassVar[int] = 0
    #: Number of deltas in the longest one, which only the first test replays.
    longest: ClassVar[int] = 100_000
    #: True if the plugin's result depends on deltas, or on the positions of events.
    observes_deltas: ClassVar[bool] = False

    def result_of(self, plugin: object) -> object:
        """Return the result of the plugin's replays, to be compared by ``==``.

        Args:
            plugin: A plugin from the fixture, after its engine was closed.
        """

    def worker_of(self, plugin: Factory) -> object:
        """Return the plugin for a batch's worker; by default, one of the fixture's."""
        return _new(plugin)

    def test_no_history_makes_a_hook_raise(self, plugin: Factory) -> None:
        """Check that one plugin copes with all odd histories, including the longest."""
        _replay([_new(plugin)], odd_histories(self.seed, longest=self.longest))

    def test_replaying_twice_is_replaying_once_twice(self, plugin: Factory) -> None:
        """Check that no session affects the replay of the next one."""
        for session in self._histories():
            one, other = _new(plugin), _new(plugin)
            apart = [*_hook_calls([one], [session]), *_hook_calls([other], [session])]
            if _hook_calls([_new(plugin)], [session, session]) != apart:
                fault = "its second replay is another than its first"
                advice = "begin anew in replay_session_start"
                raise violation(session.session_id, fault, advice)
            if self.result_of(one) != self.result_of(other):
                fault = "two new plugins made different things of it"
                advice = "keep nothing in the class, and use no chance and no clock"
                raise violation(session.session_id, fault, advice)

    def test_it_changes_nothing_that_it_is_given(self, plugin: Factory) -> None:
        """Check that session, events and messages stay unchanged for other plugins."""
        for session in self._histories():
            before = dumps(session)
            alone = _hook_calls([], [session])
            beside: list[Call] = []
            if _replay([_new(plugin), spy(beside)], [session]) == "stopped":
                beside.pop()  # the session's end, which came early
                del alone[len(beside) :]
            if dumps(session) != before or session != loads(before):
                advice = "leave it alone; attrs.evolve makes another"
                raise violation(session.session_id, "the session has changed", advice)
            if beside != alone:
                fault = "the plugin after it is told something else than without it"
                advice = "leave values alone; attrs.evolve makes others"
                raise violation(session.session_id, fault, advice)

    def test_a_replay_that_is_cut_short_harms_nothing(self, plugin: Factory) -> None:
        """Check that a session may end anywhere without affecting the next one."""
        for number, session in enumerate(self._histories()):
            whole = _hook_calls([_new(plugin)], [session])
            again = _hook_calls(
                [_new(plugin), _Stopper(number % 7)], [session, session]
            )
            if again[-len(whole) :] != whole:
                fault = "after a replay that was cut short, the next one is another"
                advice = "begin anew in replay_session_start, not at a session's end"
                raise violation(session.session_id, fault, advice)

    def test_cutting_the_deltas_elsewhere_changes_nothing(
        self, plugin: Factory
    ) -> None:
        """Check that only content matters, unless the plugin observes deltas."""
        if self.observes_deltas:
            reason = "this plugin observes deltas"
            raise SkipTest(reason)
        for session in self._histories():
            one, other = _new(plugin), _new(plugin)
            recorded = _messages(_hook_calls([one], [session]))
            anew = _messages(_hook_calls([other], [cut_anew(session, self.seed)]))
            if recorded != anew or self.result_of(one) != self.result_of(other):
                fault = "with its deltas cut elsewhere, it comes to something else"
                advice = "listen to replay_text, or set observes_deltas = True"
                raise violation(session.session_id, fault, advice)

    def test_a_batch_result_is_json_and_of_one_session(self, plugin: Factory) -> None:
        """Check what ``replay_batch_result`` returns, if the plugin has it."""
        check_results(partial(self.worker_of, plugin), self._histories())

    def test_merging_a_batch_is_replaying_in_one_go(self, plugin: Factory) -> None:
        """Check that ``result_of`` is the same after a batch and a plain replay."""
        worker = partial(self.worker_of, plugin)
        check_merge(worker, partial(_new, plugin), self.result_of, self._histories())

    def _histories(self) -> Iterator[Session]:
        """Yield histories that replay quickly."""
        return odd_histories(self.seed, longest=200)


def _new(plugin: Factory) -> object:
    """Return a new plugin.

    Raises:
        TypeError: *plugin* makes none, perhaps because it is one.
    """
    if not callable(plugin):
        advice = "the fixture plugin returns its class, or a function that makes one"
        raise wrong_type(plugin, "a callable that makes a plugin", advice)
    return plugin()


@attrs.define(eq=False)
class _Stopper:
    """A plugin that stops the first replay at an event."""

    index: int

    def replay_event(self, context: Context) -> None:
        if context.index == self.index:
            self.index = -1
            raise StopReplay


def _hook_calls(plugins: Iterable[object], sessions: Iterable[Session]) -> list[Call]:
    """Return the hook calls of a plugin after *plugins* in a replay of *sessions*."""
    calls: list[Call] = []
    _replay([*plugins, spy(calls)], sessions)
    return calls


def _replay(plugins: Sequence[object], sessions: Iterable[Session]) -> Outcome | None:
    """Replay *sessions* in one engine; return the outcome of the last."""
    session_id, outcome = None, None
    engine = ReplayEngine(plugins)
    try:
        with engine:
            for session in sessions:
                session_id = session.session_id
                outcome = engine.replay(session).outcome
    except PluginError as error:
        raise violation(session_id, str(error), _advice(error.__cause__)) from error
    return outcome


def _advice(cause: BaseException | None) -> str:
    if isinstance(cause, attrs.exceptions.FrozenError) or "read-only" in str(cause):
        return "leave alone what you are given; change a copy"
    return "be ready for any history"


def _messages(calls: Iterable[Call]) -> list[Call]:
    """Return the messages without their positions."""
    return [
        (message.kind, message.content, message.source, message.complete)
        for message, *_ in calls
        if isinstance(message, Message)
    ]
