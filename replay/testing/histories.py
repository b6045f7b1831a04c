"""Odd histories: sessions such as every plugin and backend must be ready for."""

import json
from collections.abc import Iterator, Sequence
from itertools import groupby
from random import Random

import attrs

from replay.events import Event, TextDelta, ThinkingDelta
from replay.sessions import Session
from replay.shapes import loads
from replay.testing.entries import Entries, deltas, event
from replay.testing.hostile_ids import HOSTILE_IDS
from replay.testing.oddities import ODDITIES


def odd_histories(
    seed: int = 0, count: int = 40, longest: int = 100_000
) -> Iterator[Session]:
    """Yield sessions such as no service should record, as they would be loaded.

    Histories that hold deltas alone, full events alone or both, cut anywhere; unknown
    and malformed events; turns without a stop, without a user input, with several
    stops; repeated call ids, late and missing results; nulls, lone surrogates and
    large numbers. The first ones hold one oddity each and bear its name in their id;
    then comes the longest; the others are mixtures. Ids may be dangerous as names of
    files.

    Args:
        seed: The same seed gives the same sessions, in one release.
        count: How many.
        longest: How many deltas the longest one holds.
    """
    random = Random(seed)  # noqa: S311 - chance, no secret
    for number in range(count):
        if number < len(ODDITIES):
            name = list(ODDITIES)[number]
            entries = ODDITIES[name](random)
        elif number == len(ODDITIES):
            name, entries = "longest", _longest(random, longest)
        else:
            name, entries = "mixture", _mixture(random)
        yield _session(f"{random.choice(HOSTILE_IDS)}{name}-{number}", entries)


def cut_anew(session: Session, seed: int = 0) -> Session:
    """Return *session* with its deltas cut elsewhere, which changes no message.

    Args:
        session: Any session.
        seed: The same seed gives the same cuts, in one release.
    """
    random = Random(seed)  # noqa: S311 - chance, no secret
    anew: Entries = []
    for kind, group in groupby(session.events, key=_kind_of_delta):
        if kind is None:
            anew += (each.as_object() for each in group)
        else:
            anew += deltas(random, kind, "".join(each.content for each in group))  # type: ignore[union-attr]  # deltas
    return attrs.evolve(session, events=_session("", anew).events)


def _kind_of_delta(each: Event) -> str | None:
    is_delta = isinstance(each, TextDelta | ThinkingDelta)
    return each.type.removesuffix("_delta") if is_delta else None


def _session(session_id: str, entries: Sequence[object]) -> Session:
    return loads(json.dumps({"session_id": session_id, "events": entries}))


def _longest(random: Random, count: int) -> Entries:
    kinds = random.choices(["text_delta", "thinking_delta"], [9, 1], k=count)
    return [event("user_input", "Tell me all."), *(event(k, "word ") for k in kinds)]


def _mixture(random: Random) -> Entries:
    """Return several oddities at once, one after another or shuffled into each other.

    The entries of each keep their order.
    """
    oddities = random.sample(list(ODDITIES.values()), k=random.randint(2, 5))
    parts = [oddity(random) for oddity in oddities]
    order = [number for number, part in enumerate(parts) for _ in part]
    if random.random() < 0.5:  # noqa: PLR2004 - as often as not
        random.shuffle(order)
    remaining = [iter(part) for part in parts]
    return [next(remaining[number]) for number in order]
