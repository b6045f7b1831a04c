"""The contract of plugins in batches: their results, and the merging of these."""

from collections.abc import Callable, Iterable, Sequence
from unittest import SkipTest

from replay.batch.worker import LeaderEngine, WorkerEngine
from replay.engine.engine import ReplayEngine
from replay.engine.report import BatchResult, BatchResults, ReplayReport
from replay.errors import EncodeError, PluginError
from replay.model.json_text import parse_json, write_json
from replay.model.sessions import Session
from replay.testing.backend_contract import violation


def worker_results(
    plugins: Iterable[object], sessions: Iterable[Session]
) -> list[list[object]]:
    """Replay *sessions* as one worker does; return the plugins' results for each.

    The values pass through JSON, as on their way to the leader. An EncodeError means
    that one isn't a JSON value.
    """
    results: list[list[object]] = []
    with WorkerEngine(plugins, strict=False, on_plugin_error="raise") as engine:
        for session in sessions:
            _, values = engine.replay_with_results(session)
            decoded = parse_json(write_json(values)).value
            results.append(decoded)  # type: ignore[arg-type]  # as it was before
    return results


def merge(plugin: object, values: Sequence[object]) -> None:
    """Let a plugin merge results, and close it, as :func:`merge_results` does."""
    merge_results(plugin, numbered_results(values))


def numbered_results(values: Sequence[object]) -> list[BatchResult]:
    """Return *values* as the results of sessions that are numbered from 0."""
    return [
        BatchResult(f"{number:032x}", str(number), value)
        for number, value in enumerate(values)
    ]


def merge_results(plugin: object, results: BatchResults) -> None:
    """Let a plugin merge results, and close it, as a leader does."""
    report = ReplayReport(None, sessions=len(results))
    with LeaderEngine([plugin]) as engine:
        engine.merge(lambda _: results, report)


def check_results(worker: Callable[[], object], sessions: Iterable[Session]) -> None:
    """Check that a result is JSON, and doesn't depend on other sessions.

    The test is skipped if the plugins from *worker* give no results.
    """
    _need(worker(), "replay_batch_result", "gives no results")
    histories = [*sessions]
    for session, together in zip(
        histories, _results_of(worker(), histories), strict=True
    ):
        if _results_of(worker(), [session]) != [together]:
            fault = "its result is another when other sessions came before"
            advice = "forget in replay_batch_result all that you return"
            raise violation(session.session_id, fault, advice)


def check_merge(
    worker: Callable[[], object],
    plugin: Callable[[], object],
    result_of: Callable[[object], object],
    sessions: Iterable[Session],
) -> None:
    """Check that merging two workers' results gives the result of a plain replay.

    The test is skipped if plugins give no results, or merge none. *result_of* returns
    the result of a closed plugin.
    """
    _need(worker(), "replay_batch_result", "gives no results")
    leader, plain = plugin(), plugin()
    _need(leader, "replay_batch_merge", "merges no results")
    histories = [*sessions]
    values: list[object] = [None] * len(histories)
    for number in (0, 1):
        values[number::2] = _results_of(worker(), histories[number::2])
    merge(leader, values)
    with ReplayEngine([plain]) as engine:
        for session in histories:
            engine.replay(session)
    if result_of(leader) != result_of(plain):
        fault = "its results, merged, come to something else than a plain replay"
        advice = "return in replay_batch_result all that replay_batch_merge needs"
        raise violation(None, fault, advice)


def _need(plugin: object, hook: str, fault: str) -> None:
    if not hasattr(plugin, hook):
        reason = f"this plugin {fault}"
        raise SkipTest(reason)


def _results_of(worker: object, sessions: Sequence[Session]) -> list[object]:
    try:
        return [value for (value,) in worker_results([worker], sessions)]
    except EncodeError as error:
        advice = "return numbers, texts, lists and dicts only"
        raise violation(
            None, f"its result is no JSON value: {error}", advice
        ) from error
    except PluginError as error:
        raise violation(None, str(error), "be ready for any history") from error
