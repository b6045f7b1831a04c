"""The settings of these pages for Sphinx."""

from collections.abc import Sequence
from importlib.metadata import version as version_of
from typing import get_args

from click.testing import CliRunner
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from replay import Event
from replay.cli.app import command

project = "chat-replay"
author = "The chat-replay authors"
project_copyright = author
release = version_of("chat-replay")

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_copybutton",
]
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

nitpicky = True
# Types that only signatures name.
nitpick_ignore = [
    ("py:class", f"replay.{name}")
    for name in (
        "cli.progress_bar._Item",
        "codec.checks.Checks",
        "codec.writer.Hash",
        "model.json_object.WireObject",
        "sources.unreadable._Item",
    )
]
# The build needs no network, so it does not know where other projects' names lead.
nitpick_ignore_regex = [
    (
        "py:.*",
        r"(array|collections|concurrent|datetime|importlib|io|os|pathlib|types|typing)\..*",
    ),
    ("py:.*", r"(attrs?|click|pluggy|_?pytest)\..*"),
    # In the signature of a fault, and nothing that its users make.
    ("py:class", r"replay\.testing\.server\.connections\.Answer"),
]
# `type` is a built-in in a signature, and a field of every event.
suppress_warnings = ["ref.python"]

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
maximum_signature_line_length = 80

html_theme = "furo"
html_title = f"chat-replay {release}"

# A button copies what is typed, without prompts and output.
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True


class CommandHelp(SphinxDirective):
    """The output of ``--help``, such as ``{command-help} audit verify``."""

    optional_arguments = 1
    final_argument_whitespace = True

    def run(self) -> Sequence[object]:
        """Return the help as a block of text."""
        words = [*" ".join(self.arguments).split(), "--help"]
        done = CliRunner().invoke(command, words, prog_name="replay", terminal_width=80)
        if done.exit_code:
            raise self.error(done.output)
        return self.parse_text_to_nodes(f"~~~text\n{done.output}~~~")


def keep_comment(
    _app: Sphinx,
    what: str,
    _name: str,
    _obj: object,
    _options: object,
    lines: list[str],
) -> None:
    """Have a field's comment read as it stands.

    Napoleon takes the words before a colon in its first line for a type, so that
    line becomes an empty reStructuredText comment.
    """
    if what in {"attribute", "data"}:
        lines[:0] = ["..", ""]


def name_event(
    _app: Sphinx,
    _what: str,
    _name: str,
    _obj: object,
    _options: object,
    signature: str | None,
    returns: str | None,
) -> tuple[str | None, ...]:
    """Have `Event` in a signature instead of its nine classes."""
    union = " | ".join(f"~{cls.__module__}.{cls.__name__}" for cls in get_args(Event))
    texts = (signature, returns)
    return tuple(text and text.replace(union, "~replay.Event") for text in texts)


def setup(app: Sphinx) -> None:
    """Add the directive, and come before napoleon, whose own place is 500."""
    app.add_directive("command-help", CommandHelp)
    app.connect("autodoc-process-docstring", keep_comment, priority=400)
    app.connect("autodoc-process-signature", name_event)
