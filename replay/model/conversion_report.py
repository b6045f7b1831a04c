"""What became of the records of a foreign recording, or of a session's events."""

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Literal, TypeAlias

import attrs

#: What is done to content that cannot be converted as it is.
Change: TypeAlias = Literal["dropped", "changed", "invented", "moved"]


@attrs.define
class ConversionNote:
    """Something that was done to the content, and how often."""

    code: str
    at: str  #: the first place: ``line:4``, or a JSON Pointer
    what: Change
    count: int = 1
    detail: str = ""


@attrs.define(eq=False)
class ConversionReport:
    """What a conversion did.

    Of an import, each record is in exactly one of ``mapped``, ``kept`` and ``skipped``.
    """

    format: str
    direction: Literal["import", "export"] = "import"
    session_id: str = ""
    version: str = ""  #: of the program that wrote the recording; empty: not recorded
    mapped: int = 0  #: records that became events
    kept: Counter[str] = attrs.field(factory=Counter)  #: as unknown events, by kind
    skipped: Counter[str] = attrs.field(factory=Counter)  #: bookkeeping, by kind
    _notes: dict[tuple[str, Change], ConversionNote] = attrs.field(factory=dict)

    @property
    def records(self) -> int:
        """Return how many records there were."""
        return self.mapped + self.kept.total() + self.skipped.total()

    @property
    def notes(self) -> tuple[ConversionNote, ...]:
        """Return what was done to the content, in the order of the first places."""
        return tuple(self._notes.values())

    def count(self, fate: Literal["mapped", "kept", "skipped"], kind: str) -> None:
        """Count a record of a *kind*, named as the recording does."""
        if fate == "mapped":
            self.mapped += 1
        else:
            (self.kept if fate == "kept" else self.skipped)[kind] += 1

    def note(
        self, code: str, at: str, what: Change, *, count: int = 1, detail: str = ""
    ) -> None:
        """Note what was done to the content at a place; equal notes are counted."""
        if known := self._notes.get((code, what)):
            known.count += count
        else:
            self._notes[code, what] = ConversionNote(code, at, what, count, detail)

    def with_texts(
        self, change: Callable[[str], str], session_id: str
    ) -> "ConversionReport":
        """Return the report with other texts for those quoted from the recording.

        Args:
            change: Returns another text for one, such as with secrets replaced.
            session_id: The session's other id.
        """
        return attrs.evolve(
            self,
            session_id=session_id,
            version=change(self.version),
            kept=_renamed(self.kept, change),
            skipped=_renamed(self.skipped, change),
            notes={
                key: attrs.evolve(each, at=change(each.at), detail=change(each.detail))
                for key, each in self._notes.items()
            },
        )

    def __str__(self) -> str:
        """Return a sentence: how many records there were, and what became of them."""
        program = f"{self.format} {self.version}".strip()
        counts = f"{self.mapped} mapped, {self.kept.total()} kept"
        skipped = f"{self.skipped.total()} skipped"
        notes = [f"{each.code} ({each.count})" for each in self.notes]
        found = f"; {', '.join(notes)}" if notes else ""
        return f"{program}: {self.records} records: {counts}, {skipped}{found}"

    def as_object(self) -> Mapping[str, object]:
        """Return the report as a JSON object."""
        return {
            "format": self.format,
            "direction": self.direction,
            "version": self.version,
            "session_id": self.session_id,
            "records": self.records,
            "mapped": self.mapped,
            "kept": dict(self.kept),
            "skipped": dict(self.skipped),
            "items": [
                attrs.asdict(each, filter=lambda _, value: value != "")
                for each in self.notes
            ],
            "lossless": not (self.skipped or self._notes),
        }


def _renamed(counts: Counter[str], change: Callable[[str], str]) -> Counter[str]:
    renamed: Counter[str] = Counter()
    for kind, count in counts.items():
        renamed[change(kind)] += count
    return renamed
