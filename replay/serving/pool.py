"""Everything in a source that any session may need: its turns, and its images."""

from collections.abc import Iterator

import attrs

from replay.backend import Source
from replay.events import ImageAttachment, ToolResult
from replay.serving.turns import Span, spans_of
from replay.sessions import Session


@attrs.frozen
class RecordedTurn:
    """A turn of a source."""

    session_id: str
    span: Span


@attrs.frozen
class Pool:
    """What a source holds, in its order."""

    turns: tuple[RecordedTurn, ...]
    images: tuple[ImageAttachment, ...]


def turns_of(session: Session) -> tuple[RecordedTurn, ...]:
    """Return the turns of a session."""
    return tuple(RecordedTurn(session.session_id, each) for each in spans_of(session))


def read_pool(source: Source) -> Pool:
    """Return what *source* holds; of several sessions of one id, the first counts.

    Raises:
        ReplayError: A session cannot be read.
    """
    turns: dict[str, tuple[RecordedTurn, ...]] = {}
    images: dict[ImageAttachment, None] = {}
    for session in source:
        if session.session_id not in turns:
            turns[session.session_id] = turns_of(session)
            images.update(dict.fromkeys(_images_of(session)))
    return Pool(tuple(t for each in turns.values() for t in each), tuple(images))


def _images_of(session: Session) -> Iterator[ImageAttachment]:
    for event in session.events:
        if isinstance(event, ToolResult) and event.image_attachment is not None:
            image = event.image_attachment
            yield ImageAttachment(image.source_id, image.attachment_name)
