"""Sessions, JSON values and texts with their secrets replaced."""

from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final

import attrs

from replay import Session
from replay.authoring import decode_header, did_you_mean
from replay.errors import DecodeError, wrong_type
from replay_plugins.redact.finder import Finder
from replay_plugins.redact.forms import FIELD
from replay_plugins.redact.kinds import RULES
from replay_plugins.redact.redacted_events import RedactedEvents, SessionRedactor
from replay_plugins.redact.rules import rules_of
from replay_plugins.redact.values import Pseudonyms, Redacted, ValueRedactor

_LEAST_KEY: Final = 16  # bytes; a shorter key can be guessed


class Redactor:
    """A redactor of sessions, JSON values and texts.

    Within a session, or within all texts and values that one redactor is given, the
    same secret gets the same pseudonym. ``report`` lists the replacements; those in a
    session's events are added when the events are read.

    Args:
        patterns: Further rules: regular expressions by name, or a file of lines
            ``name=expression``. The group ``secret`` of an expression, or its whole
            match, is replaced.
        key: Makes pseudonyms the same in all sessions; at least 16 bytes. Anyone who
            has it can find out a pseudonym's secret. None: they are numbered.
        without: Names of rules to leave out.

    Raises:
        ValueError: A pattern, the key or a rule's name is wrong.
        TypeError: *without* is one name, not a list of names.
        OSError: The file of patterns cannot be read.

    >>> Redactor().text("Ask jo@example.com, or call: jo@example.com")
    'Ask <EMAIL_1>, or call: <EMAIL_1>'
    """

    def __init__(
        self,
        *,
        patterns: Mapping[str, str] | Path | str | None = None,
        key: bytes | str | None = None,
        without: Iterable[str] = (),
    ) -> None:
        self.report: list[Redacted] = []
        left_out = _known_rules(without)
        rules = [rule for rule in RULES if rule.name not in left_out]
        self._finder = Finder([*rules_of(patterns), *rules])
        self._key = key.encode() if isinstance(key, str) else key
        if self._key is not None and len(self._key) < _LEAST_KEY:
            message = f"the key is too short: at least {_LEAST_KEY} bytes are needed"
            raise ValueError(message)
        self._names = Pseudonyms(self._key)
        self._ids = Pseudonyms(self._key)  # no two sessions get the same id
        self._sessions: dict[str, str] = {}  # the recorded ids, by those shown instead

    def text(self, text: str) -> str:
        """Return *text* with its secrets replaced.

        Raises:
            TypeError: It isn't a text.
        """
        if not isinstance(text, str):
            raise wrong_type(text, "a text", "value() takes any JSON value")
        redacted: str = self.value(text)
        return redacted

    def value(self, value: Any) -> Any:  # noqa: ANN401 - any JSON value
        """Return a JSON value with its secrets replaced, at any depth, keys too."""
        redactor = ValueRedactor(self._finder, self._names, "")
        redacted = redactor.value(value, "$")
        self.report += redactor.entries
        return redacted

    def session(self, session: Session) -> Session:
        """Return *session* with its secrets replaced.

        Its events aren't copied, but rewritten as they are read.

        Raises:
            TypeError: It isn't a session.
        """
        if not isinstance(session, Session):
            advice = "replay.load() reads one, Session.from_events() makes one"
            raise wrong_type(session, "a session", advice)
        names = Pseudonyms(self._key)
        session_id = self._session_id(session.session_id, names)
        root = "$.events" if session.shape == "document" else "$"
        redactor = SessionRedactor(self._finder, names, session_id, root)
        plain = partial(self._plain, names=names)
        report = session.report and session.report.with_texts(plain, session_id)
        return attrs.evolve(
            self._with_header(session, redactor),
            report=report,
            events=RedactedEvents(session.events, redactor, self.report),
            diagnostics=tuple(
                attrs.evolve(each, detail=plain(each.detail))
                for each in session.diagnostics
            ),
        )

    def _with_header(self, session: Session, redactor: SessionRedactor) -> Session:
        session_id, recorded = redactor.session_id, session.as_object()
        value, entries = redactor.checked(
            lambda each: each.value(recorded, "$"),
            lambda value: _is_header(value, session_id),
        )
        if not entries and session_id == session.session_id:
            return session
        self.report += entries
        header = decode_header(value, session_id)
        return attrs.evolve(
            session,
            session_id=session_id,
            last_updated_at=header.last_updated_at,
            generated_title=header.generated_title,
            index_ids=header.index_ids,
            job_metadata=header.job_metadata,
            shared_access=header.shared_access,
            recorded=value,
            derived_id=None if session.derived_id is None else session_id,
        )

    def forget(self) -> None:
        """Forget all sessions: the next one is redacted as if it were the first."""
        self.report.clear()
        self._ids = Pseudonyms(self._key)
        self._sessions.clear()

    def _session_id(self, session_id: str, names: Pseudonyms) -> str:
        """Return a session's redacted id, which is different for each recorded id."""
        for found in self._finder.find(session_id):
            names.adopt(found.value, self._ids.of(found))
        plain = shown = self._plain(session_id, names)
        number = 1
        while self._sessions.setdefault(shown, session_id) != session_id:
            number += 1
            shown = f"{plain}#{number}"
        return shown

    def _plain(self, text: str, names: Pseudonyms) -> str:
        """Return a text outside the document with its secrets replaced."""
        return ValueRedactor(self._finder, names, "").text(text, "")


def _known_rules(names: Iterable[str]) -> frozenset[str]:
    """Return names of rules as a set.

    Raises:
        ValueError: There is no such rule, or it cannot be left out.
        TypeError: *names* is one name, or no list.
    """
    if isinstance(names, str) or not isinstance(names, Iterable):
        raise wrong_type(names, "a list of names of rules", 'such as ["email"]')
    left_out = frozenset(names)
    known = {rule.name for rule in RULES} - {FIELD.name}
    for name in sorted(left_out - known):
        message = f"there is no rule {name!a} ({did_you_mean(name, known)})"
        raise ValueError(message)
    return left_out


def _is_header(value: Any, session_id: str) -> bool:  # noqa: ANN401 - a JSON object
    try:
        decode_header(value, session_id)
    except DecodeError:
        return False
    return True
