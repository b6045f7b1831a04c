"""The plugin that keeps secrets from all others, and says what it replaced."""

import json as json_text
import sys
from pathlib import Path

import attrs

from replay.sanitizing import escape_json, sanitize_line
from replay.sessions import Session
from replay_plugins.redact.redactor import Redactor
from replay_plugins.redact.replacing import Redacted

_HEADINGS = ("pseudonym", "length", "path", "session")


@attrs.define(eq=False)
class Redact:
    """Replaces secrets by pseudonyms before anybody sees the session.

    What was replaced, and where, is said when the engine is closed; never what it was.

    Args:
        patterns: A file of more to replace, in lines ``name=expression``; None: none.
        key_file: A file whose content makes pseudonyms that are the same in all
            sessions, at least 16 bytes; None: they are numbered in each session.
        without: Names of rules that are not to be applied, with spaces between.
        json: Say it as JSON; False: as a table.
        output: A file to write; None: standard output.
    """

    patterns: Path | None = None
    key_file: Path | None = None
    without: str = ""
    json: bool = False
    output: Path | None = None
    redactor: Redactor = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.redactor = Redactor(
            patterns=self.patterns,
            key=self.key_file.read_bytes().strip() if self.key_file else None,
            without=self.without.split(),
        )

    def replay_rewrite(self, session: Session) -> Session:
        """Return the session with its secrets replaced."""
        return self.redactor.session(session)

    def replay_close(self) -> None:
        """Print what was replaced, or write it."""
        report = self.redactor.report
        text = _as_json(report) if self.json else _as_table(report)
        if self.output is not None:
            self.output.write_text(text, encoding="utf-8", newline="\n")
        elif sys.stdout is not None:  # as it is where standard output is closed
            encoding = sys.stdout.encoding or "utf-8"
            sys.stdout.write(text.encode(encoding, "backslashreplace").decode(encoding))


def _as_json(report: list[Redacted]) -> str:
    lines = (
        escape_json(json_text.dumps(attrs.asdict(each), ensure_ascii=False))
        for each in report
    )
    return '{"replaced": [\n' + ",\n".join(lines) + "\n]}\n"


def _as_table(report: list[Redacted]) -> str:
    rows = [_HEADINGS, *map(_row, report)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "".join(
        "  ".join(map(str.ljust, row, widths)).rstrip() + "\n" for row in rows
    )


def _row(each: Redacted) -> tuple[str, ...]:
    pseudonym = each.pseudonym or "-"
    session_id = sanitize_line(each.session_id)
    return pseudonym, str(each.length), sanitize_line(each.path), session_id
