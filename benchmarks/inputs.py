"""Made-up sessions in many scripts: the same bytes each time.

A turn is a prompt, reasoning, a tool call with its result, an answer and a stop. Its
deltas are 3 to 9 characters long, 6 on average. Long sessions repeat their first turns.
"""

import json
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import count, cycle, islice
from pathlib import Path
from typing import Final, Literal, TypeAlias

Entry: TypeAlias = Mapping[str, object]
Shape: TypeAlias = Literal["both", "fulls", "deltas"]

SENTENCES: Final = (
    "Revenue rose 12% to $4.2 million, driven by services (p. 7).",
    "Three risks stand out: suppliers, currency exposure and churn.",
    "Der Umsatz stieg gegenüber dem Vorjahr um 8,3 % auf 12,7 Mio. €.",
    'See "Note 14 – Contingencies" for the open litigation.\n',
    "第三季度营业收入同比增长百分之十二，主要来自服务业务。",
    "The agreement renews unless either party gives 90 days' notice.",
    "Договор вступает в силу с момента подписания обеими сторонами.",
    "| Quarter | Revenue |\n|---|---:|\n| Q3 | 4.2 |\n",
    "ارتفعت الإيرادات بنسبة ١٢٪ في الربع الثالث مقارنة بالعام الماضي.",
    "I could not find a signed version \N{WOMAN}\u200d\N{PERSONAL COMPUTER}.",
    "契約書の第五条に、秘密保持義務の期間が定められています。",
    "Le bénéfice net s’élève à 3,4 millions d’euros, en hausse de 6 %.",
)
SIZES: Final = (6, 4, 9, 5, 7, 3, 8)  # characters of a delta
TURN: Final = 206  # events of a whole turn in the shape "both"
OTHER_EVENTS: Final = 6  # events of a turn that aren't deltas
TURNS: Final = 64  # different turns
FOUND: Final = [
    {
        "content": sentence,
        "score": 0.83,
        "metadata": {"file_name": "annual_report_2025.pdf", "tags": ["finance"]},
        "static_fields": {"page_range_start": 7, "page_range_end": 7},
    }
    for sentence in SENTENCES
]
HEADER: Final = {
    "session_id": "ses-benchmark",
    "last_updated_at": "2026-04-22T12:34:41.342245",
    "generated_title": "What were the main findings in Q…",
    "index_ids": ["idx-abc123"],
    "shared_access": "query",
}
USAGE: Final = {
    "total_input_tokens": 5210,
    "total_output_tokens": 888,
    "turns": 2,
    "duration_ms": 6412.5,
}


def document(events: int, shape: Shape = "both") -> bytes:
    """Return a session as the service would send it.

    Args:
        events: Number of events, at least 8. Without its fulls or its deltas it has
            fewer, and holds the same text.
        shape: Whether messages are recorded whole, in deltas, or both.
    """
    return b"".join(_parts(events, shape))


def write(path: Path, events: int) -> None:
    """Write a session with deltas and fulls, however large, turn by turn."""
    with path.open("wb") as file:
        file.writelines(_parts(events, "both"))


def pieces(number: int = 0) -> Iterator[str]:
    """Yield endless text in deltas; each *number* starts at a different place."""
    sizes = islice(cycle(SIZES), number % len(SIZES), None)
    text = ""
    for index in count(number):
        text += f"{SENTENCES[index % len(SENTENCES)]} "
        while len(text) > max(SIZES):
            size = next(sizes)
            yield text[:size]
            text = text[size:]


def _parts(events: int, shape: Shape) -> Iterator[bytes]:
    yield _encode(HEADER)[:-1] + b',"events":[\n'
    for number, length in enumerate(_lengths(events)):
        yield (b",\n" if number else b"") + _turn(number % TURNS, length, shape)
    yield b'\n],"job_metadata":' + _encode({**USAGE, "is_error": False}) + b"}\n"


def _lengths(events: int) -> Iterator[int]:
    """Yield the number of events in each turn; the last one has the remainder."""
    while events >= TURN + OTHER_EVENTS + 2:
        yield TURN
        events -= TURN
    yield events


@cache
def _turn(number: int, length: int, shape: Shape) -> bytes:
    return b",\n".join(map(_encode, _events(number, length, shape)))


def _events(number: int, length: int, shape: Shape) -> Iterator[Entry]:
    text = pieces(number)
    reasoning = (length - OTHER_EVENTS) // 4
    call = {"call_id": f"call_{number}", "name": "retrieve"}
    yield {"type": "user_input", "content": "What were the main findings in Q3?"}
    yield from _block("thinking", list(islice(text, reasoning)), shape)
    yield {"type": "tool_call", **call, "arguments": {"query": "Q3", "top_k": 5}}
    yield {"type": "tool_result", **call, "result": {"results": FOUND}}
    yield from _block(
        "text", list(islice(text, length - OTHER_EVENTS - reasoning)), shape
    )
    yield {"type": "stop", "usage": USAGE, "is_error": False, "error": None}


def _block(kind: str, deltas: list[str], shape: Shape) -> Iterator[Entry]:
    if shape != "fulls":
        yield from ({"type": f"{kind}_delta", "content": each} for each in deltas)
    if shape != "deltas":
        yield {"type": kind, "content": "".join(deltas)}


def _encode(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
