"""The parts of a message, of which the API's responses and the CLI's messages consist.

Their keys are in camel case, or in snake case if a program in between wrote them.
"""

import re
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Final, Literal

import attrs

from replay_backends.formats.event_builder import EventBuilder
from replay_backends.formats.members import left_of, rest_of, text_in

_UNDERSCORE: Final = re.compile(r"(?<=[a-z0-9])_([a-z])")
_CODE: Final = "code_execution"  # the tool that runs the model's own code
_ABOUT_PARTS: Final = ("thought", "thoughtSignature", "partMetadata", "videoMetadata")


def in_camel_case(value: dict[str, Any]) -> dict[str, Any]:
    """Return an object with its own keys in camel case; it must only be read."""
    if "_" not in "".join(value):
        return value
    return {_camel(key): item for key, item in value.items()}


@lru_cache(1000)
def _camel(key: str) -> str:
    return _UNDERSCORE.sub(lambda found: found[1].upper(), key)


def object_in(value: Mapping[str, Any], key: str) -> dict[str, Any]:
    """Return a member that is an object, in camel case; else an empty one."""
    found = value.get(key)
    return in_camel_case(found) if isinstance(found, dict) else {}


def parts_of(content: object) -> list[dict[str, Any]]:
    """Return the parts of a content: a text, a part, or a list of both."""
    items = content if isinstance(content, list) else [content] if content else []
    return [_part(each) for each in items]


def _part(value: object) -> dict[str, Any]:
    if isinstance(value, dict):
        return in_camel_case(value)
    return {"text": value} if isinstance(value, str) else {"value": value}


def is_text(part: Mapping[str, Any]) -> bool:
    """Tell whether a part is a text."""
    return isinstance(part.get("text"), str)


def text_of(parts: Sequence[Mapping[str, Any]]) -> str:
    """Return the texts of parts, joined as paragraphs."""
    return "\n\n".join(part["text"] for part in parts if is_text(part))


def add_prompt(
    build: EventBuilder, parts: Sequence[dict[str, Any]], imported: dict[str, object]
) -> None:
    """Add a prompt, then what isn't a text in it."""
    media = [part for part in parts if not is_text(part)]
    rest = [rest_of(part, "text") for part in parts if is_text(part)]
    texts = len(rest)
    counts = {
        "blocks": texts if texts > 1 else None,
        "media": len(media) or None,
        "parts": [each for each in rest if each] or None,
    }
    build.add("user_input", imported | counts, content=text_of(parts))
    for part in media:
        keep_part(build, part)


def keep_part(build: EventBuilder, part: dict[str, Any]) -> None:
    """Keep a part as an unknown event, named after its content."""
    kinds = [key for key in part if key not in _ABOUT_PARTS]
    build.keep(kinds[0] if kinds else "part", part)


def result_of(response: Any) -> object:  # noqa: ANN401 - JSON
    """Return a tool's result; the CLI wraps what went well."""
    is_wrapped = isinstance(response, dict) and response.keys() == {"output"}
    return response["output"] if is_wrapped else response


@attrs.define
class PartConverter:
    """A converter of parts to events, which pairs results with calls.

    Args:
        build: Takes the events.
        ending: ``_delta`` if texts arrive in pieces, or nothing.
    """

    _build: EventBuilder
    ending: Literal["", "_delta"] = ""
    _calls: int = 0
    #: The ids of calls without a result, by the tool's name.
    _open: dict[str, OrderedDict[str, None]] = attrs.field(factory=dict)

    def add(self, part: dict[str, Any], imported: Mapping[str, object]) -> None:
        """Add what a part says.

        Args:
            part: In camel case.
            imported: What else the record held.
        """
        kept = dict(imported)
        if "thoughtSignature" in part:
            kept["signature"] = part["thoughtSignature"]
        match part:
            case {"text": str(text)}:
                kind = "thinking" if part.get("thought") is True else "text"
                kept |= rest_of(part, "text", "thought", "thoughtSignature")
                self._build.say(kind + self.ending, text, kept)
            case {"functionCall": dict(call)}:
                kept |= rest_of(part, "functionCall", "thoughtSignature")
                self.call(call, kept)
            case {"functionResponse": dict(response)}:
                kept |= rest_of(part, "functionResponse", "thoughtSignature")
                self.respond(response, kept)
            case {"executableCode": dict(code)}:
                kept |= rest_of(part, "executableCode", "thoughtSignature")
                known = {"id": code.get("id"), "name": _CODE}
                arguments = rest_of(code, "id")
                self.call(known | {"args": arguments}, kept)
            case {"codeExecutionResult": dict(result)}:
                kept |= rest_of(part, "codeExecutionResult", "thoughtSignature")
                if result.get("outcome") not in (None, "OUTCOME_OK"):
                    kept["is_error"] = True
                known = {"id": result.get("id"), "name": _CODE}
                response = {"response": rest_of(result, "id")}
                self.respond(known | response, kept)
            case _:
                keep_part(self._build, part)

    def call(self, call: Mapping[str, Any], imported: Mapping[str, object]) -> str:
        """Add a call; return its id."""
        self._calls += 1
        call_id, name = text_in(call, "id"), text_in(call, "name")
        kept = {**imported, **left_of(call, id=str, name=str, args=object)}
        if not call_id:
            call_id, kept = self._made(), {"id": "made", **kept}
        self._open.setdefault(name, OrderedDict())[call_id] = None
        self._build.call(call_id, name, call.get("args"), kept)
        return call_id

    def respond(
        self, response: Mapping[str, Any], imported: Mapping[str, object]
    ) -> None:
        """Add a result; without an id it is that of the tool's oldest open call."""
        call_id, name = text_in(response, "id"), text_in(response, "name")
        kept = {**imported, **left_of(response, id=str, name=str, response=object)}
        waiting = self._open.get(name, OrderedDict())
        if call_id:
            waiting.pop(call_id, None)
        elif waiting:
            call_id, _ = waiting.popitem(last=False)
        else:
            self._calls += 1
            call_id, kept = self._made(), {"id": "made", **kept}
        result = result_of(response.get("response"))
        self._build.result(call_id, result, kept, name or None)

    def _made(self) -> str:
        self._build.note("id-made", "invented")
        return f"call-{self._calls}"
