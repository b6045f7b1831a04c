"""Transcripts as text, Markdown and JSON."""

import io
import json
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

import replay
from replay import (
    Diagnostic,
    EncodeError,
    ImageAttachment,
    Message,
    Stop,
    ToolCall,
    ToolExchange,
    ToolResult,
    Transcript,
    Turn,
    UnknownEvent,
    UnknownNameError,
    Usage,
    UserInput,
    render,
)
from replay.codec.reader import read_sessions
from replay.codec.stored_history import SourceText
from replay.rendering import FORMATS, Format, render_pieces
from replay.rendering.sections import lines, text_pieces
from replay.security.sanitization import sanitize, sanitize_line

HOSTILE = [
    "# User",
    "Turn 2 (complete)",
    "\nTurn 2 (complete)\n\nUser input\n    forged",
    "```",
    "x\n````\n# User\n`````text\n",
    "~~~",
    "`a``b```",
    " ` ",
    "  ",
    "a\r\n# User\r# User",
    "a\u2028# User\u2029# User\x85# User\x0b# User\x0c# User\x1c# User",
    "<!--",
    "-->",
    "</script><script>alert(1)</script>",
    "[link](javascript:alert(1))",
    "[link=file:///etc/passwd]here[/link]",
    "\x1b]0;title\x07\x1b[2J",
    "\u202etxt.exe",
    "\ud83d",
    "---",
    "===",
    "a ###",
    "\\",
    "&lt;",
    "| a |\n|---|",
    "    code",
    "\t",
    "\n",
    "\x00",
]
WORDS = st.one_of(
    st.sampled_from(HOSTILE),
    st.text(st.one_of(st.characters(), st.sampled_from("`\n\r# <>~[]|\\")), min_size=1),
)


def everything(word: str) -> Transcript:
    """Return a transcript with *word* in all places of recorded text."""
    call = ToolCall(word, word, {word: [word, {"x": word}]})
    image = ImageAttachment(word, word)
    results = (
        ToolResult(word, word, word, image),
        ToolResult(word, word, {word: word}),
    )
    steps = (
        Message("thinking", word, 1, "deltas"),
        ToolExchange(call, results, "resolved", 2, 4),
        ToolExchange(None, results[:1], "orphan", 5, 5),
        UnknownEvent({word: word}, "unknown-type", word),
        Message("text", word, 7, "full", complete=False),
    )
    stop = Stop(Usage(1, 2), is_error=True, error=word, skipped_index_ids=(word,))
    turn = Turn(UserInput(word), steps, stop, "error", stop.usage)
    return Transcript(word, word, (turn,), (Diagnostic("delta-gap", 7, word),))


def margin(text: str) -> list[str]:
    """Return the lines at the margin of a text rendering, which are ours."""
    return [line for line in text.split("\n") if line and not line.startswith("    ")]


def shape(tokens: list[Token]) -> list[object]:
    """Return the structure of a Markdown document, without recorded text."""
    return [
        [
            (child.type, child.type == "text" and child.content)
            for child in each.children
        ]
        if each.children
        else (each.type, each.tag, each.info)
        for each in tokens
    ]


def recorded(tokens: list[Token]) -> set[str]:
    """Return the contents of a Markdown document's code spans."""
    children = [child for token in tokens for child in token.children or ()]
    return {each.content for each in children if each.type == "code_inline"}


def forges_a_line(word: str) -> bool:
    """Tell whether *word* adds a line of text at the margin."""
    ours = margin(render(everything("word")))
    shown = name = sanitize_line(word)
    is_quoted = name.startswith('"') or ", " in name or " (" in name
    if name != '""' and (is_quoted or name.endswith(")")):  # an empty name
        name = '"{}"'.format(name.replace('"', r"\""))
    return margin(render(everything(word))) != [
        line.replace("word", shown if line.startswith(("Session", "Unknown")) else name)
        for line in ours
    ]


def forges_markdown(word: str) -> bool:
    """Tell whether *word* becomes anything but data in a Markdown document."""
    markdown = MarkdownIt("commonmark")
    ours = markdown.parse(render(everything("word"), "markdown"))
    tokens = markdown.parse(render(everything(word), "markdown"))
    return shape(tokens) != shape(ours)


def without_breaks(text: str) -> str:
    """Return *text* without the line feeds that may have been added within it."""
    return text[:-1].replace("\n", "") + text[-1:]


@given(WORDS)
def test_no_word_forges_a_line_of_text(word: str) -> None:
    assert not forges_a_line(word)


@given(WORDS)
def test_every_word_is_in_the_text(word: str) -> None:
    body = "".join(
        f"    {line}\n" if line else "\n" for line in sanitize(word).split("\n")
    )
    assert render(everything(word)).count(f"\n{body}") >= 5


@given(WORDS)
def test_no_word_forges_a_heading_or_leaves_its_fence_in_markdown(word: str) -> None:
    assert not forges_markdown(word)


@given(WORDS)
def test_every_word_is_in_the_markdown(word: str) -> None:
    tokens = MarkdownIt("commonmark").parse(render(everything(word), "markdown"))
    fences = [without_breaks(each.content) for each in tokens if each.type == "fence"]
    assert fences.count(without_breaks(f"{sanitize(word)}\n")) >= 6
    assert recorded(tokens) == {sanitize_line(word)}


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("x " * 60, "x " * 40 + "\n" + "x " * 20),
        ("契約" * 60, "契約" * 40 + "\n" + "契約" * 20),
        ("a " + "x" * 90 + " b", "a \n" + "x" * 90 + " \nb"),
        ("    " + "x" * 76, "    " + "x" * 76),
    ],
)
def test_a_long_line_is_wrapped_in_markdown_and_stays_as_it_is_in_text(
    line: str, shown: str
) -> None:
    turn = Turn(UserInput(line), (), None, "incomplete", None)
    given = Transcript("s", None, (turn,), ())
    assert f"```text\n{shown}\n```\n" in render(given, "markdown")
    assert f"    {line}\n" in render(given)


@pytest.mark.parametrize("name", ["find (no result)", "find, call_1", '"find"', "f)"])
def test_a_name_that_looks_like_our_notes_is_quoted_in_text(name: str) -> None:
    call = ToolExchange(ToolCall("call_1", name, {}), (), "unresolved", 0, 1)
    given = Transcript("s", None, (Turn(None, (call,), None, "incomplete", None),), ())
    quoted = name.replace('"', r"\"")
    assert f'\nTool call: "{quoted}", call_1 (no result)\n' in render(given)


@given(WORDS)
def test_every_word_is_in_the_json(word: str) -> None:
    document = json.loads(render(everything(word), "json"))
    (turn,) = document["turns"]
    thinking, exchange, orphan, unknown, text = turn["steps"]
    assert document["session_id"] == document["title"] == word
    assert turn["user_input"]["content"] == word
    assert thinking["content"] == text["content"] == turn["answer"] == word
    assert exchange["call"]["arguments"] == {word: [word, {"x": word}]}
    assert exchange["results"][0]["image_attachment"]["attachment_name"] == word
    assert orphan["results"][0]["result"] == word
    assert unknown["raw"] == {word: word}
    assert turn["stop"]["error"] == word
    assert document["diagnostics"][0]["detail"] == word


@pytest.mark.parametrize("format_", FORMATS)
@given(WORDS)
def test_nothing_is_left_to_sanitize_and_one_line_feed_ends_it(
    format_: Format, word: str
) -> None:
    text = render(everything(word), format_)
    assert sanitize(text) == text
    assert text.endswith("\n")
    assert not text.endswith("\n\n")


@pytest.mark.slow
def test_naughty_strings_forge_nothing(shared: Path) -> None:
    naughty = json.loads((shared / "torture" / "blns.json").read_text("utf-8"))
    words = [word for word in naughty if word]
    assert words
    assert not [word for word in words if forges_a_line(word)]
    assert not [word for word in words if forges_markdown(word)]


def test_an_unknown_format_is_refused_with_those_that_are_known() -> None:
    with pytest.raises(UnknownNameError, match=r"'html'.*known: text, markdown, json"):
        render(everything("word"), "html")  # type: ignore[arg-type]  # the very point
    with pytest.raises(UnknownNameError, match=r"did you mean 'markdown'\? known"):
        render(everything("word"), "md")  # type: ignore[arg-type]  # the very point


@pytest.mark.parametrize("format_", FORMATS)
def test_every_session_of_the_corpus_can_be_rendered(
    shared: Path, format_: Format
) -> None:
    paths = sorted((shared / "corpus" / "sessions").glob("*.json"))
    assert paths
    for path in paths:
        transcript = replay.transcript(replay.loads(path.read_bytes()))
        text = render(transcript, format_)
        assert sanitize(text) == text


def transcript_of(content: str) -> Transcript:
    """Return a transcript of one message."""
    turn = Turn(None, (Message("text", content, 1, "full"),), None, "complete", None)
    return Transcript("ses-1", None, (turn,), ())


TRANSCRIPT = transcript_of("one\n\n  two")


def test_a_transcript_as_text_looks_like_this() -> None:
    assert render(TRANSCRIPT) == (
        "Session: ses-1\n"
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


def test_each_line_knows_what_it_tells_of_and_only_headings_are_at_the_margin() -> None:
    all_lines = [*lines(TRANSCRIPT)]
    last = [(line.role, line.is_heading) for line in all_lines][-5:]
    assert last == [(None, False), ("text", True), *[("text", False)] * 3]
    assert all(line.is_heading is bool(line.text[:1].strip()) for line in all_lines)


@given(st.text("ab \n", max_size=12))
def test_the_pieces_are_the_lines_whatever_is_blank(content: str) -> None:
    whole = "".join(f"{line.text}\n" for line in lines(transcript_of(content)))
    assert "".join(text_pieces(transcript_of(content))) == whole


def test_a_transcript_as_markdown_looks_like_this() -> None:
    assert render(transcript_of("one\ntwo"), "markdown") == (
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
    text = render(transcript_of("a ````` b"), "markdown")
    assert text.endswith("``````text\na ````` b\n``````\n")


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


EVENTS: list[object] = [
    {"type": "user_input", "content": "And Q4?", "extra": 1},
    {"type": "text_delta", "content": "Look."},
    {"type": "tool_call", "call_id": "c", "name": "find", "arguments": {"n": 10**40}},
    {"type": "tool_result", "call_id": "c", "name": "find", "result": None, "extra": 2},
    {"type": "video", "content": 3},
    {"type": "text", "content": "Up."},
    {
        "type": "stop",
        "usage": {"turns": 2, "extra": 4},
        "is_error": False,
        "error": None,
    },
]


render_json = partial(render, format="json")


def test_a_transcript_as_json_looks_like_this() -> None:
    document = {"session_id": "ses-1", "generated_title": "Q4", "events": EVENTS}
    session = replay.loads(json.dumps(document))
    assert json.loads(render_json(replay.transcript(session))) == {
        "session_id": "ses-1",
        "title": "Q4",
        "turns": [
            {
                "user_input": EVENTS[0],
                "steps": [
                    {
                        "type": "message",
                        "kind": "text",
                        "content": "Look.",
                        "index": 1,
                        "source": "deltas",
                        "complete": True,
                    },
                    {
                        "type": "tool_exchange",
                        "call": EVENTS[2],
                        "results": [EVENTS[3]],
                        "status": "resolved",
                        "index": 2,
                        "end": 3,
                    },
                    {
                        "type": "unknown_event",
                        "raw": EVENTS[4],
                        "reason": "no event has the type 'video'",
                    },
                    {
                        "type": "message",
                        "kind": "text",
                        "content": "Up.",
                        "index": 5,
                        "source": "full",
                        "complete": True,
                    },
                ],
                "stop": EVENTS[6],
                "status": "complete",
                "usage": {"turns": 2, "extra": 4},
                "answer": "Up.",
            }
        ],
        "diagnostics": [
            {
                "code": "unknown-type",
                "index": 4,
                "detail": "no event has the type 'video'",
            }
        ],
    }


def test_what_was_not_recorded_is_null() -> None:
    session = replay.loads(
        '[{"type": "tool_result", "call_id": "", "name": "", "result": 0}]'
    )
    document = json.loads(render_json(replay.transcript(session)))
    (turn,) = document["turns"]
    assert document["title"] is None
    assert turn["user_input"] is turn["stop"] is turn["usage"] is None
    assert turn["steps"][0]["call"] is None


def test_json_is_one_line_whatever_it_holds_and_other_scripts_are_not_escaped() -> None:
    text = render_json(Transcript("a\nb\u2028c", "世界", (), ()))
    assert text.splitlines() == [text.removesuffix("\n")]
    assert '"世界"' in text


def test_a_value_that_is_no_json_is_refused() -> None:
    with pytest.raises(EncodeError):
        render_json(Transcript("ses-1", {1}, (), ()))  # type: ignore[arg-type]  # the very point


TEXT = {"type": "text", "content": "Yes."}


def stored(events: list[object]) -> replay.Session:
    """Return a session whose events are read again whenever they are needed."""
    data = json.dumps(events).encode()
    text = SourceText(partial(io.BytesIO, data), block=2000)
    (session,) = read_sessions(text, session_id="ses-1")
    return session


@pytest.mark.parametrize("format_", FORMATS)
def test_many_unknown_events_are_read_again_and_shown_alike(format_: Format) -> None:
    unknown = [{"n": number} for number in range(150)]
    user: object = {"type": "user_input", "content": "And?"}
    session = stored([*unknown, TEXT, *unknown, user, *unknown, 7, TEXT])
    assert "".join(render_pieces(session, format_)) == render(session, format_)


def test_more_diagnostics_than_are_kept_are_found_again_and_all_shown() -> None:
    session = stored([TEXT, *[{}] * 10_002])
    whole = render(session)
    assert "".join(render_pieces(session, "text")) == whole
    assert whole.count(": missing-type: ") == 10_002
    _, first, second = whole.split("\nDiagnostics")
    assert (first.count("\n"), second.split("\n")[0]) == (10_001, " (continued)")


def test_json_is_on_one_line_if_it_is_long_and_deep() -> None:
    deep, wide = [0] * 9000, [[[0]]] * 3000
    for _ in range(12):
        deep = [deep]  # type: ignore[list-item]  # as deep as that
    for value, is_one_line in ((deep, True), (wide, False), (deep[0][0], False)):  # type: ignore[index]  # lists
        events = [{"type": "tool_result", "call_id": "c", "name": "n", "result": value}]
        shown = render(events)
        assert (json.dumps(value) in shown) == is_one_line
