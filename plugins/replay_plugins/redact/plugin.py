"""The plugin ``redact`` and its report, alone and in batches."""

from collections.abc import Iterable, Iterator
from json import JSONEncoder
from pathlib import Path
from typing import Any, ClassVar, Final

import attrs

from replay import BatchResults, Session
from replay.authoring import escape_json, sanitize_line
from replay_plugins.redact.redactor import Redactor
from replay_plugins.redact.values import Redacted
from replay_plugins.report_output import escape_text, unescape_text, write_report


@attrs.define(eq=False)
class RedactHooks:
    """A plugin that replaces secrets with pseudonyms, without a report.

    Its options are those of :class:`Redact`.
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


@attrs.define(eq=False)
class RedactWorker(RedactHooks):
    """The plugin in a batch worker, which redacts each session by itself.

    Its options are those of the plugin. Without a key, ids that hold secrets would be
    numbered in the order in which this worker happens to meet them, and sessions of two
    workers would get the same id. Such a session is refused.
    """

    def replay_rewrite(self, session: Session) -> Session:
        """Return the session with its secrets replaced.

        Raises:
            ValueError: Its id holds a secret, and there is no key.
        """
        self.redactor.forget()
        shown = super().replay_rewrite(session)
        if self.key_file is None and shown.session_id != session.session_id:
            message = (
                "the session's id holds a secret: in a batch, give a key_file, so that "
                "all workers call it the same"
            )
            raise ValueError(message)
        return shown

    def replay_batch_result(self) -> object:
        """Return the session's replacements, and forget them."""
        report = [*map(_value, self.redactor.report)]
        self.redactor.forget()
        return report


@attrs.frozen
class BatchReplacements:
    """The replacements in a batch's sessions, in order; they aren't held in memory."""

    _results: BatchResults

    def __iter__(self) -> Iterator[Redacted]:
        """Yield each replacement, read again each time."""
        for result in self._results:
            value: Any = result.value  # from replay_batch_result
            for session_id, path, *others in value:
                yield Redacted(unescape_text(session_id), unescape_text(path), *others)


def _value(each: Redacted) -> list[object]:
    place = map(escape_text, (each.session_id, each.path))
    return [*place, each.rule, each.start, each.length, each.pseudonym]


_HEADINGS: Final = ("pseudonym", "length", "path", "session")
_encode: Final = JSONEncoder(ensure_ascii=False).encode


def as_json(report: Iterable[Redacted]) -> Iterator[str]:
    """Yield a JSON report of the replacements."""
    yield '{"replaced": [\n'
    separator = ""
    for each in report:
        yield separator + escape_json(_encode(attrs.asdict(each, recurse=False)))
        separator = ",\n"
    yield "\n]}\n"


def as_table(report: Iterable[Redacted]) -> Iterator[str]:
    """Yield a table, line by line.

    Args:
        report: It is read twice, since columns are as wide as their widest cells.
    """
    widths = [*map(len, _HEADINGS)]
    is_empty = True
    for each in report:
        widths = [*map(max, widths, map(len, _row(each)))]
        is_empty = False
    yield "nothing was replaced\n" if is_empty else _line(_HEADINGS, widths)
    for each in report:
        yield _line(_row(each), widths)


def _line(row: tuple[str, ...], widths: list[int]) -> str:
    return "  ".join(map(str.ljust, row, widths)).rstrip() + "\n"


def _row(each: Redacted) -> tuple[str, ...]:
    pseudonym = each.pseudonym or "-"
    session_id = sanitize_line(each.session_id)
    return pseudonym, str(each.length), sanitize_line(each.path), session_id


@attrs.define(eq=False)
class Redact(RedactHooks):
    """A plugin that replaces secrets with pseudonyms before other plugins see them.

    When the engine is closed, it reports what it put where, never the secrets.

    Args:
        patterns: A file of further rules, in lines ``name=expression``; None: none.
        key_file: A file of at least 16 bytes, whose content makes pseudonyms the same
            in all sessions; None: they are numbered in each session.
        without: Names of rules to leave out, separated by spaces.
        json: Report JSON; False: a table.
        output: A file to write, whole or not at all; None: standard output.
    """

    #: Its class in batch workers, whose results don't depend on the order of sessions.
    batch_worker: ClassVar[type[RedactWorker]] = RedactWorker

    _merged: BatchReplacements | None = attrs.field(default=None, init=False)

    def replay_batch_merge(self, results: BatchResults) -> None:
        """Use the replacements of the batch's sessions."""
        self._merged = BatchReplacements(results)

    def replay_close(self) -> None:
        """Print the report, or write it."""
        report = self.redactor.report if self._merged is None else self._merged
        write_report(as_json(report) if self.json else as_table(report), self.output)
