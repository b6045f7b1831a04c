"""A session's transcript, and its rendering as text, Markdown or JSON."""

from collections.abc import Iterator
from typing import Final, Literal, TypeAlias, get_args

from replay.coalescing.transcripts import LazyTranscript, lazy_transcript
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
    *,
    whole: bool = False,
) -> str:
    """Return a transcript as text that ends with a line feed.

    Nothing of a session is shortened, and recorded text is shown as data: it cannot
    control a terminal, forge a heading or leave its block.

    Args:
        transcript: A transcript, or anything that :func:`replay.transcript` takes.
        format: ``"text"``: headings at the beginning of a line, recorded text indented
            by four spaces. ``"markdown"``: headings, with recorded text in fenced
            blocks and code spans. ``"json"``: one line, in the shape that
            :func:`replay.rendering.as_json.json_pieces` describes.
        whole: Whether text and Markdown show the records of other formats that are none
            of the events, and not only their sizes, which can be large.

    Raises:
        UnknownNameError: There is no such format.
        EncodeError: It was built by hand with a value that JSON cannot hold.
        DecodeError, BackendError, TypeError: As from :func:`replay.transcript`.
    """
    return "".join(render_pieces(_transcript(transcript), format, whole=whole))


def _transcript(given: Transcript | SessionLike) -> Transcript:
    return given if isinstance(given, Transcript) else transcript(given)


def render_pieces(
    transcript: Transcript | Session,
    format: Format,  # noqa: A002 - as in render
    *,
    whole: bool = False,
) -> Iterator[str]:
    """Return the text of :func:`replay.render` piece by piece.

    Args:
        transcript: The transcript; a session is read turn by turn, and its
            transcript isn't kept in memory.
        format: As for :func:`replay.render`.
        whole: As for :func:`replay.render`.

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
    if isinstance(transcript, Session):
        told: Transcript | LazyTranscript = lazy_transcript(transcript)
    else:
        told = transcript
    if format == "json":
        return json_pieces(told)
    pieces = text_pieces if format == "text" else markdown_pieces
    return pieces(told, whole=whole)
