"""The cases that can be measured, by name."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final

import attrs

from benchmarks.cases.batches import batch, batch_dask
from benchmarks.cases.documents import bytes_to_transcript, dumps
from benchmarks.cases.fetching import fetching
from benchmarks.cases.histories import coalescing
from benchmarks.cases.large_files import large_file
from benchmarks.cases.listening import bytes_to_engine, hook_call
from benchmarks.cases.recording import audit_log
from benchmarks.cases.redaction import redact
from benchmarks.cases.start_up import start_up
from benchmarks.cases.verification import audit_verify
from benchmarks.figures import Figure
from benchmarks.plan import Plan


@attrs.frozen
class Case:
    """A group of figures that are measured together."""

    measure: Callable[[Plan], Iterable[Figure]]
    needs: tuple[str, ...] = ()  #: modules of peers


CASES: Final[Mapping[str, Case]] = {
    "bytes-to-transcript": Case(bytes_to_transcript, ("orjson", "llama_cloud")),
    "bytes-to-engine": Case(bytes_to_engine, ("orjson",)),
    "hook-call": Case(hook_call),
    "coalescing": Case(coalescing, ("pydantic_ai", "anthropic", "openai")),
    "large-file": Case(large_file, ("orjson",)),
    "start-up": Case(start_up, ("llama_cloud",)),
    "fetching": Case(fetching),
    "dumps": Case(dumps, ("orjson",)),
    "audit-log": Case(audit_log),
    "audit-verify": Case(audit_verify),
    "redact": Case(redact),
    "batch": Case(batch),
    "batch-dask": Case(batch_dask, ("distributed",)),
}


def measure(
    names: Iterable[str], plan: Plan, tell: Callable[[str], object]
) -> Iterator[Figure]:
    """Yield the figures of the named cases.

    Args:
        names: Keys of :data:`CASES`.
        plan: Input sizes and time limits.
        tell: Called with the name of each case before it is measured.
    """
    for name in names:
        tell(name)
        yield from CASES[name].measure(plan)
