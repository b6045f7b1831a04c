"""A transcript as Markdown: our headings, what was recorded in fences and spans."""

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

from replay.coalescing.transcripts import LazyTranscript
from replay.model.messages import Transcript
from replay.rendering.sections import Role, Section, sections

_LEVELS: Final[Mapping[Role, int]] = MappingProxyType(
    {"session": 1, "turn": 2, "diagnostics": 2}
)
_BACKTICKS: Final = re.compile("`+")


def markdown_pieces(transcript: Transcript | LazyTranscript) -> Iterator[str]:
    """Yield *transcript* as CommonMark, piece by piece.

    Whatever was recorded stands, word for word, in a fenced block or in a code span
    of a heading; nothing in it is read as Markdown or HTML.

    Source: CommonMark 0.31.2, sections 4.5 (fences) and 6.1 (code spans).
    """
    for number, section in enumerate(sections(transcript)):
        yield "\n" + _section(section) if number else _section(section)


def _section(section: Section) -> str:
    level = "#" * _LEVELS.get(section.role, 3)
    names = f": {', '.join(map(_code_span, section.names))}" if section.names else ""
    notes = f" ({', '.join(section.notes)})" if section.notes else ""
    heading = f"{level} {section.label}{names}{notes}\n"
    return f"{heading}\n{_fenced(section)}" if section.body else heading


def _code_span(line: str) -> str:
    fence = "`" * _shortest_absent_run(line)
    is_edged = line[0] in "` " or line[-1] in "` "
    padding = " " if is_edged and line.strip(" ") else ""
    return f"{fence}{padding}{line}{padding}{fence}"


def _fenced(section: Section) -> str:
    longest = max(map(len, _BACKTICKS.findall(section.body)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{section.language}\n{section.body}\n{fence}\n"


def _shortest_absent_run(text: str) -> int:
    """Return how many backticks in a row *text* does not hold; at least 1."""
    runs = {len(run) for run in _BACKTICKS.findall(text)}
    return next(length for length in range(1, len(runs) + 2) if length not in runs)
