"""The plugin that keeps secrets from all others, and says what it replaced."""

from collections.abc import Iterable, Iterator
from json import JSONEncoder
from pathlib import Path
from typing import Any, ClassVar, Final

import attrs

from replay import BatchResults, Session
from replay.authoring import escape_json, sanitize_line
from replay_plugins.redact.redactor import Redactor
from replay_plugins.redact.values import Redacted
from replay_plugins.report_output import kept_text, text_of, write_report


@attrs.define(eq=False)
class Rewriting:
    """Replaces secrets by pseudonyms before anybody sees the session.

    Its options are those of the plugin, :class:`Redact`.
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
class RedactWorker(Rewriting):
    """Replaces secrets, in each session as if there were no other.

    Its options are those of the plugin. Without a key, ids that hold secrets would be
    numbered in the order in which this worker happens to meet them, and two sessions
    of two workers would get one id. Such a session is refused.
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
        """Return what was replaced in the session, and forget it."""
        report = [*map(_value, self.redactor.report)]
        self.redactor.forget()
        return report


@attrs.frozen
class Merged:
    """What was replaced in the sessions of a batch, in their order; not in memory."""

    _results: BatchResults

    def __iter__(self) -> Iterator[Redacted]:
        """Yield what was replaced, each time anew."""
        for result in self._results:
            value: Any = result.value  # what replay_batch_result returned
            for session_id, path, *others in value:
                yield Redacted(text_of(session_id), text_of(path), *others)


def _value(each: Redacted) -> list[object]:
    place = map(kept_text, (each.session_id, each.path))
    return [*place, each.rule, each.start, each.length, each.pseudonym]


_HEADINGS: Final = ("pseudonym", "length", "path", "session")
_encode: Final = JSONEncoder(ensure_ascii=False).encode


def as_json(report: Iterable[Redacted]) -> Iterator[str]:
    """Yield JSON that tells what was replaced."""
    yield '{"replaced": [\n'
    separator = ""
    for each in report:
        yield separator + escape_json(_encode(attrs.asdict(each, recurse=False)))
        separator = ",\n"
    yield "\n]}\n"


def as_table(report: Iterable[Redacted]) -> Iterator[str]:
    """Yield a table, line by line.

    Args:
        report: It is walked twice: the columns are as wide as they must be.
    """
    widths = [*map(len, _HEADINGS)]
    for each in report:
        widths = [*map(max, widths, map(len, _row(each)))]
    yield _line(_HEADINGS, widths)
    for each in report:
        yield _line(_row(each), widths)


def _line(row: tuple[str, ...], widths: list[int]) -> str:
    return "  ".join(map(str.ljust, row, widths)).rstrip() + "\n"


def _row(each: Redacted) -> tuple[str, ...]:
    pseudonym = each.pseudonym or "-"
    session_id = sanitize_line(each.session_id)
    return pseudonym, str(each.length), sanitize_line(each.path), session_id


@attrs.define(eq=False)
class Redact(Rewriting):
    """Replaces secrets by pseudonyms before anybody sees the session.

    What was replaced, and where, is said when the engine is closed; never what it was.

    Args:
        patterns: A file of more to replace, in lines ``name=expression``; None: none.
        key_file: A file whose content makes pseudonyms that are the same in all
            sessions, at least 16 bytes; None: they are numbered in each session.
        without: Names of rules that are not to be applied, with spaces between.
        json: Say it as JSON; False: as a table.
        output: A file to write, whole or not at all; None: standard output.
    """

    #: What workers of a batch use in its place: what it does depends on no order.
    batch_worker: ClassVar[type[RedactWorker]] = RedactWorker

    _merged: Merged | None = attrs.field(default=None, init=False)  # of a batch

    def replay_batch_merge(self, results: BatchResults) -> None:
        """Take over what was replaced."""
        self._merged = Merged(results)

    def replay_close(self) -> None:
        """Print what was replaced, or write it."""
        report = self.redactor.report if self._merged is None else self._merged
        write_report(as_json(report) if self.json else as_table(report), self.output)
