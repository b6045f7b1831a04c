"""A transcript as lines: headings at the margin, what was recorded indented."""

from collections.abc import Iterator
from typing import Final

import attrs

from replay.coalescing.transcripts import LazyTranscript
from replay.model.messages import Transcript
from replay.rendering.sections import Role, Section, sections

INDENT: Final = "    "


@attrs.frozen
class Line:
    """One line of a transcript, with what a terminal needs to colour it."""

    role: Role | None  #: what it tells of; None: a blank line between sections
    text: str  #: safe to show; no line feed
    is_heading: bool = False  #: whether it stands at the margin, in our words


_BLANK: Final = Line(None, "")


def lines(transcript: Transcript | LazyTranscript) -> Iterator[Line]:
    """Yield the lines of *transcript*, in order."""
    for number, section in enumerate(sections(transcript)):
        if number:
            yield _BLANK
        yield Line(section.role, _heading(section), is_heading=True)
        if section.body:
            for text in section.body.split("\n"):
                yield Line(section.role, INDENT + text if text else "")


def text_pieces(transcript: Transcript | LazyTranscript) -> Iterator[str]:
    """Yield *transcript* as text, piece by piece.

    Whatever begins at the margin is ours; what was recorded is indented by four
    spaces, or stands in a heading, after its colon. Strings are shown as they are,
    all other results of tools as JSON. Nothing is shortened.
    """
    for number, section in enumerate(sections(transcript)):
        blank = "\n" if number else ""
        yield f"{blank}{_heading(section)}\n{_indented(section.body)}"


def _indented(body: str) -> str:
    if not body:
        return ""
    if "\n\n" not in body and body[0] != "\n" != body[-1]:  # the short way
        return INDENT + body.replace("\n", "\n" + INDENT) + "\n"
    return "".join(f"{INDENT}{text}\n" if text else "\n" for text in body.split("\n"))


def _heading(section: Section) -> str:
    names = f": {', '.join(section.names)}" if section.names else ""
    notes = f" ({', '.join(section.notes)})" if section.notes else ""
    return section.label + names + notes
