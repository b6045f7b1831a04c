"""Plugins as a batch uses them: each session's results given, then merged."""

from collections.abc import Iterable, Sequence

from replay.batch.engines import LeadingEngine, WorkingEngine
from replay.batch_results import BatchResult, Results
from replay.json_text import parse, write
from replay.report import ReplayReport
from replay.sessions import Session


def give(plugins: Iterable[object], sessions: Iterable[Session]) -> list[list[object]]:
    """Replay *sessions* as one worker does; return what plugins gave for each.

    It is what the leader has of it: the values have been JSON in between.

    Raises:
        PluginError: A hook raised.
        MustStopError: A plugin raised it.
        EncodeError: A result is no JSON value.
    """
    given: list[list[object]] = []
    with WorkingEngine(plugins, strict=False, on_plugin_error="raise") as engine:
        for session in sessions:
            _, values = engine.replay_for_results(session)
            decoded = parse(write(values)).value
            given.append(decoded)  # type: ignore[arg-type]  # as it was before
    return given


def merge(plugin: object, values: Sequence[object]) -> None:
    """Let a plugin merge what was given for sessions, and close it, as a leader does.

    The sessions are named after their places, from 0.

    Raises:
        PluginError: A hook raised.
        MustStopError: The plugin raised it.
    """
    merge_results(plugin, named(values))


def named(values: Sequence[object]) -> list[BatchResult]:
    """Return what was given for sessions, named after their places, from 0."""
    return [
        BatchResult(f"{number:032x}", str(number), value)
        for number, value in enumerate(values)
    ]


def merge_results(plugin: object, results: Results) -> None:
    """Let a plugin merge results, and close it, as a leader does.

    Raises:
        PluginError, MustStopError: As from :func:`merge`.
    """
    report = ReplayReport(None, sessions=len(results))
    with LeadingEngine([plugin]) as engine:
        engine.merge(lambda _: results, report)
