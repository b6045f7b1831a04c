"""Sessions rewritten as the plugin's options say."""

from pathlib import Path

import attrs

from replay.sessions import Session
from replay_plugins.redact.redactor import Redactor


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
