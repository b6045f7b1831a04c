"""The plan of a run: input sizes and time limits."""

from typing import Final

import attrs


@attrs.frozen(kw_only=True)
class Plan:
    """Input sizes and time limits, chosen on the command line."""

    sessions: tuple[int, ...]  #: events of the sessions that are held in memory
    histories: tuple[int, ...]  #: deltas of the histories that are coalesced
    files: tuple[int, ...]  #: events of the sessions that are read by processes
    logs: tuple[int, ...]  #: lines of agents' logs; peers read the first one
    fetched: int  #: sessions that are fetched from a server
    records: tuple[int, ...]  #: of the audit logs that are verified
    batch: int  #: sessions of a batch, a file each
    tiny: tuple[int, ...]  #: sessions of batches, a line each
    all_commands: bool  #: whether ``run``, ``check`` and ``copy`` read the files too
    seconds: float  #: approximate time for one comparison


QUICK: Final = Plan(
    sessions=(9_200,),
    histories=(10, 1_000, 100_000),
    files=(1_800_000,),
    logs=(10_000, 1_000, 100_000),
    fetched=48,
    records=(10_000, 100_000),
    batch=4_000,
    tiny=(1_000, 20_000),
    all_commands=False,
    seconds=4,
)
FULL: Final = Plan(
    sessions=(10, 100, 1_000, 9_200, 100_000, 1_000_000),
    histories=(10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000),
    files=(1_800_000, 10_000_000),
    logs=(10_000, 1_000, 100_000, 1_000_000),
    fetched=400,
    records=(10_000, 100_000, 1_000_000),
    batch=20_000,
    tiny=(1_000, 10_000, 100_000, 1_000_000),
    all_commands=True,
    seconds=20,
)
