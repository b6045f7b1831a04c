"""The plugin that keeps secrets from all others, and says what it replaced."""

from typing import ClassVar

import attrs

from replay.batch_results import Results
from replay_plugins.redact.batch_worker import Merged, RedactWorker
from replay_plugins.redact.reporting import as_json, as_table
from replay_plugins.redact.rewriting import Rewriting
from replay_plugins.telling import tell


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

    def replay_batch_merge(self, results: Results) -> None:
        """Take over what was replaced."""
        self._merged = Merged(results)

    def replay_close(self) -> None:
        """Print what was replaced, or write it."""
        report = self.redactor.report if self._merged is None else self._merged
        tell(as_json(report) if self.json else as_table(report), self.output)
