"""A session's transcript, and its rendering as text, Markdown or JSON."""

from collections.abc import Iterator
from typing import Final, Literal, TypeAlias, get_args

from replay.coalescing.transcripts import lazy_transcript
from replay.errors import UnknownNameError
from replay.model.messages import Transcript
from replay.model.sessions import Session, SessionLike

Format: TypeAlias = Literal["text", "markdown", "json"]

FORMATS: Final[tuple[Format, ...]] = get_args(Format)


def transcript(recording: SessionLike) -> Transcript:
    """Return the transcript of a session: what was said and done, turn by turn.

    Args:
        recording: A session, the location of one, or a list of events; see
            :func:`replay.load` and :meth:`replay.Session.from_events`.

    Raises:
        DecodeError, BackendError: The session cannot be read, or its file has changed
            since it was opened.
        TypeError: *recording* is none of these.
    """
    session = recording if isinstance(recording, Session) else _session_of(recording)
    lazy = lazy_transcript(session, is_kept=True)
    turns = tuple(lazy.turns)  # before the diagnostics, which are found on the way
    diagnostics = tuple(lazy.diagnostics)
    return Transcript(lazy.session_id, lazy.title, turns, diagnostics)


def _session_of(recording: SessionLike) -> Session:
    from replay.sources.source import session_of  # noqa: PLC0415 - seldom needed

    return session_of(recording)


def render(
    transcript: Transcript | SessionLike,
    format: Format = "text",  # noqa: A002 - the word that everyone expects
) -> str:
    """Return a whole transcript as text that ends with a line feed.

    Nothing is shortened, and recorded text is shown as data: it cannot control a
    terminal, forge a heading or leave its block.

    Args:
        transcript: A transcript, or anything that :func:`replay.transcript` takes.
        format: ``"text"``: headings at the beginning of a line, recorded text indented
            by four spaces. ``"markdown"``: headings, with recorded text in fenced
            blocks and code spans. ``"json"``: one line, in the shape that
            :func:`replay.rendering.as_json.json_pieces` describes.

    Raises:
        UnknownNameError: There is no such format.
        EncodeError: It was built by hand with a value that JSON cannot hold.
        DecodeError, BackendError, TypeError: As from :func:`replay.transcript`.
    """
    return "".join(render_pieces(_transcript(transcript), format))


def _transcript(given: Transcript | SessionLike) -> Transcript:
    return given if isinstance(given, Transcript) else transcript(given)


def render_pieces(transcript: Transcript | Session, format: Format) -> Iterator[str]:  # noqa: A002 - as in render
    """Return the text of :func:`replay.render` piece by piece.

    Args:
        transcript: The transcript; a session is read turn by turn, and its
            transcript isn't kept in memory.
        format: As for :func:`replay.render`.

    Raises:
        UnknownNameError: There is no such format.
        EncodeError: During iteration, as from :func:`replay.render`.
    """
    from replay.rendering.as_json import json_pieces  # noqa: PLC0415 - only to render
    from replay.rendering.sections import (  # noqa: PLC0415 - only to render
        markdown_pieces,
        text_pieces,
    )

    if format not in FORMATS:
        from replay.registry import nearest  # noqa: PLC0415 - rarely needed

        reason, known = f"there is no format {format!r}", ", ".join(FORMATS)
        hint = f"{nearest(str(format), FORMATS)} known: {known}".lstrip()
        raise UnknownNameError(reason, hint)
    renderers = {"text": text_pieces, "markdown": markdown_pieces, "json": json_pieces}
    if isinstance(transcript, Session):
        return renderers[format](lazy_transcript(transcript))
    return renderers[format](transcript)
