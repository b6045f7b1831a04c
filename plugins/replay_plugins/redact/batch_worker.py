"""What stands for the plugin in a worker of a batch: it does the same in any order."""

from collections.abc import Iterator
from typing import Any

import attrs

from replay.batch_results import Results
from replay.sessions import Session
from replay_plugins.kept_text import kept_text, text_of
from replay_plugins.redact.replacing import Redacted
from replay_plugins.redact.rewriting import Rewriting


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

    _results: Results

    def __iter__(self) -> Iterator[Redacted]:
        """Yield what was replaced, each time anew."""
        for result in self._results:
            value: Any = result.value  # what replay_batch_result returned
            for session_id, path, *others in value:
                yield Redacted(text_of(session_id), text_of(path), *others)


def _value(each: Redacted) -> list[object]:
    place = map(kept_text, (each.session_id, each.path))
    return [*place, each.rule, each.start, each.length, each.pseudonym]
