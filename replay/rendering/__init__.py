"""A transcript as text: for a terminal, as Markdown, or as JSON."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final, Literal, TypeAlias, get_args

from replay.errors import UnknownNameError
from replay.messages import Transcript
from replay.rendering.as_json import render_json
from replay.rendering.as_markdown import render_markdown
from replay.rendering.as_text import render_text

Format: TypeAlias = Literal["text", "markdown", "json"]

FORMATS: Final[tuple[Format, ...]] = get_args(Format)
_RENDERERS: Final[Mapping[str, Callable[[Transcript], str]]] = MappingProxyType(
    {"text": render_text, "markdown": render_markdown, "json": render_json}
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
            :func:`replay.rendering.as_json.render_json` describes.

    Raises:
        UnknownNameError: There is no such format.
        EncodeError: It holds, built by hand, what JSON cannot.
    """
    if format not in _RENDERERS:
        reason = f"there is no format {format!r}"
        raise UnknownNameError(reason, f"known: {', '.join(FORMATS)}")
    return _RENDERERS[format](transcript)
