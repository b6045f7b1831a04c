"""What must be known of a whole rollout before its records are converted."""

from collections.abc import Iterable, Mapping
from typing import Any

import attrs

from replay_backends.formats.agent_logs.codex.hidden_answers import HiddenAnswers
from replay_backends.formats.agent_logs.codex.rollout_records import object_in, parts_of
from replay_backends.formats.agent_logs.codex.turn_ends import Runs
from replay_backends.formats.agent_logs.codex.user_prompts import Prompts
from replay_backends.formats.members import text_in
from replay_backends.formats.recording import Record


@attrs.define
class Outline:
    """The outline of a rollout; a place is the number of a record, from 0."""

    session_id: str = ""
    version: str = ""
    parent: dict[str, object] | None = None  #: the session that it comes from
    second_header: str = ""  #: where another session's header is: a copied history
    own_from: int = 0  #: the ordinal of its first record that isn't copied; 0: unknown
    runs: Runs = attrs.field(factory=Runs)
    ids: set[str] = attrs.field(factory=set)  #: of response items, and of their calls
    prompts: set[int] = attrs.field(factory=set)  #: places of what the user said
    hidden: set[int] = attrs.field(factory=set)  #: places of what a compaction said
    #: The prompts that the user took back: place -> ``line:4``, where they begin.
    dead: dict[int, str] = attrs.field(factory=dict)

    def is_copied(self, value: Mapping[str, Any]) -> bool:
        """Tell whether a record surely is a copy from another session."""
        ordinal = value.get("ordinal")
        return isinstance(ordinal, int) and 0 < ordinal < self.own_from

    @property
    def may_be_copied(self) -> bool:
        """Tell whether some of its records may be copies, and nothing says which."""
        return not self.own_from and bool(self.parent or self.second_header)


def outline_of(records: Iterable[Record]) -> Outline:
    """Return the outline of a rollout."""
    outline = Outline()
    answers, prompts = HiddenAnswers(), Prompts()
    is_begun = False
    for place, record in enumerate(records):
        value = record.value
        if not isinstance(value, dict) or outline.is_copied(value):
            continue
        parts = parts_of(value)
        if parts.type == "session_meta":
            if not is_begun:
                _begin(outline, parts.payload)
            elif not outline.second_header:
                outline.second_header = record.at
            is_begun = True
            continue
        if parts.type == "response_item":
            outline.ids.update(ids_of(parts.payload))
        outline.runs.see(place, parts)
        answers.see(place, parts)
        prompts.see(place, record.at, parts)
    outline.runs.close()
    outline.hidden = answers.places()
    outline.prompts, outline.dead = {*prompts.places()}, prompts.dead()
    return outline


def ids_of(payload: Mapping[str, Any]) -> set[str]:
    """Return the ids by which other records name this one."""
    return {text_in(payload, "call_id"), text_in(payload, "id")} - {""}


def _begin(outline: Outline, meta: Mapping[str, Any]) -> None:
    """Take in the header of the session itself."""
    outline.session_id = text_in(meta, "id") or text_in(meta, "session_id")
    outline.version = text_in(meta, "cli_version")
    source = object_in(object_in(meta, "source"), "subagent")
    spawned = object_in(source, "thread_spawn")
    parent = text_in(meta, "parent_thread_id") or text_in(spawned, "parent_thread_id")
    forked_from = text_in(meta, "forked_from_id")
    if parent or forked_from:
        how = "subagent" if parent else "fork"
        outline.parent = {"session_id": parent or forked_from, "as": how}
    limits = (
        meta.get("subagent_history_start_ordinal"),
        object_in(meta, "history_base").get("end_ordinal_exclusive"),
    )
    outline.own_from = next((each for each in limits if isinstance(each, int)), 0)
