"""Odd histories: sessions that every plugin and backend must be ready for.

An oddity takes a random generator and returns the entries of a session's ``events``,
as JSON values.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import groupby
from random import Random
from types import MappingProxyType
from typing import Final, TypeAlias

import attrs

from replay.codec.reader import loads
from replay.model.events import Delta, Event
from replay.model.sessions import Session

Entries: TypeAlias = list[object]  #: JSON values

_PIECES: Final = (
    *("Revenue ", "rose ", "12% ", "(p. 7). ", "Smørrebrød ", "東京 ", "\U0001f600"),
    *("\n", "\n\n## User input\n", "```\n", " ", "\t", "</script>", "\x1b[31m"),
    *("\u202e", "\u2028", "\x00", "{{ }}", "\ufeff", "e\u0301"),
)


def text(random: Random) -> str:
    """Return a few words, and text that may be mistaken for markup or commands."""
    return "".join(random.choices(_PIECES, k=random.randint(1, 8)))


def event(kind: str, content: object) -> dict[str, object]:
    """Return a user input, or a delta or full event of thinking or text."""
    return {"type": kind, "content": content}


def deltas(random: Random, kind: str, content: str) -> Entries:
    """Return *content* as deltas, cut anywhere, even inside a surrogate pair."""
    units = content.encode("utf-16-le", "surrogatepass")
    cuts = sorted(random.choices(range(0, len(units) + 1, 2), k=random.randint(0, 5)))
    ends = zip([0, *cuts], [*cuts, len(units)], strict=True)
    return [
        event(f"{kind}_delta", units[start:end].decode("utf-16-le", "surrogatepass"))
        for start, end in ends
    ]


def call(call_id: str, arguments: object = MappingProxyType({})) -> dict[str, object]:
    """Return a tool call."""
    given = dict(arguments) if isinstance(arguments, Mapping) else arguments
    return {"type": "tool_call", "call_id": call_id, "name": "find", "arguments": given}


def result(call_id: str, value: object = "found") -> dict[str, object]:
    """Return a tool result."""
    return {"type": "tool_result", "call_id": call_id, "name": "find", "result": value}


def stop(error: str | None = None, **usage: object) -> dict[str, object]:
    """Return a stop event; without an error, that of a successful run."""
    is_error = error is not None
    return {"type": "stop", "usage": usage, "is_error": is_error, "error": error}


HOSTILE_IDS: Final = (
    *("", " ", ".", "..", "../x", "../../etc/passwd", "/etc/passwd", "~", "C:\\x"),
    *("CON", "nul.json", "a/b", "a\\b", "a\0b", "a\nb", "a.", ".a", "-a", "*", "?"),
    *("%", "%2e%2e", "%2E%2E", "'; DROP TABLE session; --", "$HOME", "{}", "\x1b[31m"),
    *("\ud800", "\udc80", "\u202e", "a", "A", "é", "e\u0301", "x" * 5000),
)


Oddity: TypeAlias = Callable[[Random], Entries]

_VALUES: Final[tuple[object, ...]] = (
    *(None, True, 0, -0.0, 1e300, 10**40, "", "- q3.pdf (ID: dfl-123)", [], {}),
    [{"content": "Revenue rose 12%", "score": 0.83, "pages": [7, None]}],
    {"results": {"": {"__class__": "x", "type": "stop"}}, "\ud800": "\udc00"},
)


def nothing(_: Random) -> Entries:
    """Return no events at all."""
    return []


def deltas_only(random: Random) -> Entries:
    """Return a turn without full events."""
    said = deltas(random, "thinking", text(random)) + deltas(random, "text", "Yes. ")
    return [event("user_input", text(random)), *said, stop(turns=1)]


def fulls_only(random: Random) -> Entries:
    """Return a turn without deltas; two of its answers are the same."""
    said = [event("text", text(random))] * 2
    return [event("user_input", ""), event("thinking", "Hm."), *said, stop()]


def both(random: Random) -> Entries:
    """Return blocks as deltas and as full events, both matching and differing."""
    entries: Entries = []
    for kind in ("text", "thinking"):
        content = "Rent: " + text(random) + "(p. 3)."
        fulls = (content, f"{content} ", f"{content}?", content[:-4], "Page 3.", "")
        for full in fulls:
            entries += [*deltas(random, kind, content), event(kind, full), stop()]
    return entries


def late_fulls(random: Random) -> Entries:
    """Return full events that come after a boundary, one longer than its deltas."""
    one, other = text(random), text(random)
    entries = [*deltas(random, "text", one), stop(), event("text", one)]
    entries += deltas(random, "text", other)
    return [*entries, stop(), event("text", other + "!")]


def sent_twice(random: Random) -> Entries:
    """Return deltas that come again, and full events that come twice."""
    content = "Rent: " + text(random)
    full = event("text", content)
    broken = deltas(random, "text", content[:4]) + deltas(random, "thinking", "Hm.")
    whole = [*deltas(random, "text", content), full]
    return [*broken, *whole, stop(), *whole, full, stop(), full, full, stop()]


def interleaved_kinds(random: Random) -> Entries:
    """Return thinking and text, delta by delta, then both as full events."""
    kinds = random.choices(["text", "thinking"], k=12)
    pieces = [(kind, text(random)) for kind in kinds]
    fulls: Entries = [
        event(kind, "".join(piece for each, piece in pieces if each == kind))
        for kind in ("text", "thinking")
    ]
    return [event(f"{kind}_delta", piece) for kind, piece in pieces] + fulls


def empty_deltas(random: Random) -> Entries:
    """Return empty deltas, alone and among others."""
    empty: Entries = [event("text_delta", ""), event("thinking_delta", "")]
    return empty + deltas(random, "text", text(random)) + empty + [stop()] + empty


def unknown_events(random: Random) -> Entries:
    """Return deltas with events of unknown types among them."""
    entries: Entries = []
    for delta in deltas(random, "text", text(random)):
        entries += [{"type": random.choice(["citation", "Stop", ""])}, delta]
    return [*entries, {"type": "citation", "stop": stop()}]


def malformed_events(random: Random) -> Entries:
    """Return values that aren't events, and events with wrong fields."""
    malformed: Entries = [
        *(None, 5, 1.5, True, "stop", [], [stop()], {}, {"type": None}, {"type": 5}),
        *({"content": "no type"}, {"type": "text"}, event("text", None)),
        *(event("text_delta", 5), event("user_input", ["a"]), event("thinking", {})),
        *(call("c1", "{}"), call("c1", [None]), call("c1", 5)),
        *({"type": "tool_call", "arguments": {}}, {"type": "tool_result"}),
        *({**result("c1"), "call_id": 1}, {**result("c1"), "image_attachment": {}}),
        *({"type": "stop"}, {**stop(), "usage": None}, {**stop(), "is_error": "no"}),
        *(stop(turns="1"), {**stop(), "error": 1}, {**stop(), "skipped_index_ids": 1}),
    ]
    random.shuffle(malformed)
    return malformed


def missing_stop(random: Random) -> Entries:
    """Return turns that are cut off; the second asks the same again."""
    cut = [event("user_input", "Well?"), *deltas(random, "text", text(random))]
    return [*cut, *cut, call("c1")]


def repeated_stops(random: Random) -> Entries:
    """Return several stops in a row, which contradict each other or themselves."""
    late = {**stop(), "is_error": True}, {**stop("odd"), "is_error": False}
    return [event("text", text(random)), stop(turns=2), stop("overloaded"), *late]


def implicit_turns(random: Random) -> Entries:
    """Return events that belong to no user input, before and after a stop."""
    said = deltas(random, "text", text(random))
    return [*said, stop(), *said, call("c1"), stop(), result("c2"), event("text", "")]


def late_results(random: Random) -> Entries:
    """Return results that come after the stop, or a turn later."""
    calls: Entries = [call("c1"), call("c2", {"page": 7}), call("c3")]
    later: Entries = [result("c1"), event("user_input", text(random)), result("c2")]
    return [event("user_input", "Find."), *calls, stop(), *later, stop(), result("c3")]


def orphan_results(random: Random) -> Entries:
    """Return results of calls that were never recorded, and calls without results."""
    return [result("c9", random.choice(_VALUES)), call("c8"), result("c7"), stop()]


def repeated_call_ids(random: Random) -> Entries:
    """Return calls with one id, more results than calls, and one of another tool."""
    count = random.randint(2, 5)
    calls: Entries = [call("c1", {"number": number}) for number in range(count)]
    results: Entries = [result("c1", number) for number in range(count + 2)]
    return calls + results + [{**result("c1"), "name": "read"}, stop()]


def values_of_all_kinds(random: Random) -> Entries:
    """Return arguments and results of every kind of JSON value, nested too."""
    nested: object = random.choice(_VALUES)
    for number in range(100):
        nested = [nested] if number % 2 else {"inner": nested}
    image = {"source_id": "dfl-123", "attachment_name": "screenshots/page_7.jpg"}
    entries: Entries = []
    for number, value in enumerate([*_VALUES, nested]):
        entries += [call(f"c{number}", {"value": value}), result(f"c{number}", value)]
    return [*entries, {**result("c0"), "image_attachment": image, "more": [1]}, stop()]


def nulls(random: Random) -> Entries:
    """Return nulls wherever the service may write them, and omit other keys."""
    unsaid = {"total_input_tokens": None, "total_output_tokens": None}
    answer = {**result("c1", None), "image_attachment": None}
    skipped = {**stop(**unsaid), "skipped_index_ids": random.choice([None, [], ["i"]])}
    return [event("user_input", "?"), call("c1", {"query": None}), answer, skipped]


def large_numbers(random: Random) -> Entries:
    """Return numbers too large for other languages.

    Longer ones can be recorded, of up to 4,300 digits, but their sum is a number that
    Python refuses to print, which no plugin need be ready for.
    """
    large = random.choice([2**53 + 1, 2**64, 10**40])
    whole = stop(total_input_tokens=large, turns=2**70, duration_ms=large)
    return [whole, event("user_input", ""), stop(turns=0, duration_ms=0.1)]


def lone_surrogates(random: Random) -> Entries:
    """Return halves of characters, as content, ids, names, keys and values."""
    half = random.choice(["\ud83d", "\ude00", "a\udfffb"])
    use = {**call(half, {half: [half]}), "name": half}
    split: Entries = [event("text_delta", "\ud83d"), event("text_delta", "\ude00")]
    rest: Entries = [event("text", half), event("thinking_delta", half), stop(half)]
    return [event("user_input", half), *split, use, result(half, {half: half}), *rest]


def many_turns(random: Random) -> Entries:
    """Return thirty nearly empty turns."""
    return [event("user_input", text(random)), stop(turns=1)] * 30


#: The oddities by name.
ODDITIES: Final[Mapping[str, Oddity]] = MappingProxyType(
    {
        oddity.__name__: oddity
        for oddity in (
            *(nothing, deltas_only, fulls_only, both, late_fulls, interleaved_kinds),
            *(empty_deltas, unknown_events, malformed_events, missing_stop),
            *(repeated_stops, implicit_turns, late_results, orphan_results),
            *(repeated_call_ids, values_of_all_kinds, nulls, large_numbers),
            *(lone_surrogates, many_turns, sent_twice),
        )
    }
)


def odd_histories(
    seed: int = 0, count: int = 40, longest: int = 100_000
) -> Iterator[Session]:
    """Yield sessions that no service should record, as they would be loaded.

    They hold deltas alone, full events alone or both, cut anywhere; unknown and
    malformed events; turns without a stop, without a user input, with several stops;
    repeated call ids, late and missing results; nulls, lone surrogates and large
    numbers. The first ones hold one oddity each, named in their ids; then comes the
    longest; the others are mixtures. Ids may be dangerous as file names.

    Args:
        seed: The same seed gives the same sessions, within one release.
        count: Number of sessions.
        longest: Number of deltas in the longest one.
    """
    random = Random(seed)  # noqa: S311 - chance, no secret
    for number in range(count):
        if number < len(ODDITIES):
            name, oddity = list(ODDITIES.items())[number]
            entries = oddity(random)
        elif number == len(ODDITIES):
            name, entries = "longest", _longest(random, longest)
        else:
            name, entries = "mixture", _mixture(random)
        yield _session(f"{random.choice(HOSTILE_IDS)}{name}-{number}", entries)


def cut_anew(session: Session, seed: int = 0) -> Session:
    """Return *session* with its deltas cut elsewhere, which changes no message.

    The same seed gives the same cuts, within one release.
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
    return each.kind if isinstance(each, Delta) else None


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
