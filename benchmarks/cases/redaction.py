"""The cost of redacting a session before it is transcribed."""

from collections.abc import Iterator
from functools import partial

import replay
from benchmarks import inputs
from benchmarks.clock import time_in_turn
from benchmarks.figures import Figure, figure
from benchmarks.plan import Plan
from replay_plugins.redact import Redactor

_FOUND = (b"driven by services", b"tell ada@example.org")


def redact(plan: Plan) -> Iterator[Figure]:
    """Compare transcribing a redacted session with transcribing it as it is.

    In ``clean`` there is nothing to replace; in ``found`` there is an address in every
    turn: in a tool's result, in some deltas and in a full event.
    """
    for events in plan.sessions:
        clean = inputs.document(events)
        plain, redacted, found = time_in_turn(
            partial(_transcribe, clean),
            partial(_redact, clean),
            partial(_redact, clean.replace(*_FOUND)),
            seconds=plan.seconds,
        )
        peer = "transcript of the same"
        yield figure("redact/clean", peer, redacted, plain, events=events)
        yield figure("redact/found", peer, found, plain, events=events)


def _transcribe(data: bytes) -> object:
    return replay.transcript(replay.loads(data))


def _redact(data: bytes) -> object:
    return replay.transcript(Redactor().session(replay.loads(data)))
