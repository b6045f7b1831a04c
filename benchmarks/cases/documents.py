"""A document in memory: its transcript, and its way back to bytes."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from statistics import median

import replay
from benchmarks import inputs, peers
from benchmarks.clock import time_in_turn
from benchmarks.figures import Figure, figure
from benchmarks.plan import Plan

TARGET_EVENTS = 9_200  # the size that the aims are for
SDK_FROM = 1_000  # events: below, the SDK's time is that of its client, not of parsing
SDK_TO = 100_000  # events: above, a single comparison takes minutes


def bytes_to_transcript(plan: Plan) -> Iterator[Figure]:
    """Compare `transcript` with decoding alone, and with the official SDK."""
    for events in plan.sessions:
        yield from _against_decoders(events, plan.seconds)
        if SDK_FROM <= events <= SDK_TO:
            yield _against_sdk(events, plan.seconds)


def _transcribe(data: bytes) -> Callable[[], object]:
    return lambda: replay.transcript(replay.loads(data))


def _against_decoders(events: int, seconds: float) -> Iterator[Figure]:
    data = inputs.document(events)
    decoders = peers.loads()
    decode = (partial(each, data) for each in decoders.values())
    ours, *theirs = time_in_turn(_transcribe(data), *decode, seconds=seconds)
    times = dict(zip(decoders, theirs, strict=True))
    floor = min(times, key=lambda name: median(times[name]))
    case = "bytes-to-transcript"
    yield figure(
        f"{case}/floor",
        "the faster decoder",
        ours,
        times[floor],
        events=events,
        note=f"The faster decoder of {events:,} events was {floor}.",
    )
    yield figure(
        f"{case}/orjson",
        "orjson.loads",
        ours,
        times["orjson.loads"],
        events=events,
        aim="at most 1.6" if events == TARGET_EVENTS else "",
    )


def _against_sdk(events: int, seconds: float) -> Figure:
    data = inputs.document(events)
    retrieve = peers.retrieve(data)
    ours, theirs = time_in_turn(
        _transcribe(data), lambda: join(retrieve().events), seconds=seconds
    )
    return figure(
        "bytes-to-transcript/sdk",
        "official SDK, joined by hand",
        ours,
        theirs,
        events=events,
        aim="at most 0.05" if events == TARGET_EVENTS else "",
    )


def join(events: Sequence[peers.Content]) -> list[str]:
    """Return the texts of a history, its deltas joined as a user would do it by hand.

    >>> from replay import Stop, TextDelta, Usage
    >>> join([TextDelta("Hel"), TextDelta("lo"), Stop(Usage(), is_error=False)])
    ['Hello']
    """
    texts: list[str] = []
    pieces: list[str] = []
    kind = ""
    for event in events:
        if event.type != kind and pieces:
            texts.append("".join(pieces))
            pieces = []
        kind = event.type
        if kind in {"text_delta", "thinking_delta"}:
            pieces.append(event.content)
    return [*texts, "".join(pieces)] if pieces else texts


def dumps(plan: Plan) -> Iterator[Figure]:
    """Compare writing a session with writing the same value with orjson."""
    loads, write = peers.loads()["orjson.loads"], peers.dumps()
    for events in plan.sessions:
        data = inputs.document(events)
        session, value = replay.loads(data), loads(data)
        ours, theirs = time_in_turn(
            partial(replay.dumps, session), partial(write, value), seconds=plan.seconds
        )
        yield figure("dumps", "orjson.dumps", ours, theirs, events=events)
