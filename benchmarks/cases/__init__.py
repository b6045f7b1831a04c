"""The cases that can be measured, by name."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final

import attrs

from benchmarks.cases import (
    audit_log,
    audit_verify,
    batches,
    documents,
    fetching,
    foreign_logs,
    histories,
    hooks,
    large_files,
    redaction,
    start_up,
)
from benchmarks.figures import Figure
from benchmarks.plan import Plan


@attrs.frozen
class Case:
    """A group of figures that are measured together."""

    measure: Callable[[Plan], Iterable[Figure]]
    needs: tuple[str, ...] = ()  #: modules of peers


CASES: Final[Mapping[str, Case]] = {
    "bytes-to-transcript": Case(
        documents.bytes_to_transcript, ("orjson", "llama_cloud")
    ),
    "bytes-to-engine": Case(hooks.bytes_to_engine, ("orjson",)),
    "hook-call": Case(hooks.hook_call),
    "coalescing": Case(histories.coalescing, ("pydantic_ai", "anthropic", "openai")),
    "large-file": Case(large_files.large_file, ("orjson",)),
    "foreign-log": Case(foreign_logs.foreign_log, ("claude_code_log", "agentpile")),
    "start-up": Case(start_up.start_up, ("llama_cloud",)),
    "fetching": Case(fetching.fetching),
    "dumps": Case(documents.dumps, ("orjson",)),
    "audit-log": Case(audit_log.audit_log),
    "audit-verify": Case(audit_verify.audit_verify),
    "redact": Case(redaction.redact),
    "batch": Case(batches.batch),
    "batch-dask": Case(batches.batch_dask, ("distributed",)),
}


def measure(
    names: Iterable[str], plan: Plan, on_case: Callable[[str], object]
) -> Iterator[Figure]:
    """Yield the figures of the named cases.

    Args:
        names: Keys of :data:`CASES`.
        plan: Input sizes and time limits.
        on_case: Called with the name of each case before it is measured.
    """
    for name in names:
        on_case(name)
        yield from CASES[name].measure(plan)
