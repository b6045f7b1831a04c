"""The content of a message: a text, or parts that are texts and others."""

from collections.abc import Callable, Mapping
from typing import Any

from replay_backends.formats.event_builder import EventBuilder
from replay_backends.formats.members import rest_of, text_in


def keep_part(build: EventBuilder, part: object) -> None:
    """Keep a part of a message as an unknown event."""
    kind = text_in(part, "type") if isinstance(part, dict) else ""
    build.keep(kind.removeprefix("input_") or "part", part)


def add_prompt(
    build: EventBuilder,
    content: object,
    imported: Mapping[str, object],
    keep: Callable[[EventBuilder, Any], None] = keep_part,
) -> None:
    """Add what a user said, and behind it the parts that aren't texts.

    Args:
        build: What it is added to.
        content: The message's text, or its parts.
        imported: What else its record held.
        keep: Keeps one of the parts that aren't texts.
    """
    texts, others = split_content(content)
    known = {
        "blocks": len(texts) if len(texts) > 1 else None,
        "media": len(others) or None,
        "beside_text": _beside_text(content),
    }
    build.add("user_input", {**imported, **known}, content="\n\n".join(texts))
    for part in others:
        keep(build, part)


def parts_of(content: object) -> list[dict[str, Any]]:
    """Return the parts of a message as objects; a text is one, None is none.

    >>> parts_of("Hi"), parts_of([7])
    ([{'type': 'text', 'text': 'Hi'}], [{'value': 7}])
    """
    if content is None:
        return []
    parts = content if isinstance(content, list) else [content]
    return [_part(each) for each in parts]


def _part(value: object) -> dict[str, Any]:
    if isinstance(value, dict):
        return value
    if isinstance(value, str):
        return {"type": "text", "text": value}
    return {"value": value}


def split_content(content: object) -> tuple[list[str], list[object]]:
    """Return the texts of a message, and its other parts."""
    texts: list[str] = []
    others: list[object] = []
    parts = content if isinstance(content, list) else [content]
    for part in parts:
        match part:
            case str(text) | {
                "type": "text" | "input_text" | "output_text",
                "text": str(text),
            }:
                texts.append(text)
            case None:
                pass
            case _:
                others.append(part)
    return texts, others


def _beside_text(content: object) -> list[dict[str, Any]] | None:
    """Return what the texts' parts hold besides them; None: nothing."""
    parts = content if isinstance(content, list) else []
    known = [each for each in parts if isinstance(each, dict) and "text" in each]
    found = [rest_of(each, "type", "text") for each in known]
    return found if any(found) else None
