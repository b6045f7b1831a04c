"""A transcript as text: for a terminal, as Markdown, or as JSON."""

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Final, Literal, TypeAlias, get_args

from replay.coalescing.transcripts import LazyTranscript
from replay.errors import UnknownNameError
from replay.model.messages import Transcript
from replay.rendering.as_json import json_pieces
from replay.rendering.as_markdown import markdown_pieces
from replay.rendering.as_text import text_pieces

Format: TypeAlias = Literal["text", "markdown", "json"]

FORMATS: Final[tuple[Format, ...]] = get_args(Format)
_RENDERERS: Final[
    Mapping[str, Callable[[Transcript | LazyTranscript], Iterator[str]]]
] = MappingProxyType(
    {"text": text_pieces, "markdown": markdown_pieces, "json": json_pieces}
)


def render(
    transcript: Transcript,
    format: Format = "text",  # noqa: A002 - the word that everyone expects
) -> str:
    """Return the whole of *transcript* as text that ends with a line feed.

    Nothing is shortened, and whatever was recorded is shown as data: it cannot steer
    a terminal, forge a heading or leave its block.

    Args:
        transcript: What to render.
        format: ``"text"``: headings at the beginning of a line, what was recorded
            indented by four spaces. ``"markdown"``: headings, and what was recorded
            in fenced blocks and code spans. ``"json"``: one line, whose shape
            :func:`replay.rendering.as_json.json_pieces` describes.

    Raises:
        UnknownNameError: There is no such format.
        EncodeError: It holds, built by hand, what JSON cannot.
    """
    return "".join(pieces(transcript, format))


def pieces(transcript: Transcript | LazyTranscript, format: Format) -> Iterator[str]:  # noqa: A002 - as in render
    """Return what :func:`render` does, piece by piece.

    Args:
        transcript: What to render; of one that is told, nothing is kept.
        format: As for :func:`render`.

    Raises:
        UnknownNameError: There is no such format.
        EncodeError: While it is walked, as from :func:`render`.
    """
    if format not in _RENDERERS:
        reason = f"there is no format {format!r}"
        raise UnknownNameError(reason, f"known: {', '.join(FORMATS)}")
    return _RENDERERS[format](transcript)
