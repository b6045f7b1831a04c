"""Text: headings at the margin, what was recorded indented."""

from hypothesis import given
from hypothesis import strategies as st

from replay.model.messages import Message, Transcript, Turn
from replay.rendering.sections import lines, text_pieces

TURN = Turn(None, (Message("text", "one\n\n  two", 1, "full"),), None, "complete", None)
TRANSCRIPT = Transcript("ses-1", "Q3", (TURN,), ())


def test_a_transcript_as_text_looks_like_this() -> None:
    assert "".join(text_pieces(TRANSCRIPT)) == (
        "Session: ses-1, Q3\n"
        "\n"
        "Turn 1 (complete)\n"
        "\n"
        "User input (not recorded)\n"
        "\n"
        "Text\n"
        "    one\n"
        "\n"
        "      two\n"
    )


def test_each_line_knows_what_it_tells_of() -> None:
    last = [(line.role, line.is_heading) for line in lines(TRANSCRIPT)][-5:]
    assert last == [(None, False), ("text", True), *[("text", False)] * 3]


def test_only_headings_stand_at_the_margin() -> None:
    at_margin = [line for line in lines(TRANSCRIPT) if line.text[:1].strip()]
    assert at_margin == [line for line in lines(TRANSCRIPT) if line.is_heading]


@given(st.text("ab \n", max_size=12))
def test_the_pieces_are_the_lines_whatever_is_blank(content: str) -> None:
    turn = Turn(None, (Message("text", content, 1, "full"),), None, "complete", None)
    transcript = Transcript("ses-1", None, (turn,), ())
    whole = "".join(f"{line.text}\n" for line in lines(transcript))
    assert "".join(text_pieces(transcript)) == whole
