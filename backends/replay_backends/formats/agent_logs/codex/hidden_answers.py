"""The answers that no user saw: those of the model that summed a session up."""

import attrs

from replay_backends.formats.agent_logs.codex.rollout_records import (
    SKIPPED_ITEMS,
    Parts,
    text_of,
)
from replay_backends.formats.members import object_in, text_in
from replay_backends.formats.message_parts import parts_of


@attrs.define
class _Answer:
    places: list[int] = attrs.field(factory=list)  #: its own, and of its reasoning
    text: str = ""  #: empty: there is only reasoning yet


@attrs.define
class HiddenAnswers:
    """The answers to Codex's own request for a summary, when it compacts a session.

    Newer versions mark them. In older logs, such an answer is the last before a record
    that holds it as its summary, and isn't recorded as an event.
    """

    _marked: set[int] = attrs.field(factory=set)
    _answer: _Answer = attrs.field(factory=_Answer)  # the last one
    _summaries: list[_Answer] = attrs.field(factory=list)
    _shown: set[int] = attrs.field(factory=set)  # hashes of texts

    def see(self, place: int, parts: Parts) -> None:
        """Take in the next record."""
        payload = parts.payload
        match parts.type, parts.kind:
            case "response_item", kind if kind not in SKIPPED_ITEMS:
                self._see_item(place, parts)
            case "compacted", _:
                text = self._answer.text.strip()
                if text and text in text_in(payload, "message"):
                    self._summaries.append(self._answer)
                self._answer = _Answer()
            case "event_msg", "agent_message":
                self._show(text_in(payload, "message"))
            case "event_msg", "item_completed":
                content = parts_of(object_in(payload, "item").get("content"))
                self._show("".join(text_in(part, "text") for part in content))

    def places(self) -> set[int]:
        """Return the places of the hidden answers, and of their reasoning."""
        hidden = {*self._marked}
        for each in self._summaries:
            if hash(each.text.strip()) not in self._shown:
                hidden.update(each.places)
        return hidden

    def _show(self, text: str) -> None:
        self._shown.add(hash(text.strip()))

    def _see_item(self, place: int, parts: Parts) -> None:
        payload = parts.payload
        for metadata in (parts.envelope.get("metadata"), payload.get("metadata")):
            if isinstance(metadata, dict) and metadata.get("compaction_output") is True:
                self._marked.add(place)
        if parts.kind == "reasoning":
            if self._answer.text:
                self._answer = _Answer()
            self._answer.places.append(place)
        elif parts.kind == "message" and payload.get("role") == "assistant":
            text = "".join(filter(None, map(text_of, parts_of(payload.get("content")))))
            before = [] if self._answer.text else self._answer.places
            self._answer = _Answer([*before, place], text)
        else:
            self._answer = _Answer()
