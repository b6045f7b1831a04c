"""Terminal output with rich: colours, folded lines and tables."""

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from rich.cells import cell_len
from rich.color import ColorSystem
from rich.console import Console
from rich.style import Style
from rich.table import Table
from rich.text import Text

from replay.rendering.sections import INDENT, Line, Role

_HEADINGS: Final[Mapping[Role | None, str]] = MappingProxyType(
    {
        "session": "bold",
        "turn": "bold underline",
        "user_input": "bold green",
        "thinking": "bold cyan",
        "text": "bold bright_blue",
        "tool_call": "bold yellow",
        "tool_result": "yellow",
        "image_attachment": "yellow",
        "unknown_event": "bold magenta",
        "stop": "bold",
        "diagnostics": "bold red",
    }
)
_CONTENTS: Final[Mapping[Role | None, str]] = MappingProxyType({"thinking": "dim"})
_FAILURE: Final = {True: "bold red", False: "red"}  # of a heading, or not
_BEGINNING: Final = re.compile(r" +(?:(?:[-*+•]|\d+[.)]) +)?")


class Page:
    """The layout of text for standard output's terminal."""

    def __init__(self) -> None:
        is_plain = bool(os.environ.get("NO_COLOR"))
        self._console = Console(
            color_system=None if is_plain else "auto",
            emoji=False,
            highlight=False,
            markup=False,
        )
        self._colors = ColorSystem.STANDARD if self._console.color_system else None

    def text(self, lines: Iterable[Line]) -> Iterator[str]:
        """Yield *lines* in colour; wide ones are folded and stay indented."""
        for line in lines:
            for text in self._folded(line):
                yield _style(line).render(text, color_system=self._colors) + "\n"

    def table(self, titles: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
        """Return a table of *rows*, which must be sanitised."""
        table = Table(box=None, header_style="bold", pad_edge=False)
        for title in titles:
            table.add_column(title, overflow="fold")
        for row in rows:
            table.add_row(*map(Text, row))
        with self._console.capture() as capture:
            self._console.print(table)
        return capture.get()

    def _folded(self, line: Line) -> Iterator[str]:
        text = line.text.expandtabs()
        if cell_len(text) <= self._console.width:
            yield text
            return
        begins = "" if line.is_heading else self._beginning(text)
        indent = " " * len(begins) or INDENT
        width = max(1, self._console.width - len(indent))
        folded = Text(text.removeprefix(begins)).wrap(self._console, width)
        for number, piece in enumerate(folded):
            yield (indent if number else begins) + piece.plain

    def _beginning(self, text: str) -> str:
        """Return the spaces that a line begins with, and the sign of a list's item.

        They are at most half a line.
        """
        found = _BEGINNING.match(text)
        begins = found[0] if found else ""
        return begins if len(begins) <= self._console.width // 2 else INDENT


def _style(line: Line) -> Style:
    if line.is_failure:
        return Style.parse(_FAILURE[line.is_heading])
    styles = _HEADINGS if line.is_heading else _CONTENTS
    return Style.parse(styles.get(line.role, "none"))
