"""What must be known of a whole rollout before its records are converted."""

from collections.abc import Iterable

import attrs

from replay_backends.formats.agent_logs.codex.copied_history import (
    CopiedHistory,
    ReadLog,
)
from replay_backends.formats.agent_logs.codex.hidden_answers import HiddenAnswers
from replay_backends.formats.agent_logs.codex.rollout_records import split_record
from replay_backends.formats.agent_logs.codex.second_view import SecondView
from replay_backends.formats.agent_logs.codex.turn_ends import Runs
from replay_backends.formats.agent_logs.codex.user_prompts import Prompts
from replay_backends.formats.members import text_in
from replay_backends.formats.recording import Record


@attrs.define
class Outline:
    """The outline of a rollout; a place is the number of a record, from 0."""

    copies: CopiedHistory
    version: str = ""
    runs: Runs = attrs.field(factory=Runs)
    doubles: set[int] = attrs.field(factory=set)  #: places of what is said elsewhere
    prompts: set[int] = attrs.field(factory=set)  #: places of what the user said
    hidden: set[int] = attrs.field(factory=set)  #: places of what a compaction said
    #: The prompts that the user took back: place -> ``line:4``, where they begin.
    dead: dict[int, str] = attrs.field(factory=dict)


def outline_of(records: Iterable[Record], read_log: ReadLog) -> Outline:
    """Return the outline of a rollout, whose parent's log may be read, too."""
    outline = Outline(CopiedHistory(read_log))
    answers, prompts, shown = HiddenAnswers(), Prompts(), SecondView()
    for place, record in enumerate(records):
        if not isinstance(record.value, dict):
            continue
        parts = split_record(record.value)
        if outline.copies.take(place, parts):
            outline.runs.see_copy(parts)
        elif parts.type == "session_meta":
            outline.copies.see_header(place, record.at, parts)
            outline.version = outline.version or text_in(parts.payload, "cli_version")
        else:
            shown.see(place, parts)
            outline.runs.see(place, parts)
            answers.see(place, parts)
            prompts.see(place, record.at, parts)
    outline.copies.close()
    outline.runs.close()
    outline.hidden, outline.doubles = answers.places(), shown.places()
    outline.prompts, outline.dead = {*prompts.places()}, prompts.dead()
    return outline
