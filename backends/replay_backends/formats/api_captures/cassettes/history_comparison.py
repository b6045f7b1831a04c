"""What histories say, to be compared: one that a request repeats, and the known one."""

import json
from collections.abc import Iterable
from typing import Final
from unicodedata import normalize

import attrs

from replay_backends.formats.event_builder import Event

#: Recorders write these so in bodies that are JSON, though not in streams.
_PLAIN: Final = str.maketrans(
    {
        "\u2018": "'",
        "\u2019": "'",
        "\u201c": '"',
        "\u201d": '"',
        "\u2013": "-",
        "\u2014": "--",
        "\u2026": "...",
    }
)


@attrs.define
class _Said:
    """Something said."""

    kind: str
    content: str
    end: int  #: the number of events up to its last one


@attrs.define
class History:
    """What events say, one after another.

    Deltas and texts in a row are one. Thinking, and what is unknown, isn't compared;
    of calls that the service ran, only their tools are, for clients leave out parts of
    them.
    """

    _said: list[_Said] = attrs.field(factory=list)
    _served: set[str] = attrs.field(factory=set)  # ids of calls that the service ran

    def add(self, events: Iterable[Event]) -> None:
        """Add what events say."""
        streamed = ""
        for number, event in enumerate(events, 1):
            match event:
                case {"type": "text_delta", "content": str(content)}:
                    streamed += content
                    continue
                case {"type": "text", "content": str(content)}:
                    streamed = ""
                    self._add_text(content, number)
                    continue
                case {"type": "tool_result", "call_id": call_id} if (
                    call_id in self._served
                ):
                    self._said[-1].end = number
                    continue
                case {"type": "user_input", "content": content}:
                    compared: object = content
                case {"type": "tool_call", "call_id": call_id, "name": name}:
                    compared = [name, event["arguments"]]
                    if _is_served(event):
                        self._served.add(call_id)
                        compared = name
                case {"type": "tool_result", "result": result}:
                    compared = result
                case _:
                    continue
            self._add_text(streamed, number - 1)
            streamed = ""
            content = json.dumps(compared, sort_keys=True, ensure_ascii=False)
            self._said.append(_Said(event["type"], content, number))
        self._add_text(streamed, 0)

    def marks(self) -> list[int]:
        """Return a number for each of its beginnings, from the empty one on."""
        marks = [0]
        for each in self._said:
            plain = each.content.translate(_PLAIN).replace('\\"', '"')
            content = normalize("NFKC", plain).strip()
            marks.append(hash((marks[-1], each.kind, content)))
        return marks

    def end_of(self, count: int) -> int:
        """Return how many events say the first things, which were added at once."""
        return self._said[count - 1].end if count else 0

    def _add_text(self, content: str, end: int) -> None:
        if not content.strip():
            return
        if self._said and self._said[-1].kind == "text":
            self._said[-1].content += content
            self._said[-1].end = end
        else:
            self._said.append(_Said("text", content, end))


def _is_served(call: Event) -> bool:
    """Tell whether the service ran a call."""
    imported = call.get("imported", {})
    return bool(imported.get("server")) or imported.get("execution") == "server"
