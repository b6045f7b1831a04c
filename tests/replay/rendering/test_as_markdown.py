"""Markdown: our headings, what was recorded in fences and code spans."""

import pytest

from replay.model.messages import Message, Transcript, Turn
from replay.rendering import render


def rendered(content: str) -> str:
    """Return the Markdown of a session with one message."""
    turn = Turn(None, (Message("text", content, 1, "full"),), None, "complete", None)
    return render(Transcript("ses-1", None, (turn,), ()), "markdown")


def test_a_transcript_as_markdown_looks_like_this() -> None:
    assert rendered("one\ntwo") == (
        "# Session: `ses-1`\n"
        "\n"
        "## Turn 1 (complete)\n"
        "\n"
        "### User input (not recorded)\n"
        "\n"
        "### Text\n"
        "\n"
        "```text\n"
        "one\n"
        "two\n"
        "```\n"
    )


def test_a_fence_is_longer_than_any_run_of_backticks_in_it() -> None:
    assert rendered("a ````` b").endswith("``````text\na ````` b\n``````\n")


@pytest.mark.parametrize(
    ("title", "span"),
    [
        ("plain", "`plain`"),
        ("a`b", "``a`b``"),
        ("a`b``c", "```a`b``c```"),
        ("`", "`` ` ``"),
        (" a ", "`  a  `"),
        ("  ", "`  `"),
        ("a\nb", "`a␊b`"),
    ],
)
def test_a_code_span_holds_a_title_word_for_word(title: str, span: str) -> None:
    heading = render(Transcript("ses-1", title, (), ()), "markdown")
    assert heading == f"# Session: `ses-1`, {span}\n"
