"""Each session's transcript, in a file of its own."""

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
    """Writes the transcript of each session that is replayed to its end.

    A file bears its session's id, encoded so that any id is a name. Where one run has
    several sessions of an id, the second is written to ``…~2``, and so on. A later run
    replaces the files of an earlier one.

    A session whose replay failed, or was stopped by a plugin, is not written: a file
    that is there is whole.

    Args:
        directory: Where to write; it is made where it is missing.
        format: ``text``, ``markdown`` or ``json``.

    Raises:
        UnknownNameError: There is no such format.
    """

    directory: Path = attrs.field(converter=Path)
    format: Format = "text"
    _names: Counter[str] = attrs.field(factory=Counter, init=False)
    batch_worker: ClassVar[type["TranscriptWriter"]]  #: what works in batches

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
    """Writes transcripts in a batch: they are on the disk before they count."""

    def replay_close(self) -> None:
        """Wait until all is on the disk, at once; file by file it would take long."""
        if self._names:
            os.sync()


TranscriptWriter.batch_worker = _BatchWriter
