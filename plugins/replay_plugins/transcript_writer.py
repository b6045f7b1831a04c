"""The plugin ``transcript_writer``: each session's transcript in its own file."""

import os
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar, Final

import attrs

from replay import Format, ReplayReport, Session, UnknownNameError
from replay.authoring import file_name, render_pieces, whole_file

_SUFFIXES: Final[Mapping[Format, str]] = {
    "text": ".txt",
    "markdown": ".md",
    "json": ".json",
}


@attrs.define(eq=False)
class TranscriptWriter:
    """A plugin that writes the transcript of each session that is replayed to its end.

    A file is named after its session's id, encoded so that any id works. If one run has
    several sessions of an id, the second is written to ``…~2``, and so on. A later run
    replaces the files of an earlier one.

    A session whose replay failed, or was stopped by a plugin, is not written: every
    file is whole.

    Args:
        directory: Where to write; it is created if missing.
        format: ``text``, ``markdown`` or ``json``.

    Raises:
        UnknownNameError: There is no such format.
    """

    directory: Path = attrs.field(converter=Path)
    format: Format = "text"
    _names: Counter[str] = attrs.field(factory=Counter, init=False)
    batch_worker: ClassVar[type["TranscriptWriter"]]  #: its class in batch workers

    def __attrs_post_init__(self) -> None:
        if self.format not in _SUFFIXES:
            reason = f"there is no format {self.format!r}"
            raise UnknownNameError(reason, f"known: {', '.join(_SUFFIXES)}")

    def replay_session_end(self, session: Session, report: ReplayReport) -> None:
        """Write the session's transcript."""
        if report.outcome == "complete":
            self.directory.mkdir(parents=True, exist_ok=True)
            path = self.directory / self._name(session)
            with whole_file(path) as file:
                text = render_pieces(session, self.format)
                file.writelines(map(str.encode, text))

    def _name(self, session: Session) -> str:
        name = file_name(session.session_id)
        self._names[name] = count = max(self._names[name], session.repetition) + 1
        return name + (f"~{count}" if count > 1 else "") + _SUFFIXES[self.format]


class _BatchWriter(TranscriptWriter):
    """A writer in a batch, where transcripts must be on disk before they count."""

    def replay_close(self) -> None:
        """Wait once until all files are on disk; file by file would take long."""
        if self._names:
            os.sync()


TranscriptWriter.batch_worker = _BatchWriter
