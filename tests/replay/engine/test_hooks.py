"""Hook calls, plain or through pluggy, with the same result for all plugins."""

from collections.abc import Callable, Generator, Mapping
from contextlib import nullcontext
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from histories import histories
from replay import (
    Event,
    PluginError,
    ReplayEngine,
    ReplayReport,
    Session,
    StopReplay,
    UserInput,
    dumps,
    hookimpl,
    loads,
)
from replay.engine.plugin_set import OnPluginError
from spying import HOOKS

Call = tuple[int, str, tuple[object, ...]]
NAMES = sorted(set(HOOKS) - {"replay_close"})


class _FailedError(Exception):
    """A deliberate failure of a plugin."""


def listener(
    calls: list[Call], number: int, hook: str, wanted: tuple[str, ...], fails: int
) -> Callable[..., None]:
    """Return a hook that takes *wanted*, and fails every *fails*-th time; 0: never."""
    times = 0

    def listen(*values: object) -> None:
        nonlocal times
        times += 1
        calls.append((number, hook, values))
        if fails and times % fails == 0:
            raise _FailedError

    listed = ", ".join(wanted)
    scope: dict[str, Any] = {"listen": listen}
    exec(f"def hook({listed}): listen({listed})", scope)  # noqa: S102 - pluggy reads names
    function: Callable[..., None] = scope["hook"]
    return function


@st.composite
def plugins(draw: st.DrawFn) -> dict[str, tuple[tuple[str, ...], int]]:
    """Return a plugin's hooks, with the arguments and failure rate of each."""
    return {
        name: (
            tuple(each for each in HOOKS[name] if draw(st.booleans())),
            draw(st.sampled_from([0, 0, 1, 3])),
        )
        for name in draw(st.lists(st.sampled_from(NAMES), min_size=1, unique=True))
    }


class Around:
    """A plugin that wraps every hook unchanged, so that pluggy makes the calls."""


def _around(name: str) -> Callable[..., Generator[None, object, object]]:
    def around(self: Around) -> Generator[None, object, object]:  # noqa: ARG001 - pluggy's
        return (yield)

    around.__name__ = name
    return hookimpl(wrapper=True)(around)


for _name in NAMES:
    setattr(Around, _name, _around(_name))


def outcome(
    session: Session,
    made: list[Mapping[str, Any]],
    *,
    on_error: OnPluginError,
    wrapped: bool,
) -> object:
    calls: list[Call] = []
    given: list[object] = [
        {
            name.removeprefix("replay_"): listener(calls, number, name, *options)
            for name, options in each.items()
        }
        for number, each in enumerate(made)
    ]
    engine = ReplayEngine(
        [*given, *([Around()] if wrapped else [])], on_plugin_error=on_error
    )
    try:
        report = engine.replay(session)
    except Exception as error:  # noqa: BLE001 - what it is, is compared
        return without_reports(calls), str(error)
    errors = [(each.plugin, each.hook, each.index) for each in report.plugin_errors]
    return without_reports(calls), errors, report.dropped_plugins


def without_reports(calls: list[Call]) -> list[object]:
    """Return the calls; reports, which may differ, are only marked."""
    return [
        (
            number,
            hook,
            [None if isinstance(each, ReplayReport) else each for each in values],
        )
        for number, hook, values in calls
    ]


@given(
    histories,
    st.lists(plugins(), min_size=1, max_size=3),
    st.sampled_from(["raise", "isolate"]),
)
def test_plain_calls_do_what_pluggy_does(
    history: list[Event], made: list[Mapping[str, Any]], on_error: OnPluginError
) -> None:
    built = Session("s", events=history)
    recorded = loads(dumps(built))
    expected = outcome(built, made, on_error=on_error, wrapped=True)
    assert outcome(built, made, on_error=on_error, wrapped=False) == expected
    assert outcome(recorded, made, on_error=on_error, wrapped=False) == outcome(
        recorded, made, on_error=on_error, wrapped=True
    )


def test_a_plugin_that_stops_a_replay_stops_it_on_both_paths() -> None:
    session = loads('[{"type": "text", "content": "a"}]')

    def stop() -> None:
        raise StopReplay

    for others in [], [Around()]:
        report = ReplayEngine([{"text": stop}, *others]).replay(session)
        assert report.outcome == "stopped"


def test_the_end_reaches_failed_and_dropped_plugins_on_both_paths() -> None:
    session = loads(dumps(Session("s", events=[UserInput("a")] * 10)))
    for others in [], [Around()]:
        for on_error in get_args(OnPluginError):
            ends: list[int] = []

            class Failing:
                def replay_event(self) -> None:
                    raise _FailedError

                def replay_session_end(self) -> None:
                    ends.append(1)  # noqa: B023 - it is called within the round
                    raise _FailedError

            plugins = [Failing(), Failing(), *others]
            engine = ReplayEngine(plugins, on_plugin_error=on_error)
            with nullcontext() if on_error == "isolate" else pytest.raises(PluginError):
                assert len(engine.replay(session).dropped_plugins) == 2
            assert ends == [1, 1]
