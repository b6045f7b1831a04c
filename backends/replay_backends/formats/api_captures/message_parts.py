"""The content of a message: a text, or parts that are texts and others."""

from collections.abc import Mapping
from typing import Any

from replay_backends.formats.event_builder import EventBuilder
from replay_backends.formats.members import list_in, rest_of, text_in


def add_prompt(
    build: EventBuilder, content: object, imported: Mapping[str, object]
) -> None:
    """Add what a user said, and behind it the parts that aren't texts.

    Args:
        build: What it is added to.
        content: The message's text, or its parts.
        imported: What else its record held.
    """
    texts, others = split_content(content)
    known = {
        "blocks": len(texts) if len(texts) > 1 else None,
        "media": len(others) or None,
        "beside_text": _beside_text(content),
    }
    build.add("user_input", {**imported, **known}, content="\n\n".join(texts))
    for part in others:
        keep_part(build, part)


def keep_part(build: EventBuilder, part: object) -> None:
    """Keep a part of a message as an unknown event."""
    kind = text_in(part, "type") if isinstance(part, dict) else ""
    build.keep(kind.removeprefix("input_") or "part", part)


def parts_in(message: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the parts of a message's content as objects; a text is one."""
    content = message.get("content")
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    parts = list_in(message, "content")
    return [each if isinstance(each, dict) else {"value": each} for each in parts]


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
