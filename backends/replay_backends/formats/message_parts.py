"""The content of a message: a text, or parts that are texts and others."""

from collections.abc import Mapping
from typing import Any, TypeGuard

from replay_backends.formats.event_builder import EventBuilder
from replay_backends.formats.members import rest_of, text_in


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
    parts = content if isinstance(content, list) else []
    rests = [rest_of(each, "type", "text") for each in parts if _is_text(each)]
    counts = {
        "blocks": len(texts) if len(texts) > 1 else None,
        "media": len(others) or None,
        "parts": rests if any(rests) else None,
    }
    build.add("user_input", {**imported, **counts}, content="\n\n".join(texts))
    for part in others:
        keep_part(build, part)


def keep_part(build: EventBuilder, part: object) -> None:
    """Keep a part of a message as an unknown event."""
    kind = text_in(part, "type") if isinstance(part, dict) else ""
    build.keep(kind or "part", part)


def split_content(content: object) -> tuple[list[str], list[object]]:
    """Return the texts of a message, and its other parts."""
    texts: list[str] = []
    others: list[object] = []
    for part in content if isinstance(content, list) else [content]:
        if isinstance(part, str):
            texts.append(part)
        elif _is_text(part):
            texts.append(part["text"])
        elif part is not None:
            others.append(part)
    return texts, others


def _is_text(part: object) -> TypeGuard[dict[str, Any]]:
    match part:
        case {"type": "text", "text": str()}:
            return True
    return False
