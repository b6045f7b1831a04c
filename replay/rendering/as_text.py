"""A transcript as lines: headings at the margin, what was recorded indented."""

from collections.abc import Iterator
from typing import Final

import attrs

from replay.messages import Transcript
from replay.rendering.sections import Role, Section, sections

INDENT: Final = "    "


@attrs.frozen
class Line:
    """One line of a transcript, with what a terminal needs to colour it."""

    role: Role | None  #: what it tells of; None: a blank line between sections
    text: str  #: safe to show; no line feed
    is_heading: bool = False  #: whether it stands at the margin, in our words


_BLANK: Final = Line(None, "")


def lines(transcript: Transcript) -> Iterator[Line]:
    """Yield the lines of *transcript*, in order."""
    for number, section in enumerate(sections(transcript)):
        if number:
            yield _BLANK
        yield Line(section.role, _heading(section), is_heading=True)
        if section.body:
            for text in section.body.split("\n"):
                yield Line(section.role, INDENT + text if text else "")


def render_text(transcript: Transcript) -> str:
    """Return *transcript* as text.

    Whatever begins at the margin is ours; what was recorded is indented by four
    spaces, or stands in a heading, after its colon. Strings are shown as they are,
    all other results of tools as JSON. Nothing is shortened.
    """
    return "".join(f"{line.text}\n" for line in lines(transcript))


def _heading(section: Section) -> str:
    names = f": {', '.join(section.names)}" if section.names else ""
    notes = f" ({', '.join(section.notes)})" if section.notes else ""
    return section.label + names + notes
