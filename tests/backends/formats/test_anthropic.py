"""Anthropic's Messages API: streams, stored messages and lists of messages."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pytest

import foreign
import replay
from captures import (
    check_beginnings,
    check_damaged,
    check_torn,
    corpus_events,
    data_of,
    fates,
    imported,
    known,
    messages,
    notes,
    read,
    stream,
    sum_of,
)
from marked_records import lost_marks
from replay_backends.formats.api_captures.anthropic import AnthropicMessages
from replay_backends.formats.head import Head
from replay_command import Run

EXAMPLE: Final = Path(__file__).resolve().parents[3] / "examples/formats/anthropic.sse"
NAME: Final = "anthropic"
PAGE: Final = "anthropic-messages"  # which the types of unknown events begin with
FOLDERS: Final = ("anthropic-stream", "anthropic-sse")
SUFFIXES: Final = {"txt": ".sse", "json": ".json"}
#: It lacks the calls that stand within message_start, as the corpus's README says.
FAULTY: Final = "vercel__anthropic__anthropic-programmatic-tool-calling.1"
STOP: Final = {"type": "message_stop"}


def start(*blocks: object, **members: object) -> dict[str, object]:
    message = {"id": "msg_1", "model": "m", "content": [*blocks], **members}
    return {"type": "message_start", "message": message}


def opened(kind: str, index: int = 0, **members: object) -> dict[str, object]:
    block = {"type": kind, **members}
    return {"type": "content_block_start", "index": index, "content_block": block}


def delta(kind: str, index: int = 0, **members: object) -> dict[str, object]:
    piece = {"type": f"{kind}_delta", **members}
    return {"type": "content_block_delta", "index": index, "delta": piece}


def closed(index: int = 0) -> dict[str, object]:
    return {"type": "content_block_stop", "index": index}


def ending(
    reason: str | None, usage: object = None, **more: object
) -> dict[str, object]:
    held = {"stop_reason": reason, **more}
    return {"type": "message_delta", "delta": held, "usage": usage}


def said(text: str, index: int = 0) -> list[dict[str, object]]:
    return [opened("text", index, text=text), closed(index)]


def types(session: replay.Session) -> list[object]:
    return [event["type"] for event in foreign.plain(session)]


def stops(session: replay.Session) -> list[dict[str, Any]]:
    events: list[Any] = foreign.plain(session)
    return [event for event in events if event["type"] == "stop"]


def samples() -> list[Path]:
    return [path for folder in FOLDERS for path in foreign.samples(folder)]


@pytest.mark.usefixtures("shared")
def test_the_pages_examples_give_its_events(tmp_path: Path) -> None:
    for example in foreign.examples(PAGE):
        session = read(tmp_path, example.text, f"a{SUFFIXES[example.kind]}")
        assert foreign.plain(session) == example.events


@pytest.mark.usefixtures("shared")
def test_each_sample_is_recognized_and_no_record_is_lost(run: Run) -> None:
    for path in samples():
        (session,) = foreign.converted(path)
        assert session.format == NAME
        mapped, kept, skipped = fates(session)
        records = len(data_of(path))
        assert mapped + sum(kept.values()) + sum(skipped.values()) == records
        assert run("transcript", str(path)).returncode == 0


@pytest.mark.usefixtures("shared")
def test_a_samples_tokens_are_those_of_its_messages() -> None:
    for path in samples():
        usages: list[dict[str, Any]] = []
        for record in data_of(path):
            if record["type"] == "message_start":
                usages.append(record["message"]["usage"])
            elif record["type"] == "message_delta":
                usages[-1] |= record["usage"]
        names = (
            "input_tokens",
            "cache_creation_input_tokens",
            "cache_read_input_tokens",
        )
        (session,) = foreign.converted(path)
        (stop,) = stops(session)  # each sample is one run
        assert stop["usage"] == {
            "total_input_tokens": sum_of(u.get(name) for u in usages for name in names),
            "total_output_tokens": sum_of(each["output_tokens"] for each in usages),
            "turns": len(usages),
        }


@pytest.mark.usefixtures("shared")
def test_no_call_within_a_samples_beginnings_is_lost() -> None:
    (path,) = (each for each in samples() if "programmatic" in each.name)
    (session,) = foreign.converted(path)
    assert types(session).count("tool_call") == path.read_text("utf-8").count(
        '_use","id":'
    )


@pytest.mark.usefixtures("shared")
def test_samples_give_the_events_that_the_corpus_has_of_them() -> None:
    compared = 0
    for path in samples():
        stem = path.name.removesuffix(".txt").removesuffix(".chunks")
        name = stem.replace("__", "__anthropic__")
        if name == stem:
            name = f"anthropic-sdk__fixtures__{stem}"
        if name == FAULTY or not (events := corpus_events(name)):
            continue
        (session,) = foreign.converted(path)
        assert [*map(with_list, known(session))] == events
        compared += 1
    assert compared


def with_list(event: Mapping[str, Any]) -> dict[str, Any]:
    """Return an event whose result, if it is a text, is a list of one as recorded."""
    if event["type"] != "tool_result" or not isinstance(event["result"], str):
        return {**event}
    return {**event, "result": [{"type": "text", "text": event["result"]}]}


@pytest.mark.usefixtures("shared")
def test_what_managed_agents_sent_is_something_else() -> None:
    for path in foreign.samples("anthropic-managed-agents"):
        head = Head(path.read_bytes(), is_whole=True)
        assert not AnthropicMessages().recognizes(head)


def test_a_stream_that_breaks_off_gives_a_beginning_of_it() -> None:
    check_beginnings(EXAMPLE, AnthropicMessages())
    for path in foreign.samples("anthropic-stream"):
        if "no-args" in path.name:
            check_beginnings(path, AnthropicMessages())


def test_whatever_a_record_lacks_it_is_converted() -> None:
    records = data_of(EXAMPLE)
    more = [delta("citations", citation=5), delta("compaction", content="a")]
    check_damaged([*records[:-1], *more, *said("a"), STOP], AnthropicMessages())


def test_the_example_has_a_call_that_nobody_answered(tmp_path: Path) -> None:
    session = read(tmp_path, EXAMPLE.read_text("utf-8"), "a.sse")
    assert session.session_id == "a"
    assert foreign.plain(session)[2:] == [
        {
            "type": "tool_call",
            "call_id": "toolu_01",
            "name": "retrieve",
            "arguments": {"query": "notice period"},
        },
        {
            "type": "stop",
            "usage": {"total_input_tokens": 25, "total_output_tokens": 30, "turns": 1},
            "is_error": False,
            "error": None,
        },
    ]
    assert imported(session) == {"message_id": "msg_01", "model": "claude-example"}
    assert imported(session, 3)["finish_reason"] == "tool_use"
    assert fates(session) == (11, {}, {"ping": 1})


class TestStream:
    def test_a_run_goes_on_while_tools_are_asked_for(self, tmp_path: Path) -> None:
        usage = {"input_tokens": 1, "output_tokens": 2}
        records: list[object] = []
        for reason in ("tool_use", "pause_turn", "compaction", "end_turn", "new"):
            records += [start(usage=usage), *said("a"), ending(reason), STOP]
        session = stream(tmp_path, *records)
        assert [stop["usage"]["turns"] for stop in stops(session)] == [4, 1]
        assert stops(session)[0]["usage"]["total_output_tokens"] == 8

    def test_the_last_usage_that_isnt_null_counts(self, tmp_path: Path) -> None:
        first = {"input_tokens": 5, "cache_read_input_tokens": 3, "output_tokens": 1}
        last = {"input_tokens": None, "cache_read_input_tokens": 4, "output_tokens": 9}
        session = stream(tmp_path, start(usage=first), ending("end_turn", last), STOP)
        assert stops(session)[0]["usage"] == {
            "total_input_tokens": 9, "total_output_tokens": 9, "turns": 1,
        }  # fmt: skip
        assert stops(stream(tmp_path, start(), STOP))[0]["usage"] == {"turns": 1}

    def test_a_refusal_is_an_error(self, tmp_path: Path) -> None:
        refused = ending("refusal", stop_details={"category": "x"})
        session = stream(tmp_path, start(), refused, STOP)
        assert stops(session)[0]["error"] == "refusal"
        assert imported(session)["stop_details"] == {"category": "x"}

    def test_an_error_ends_the_run_whenever_it_comes(self, tmp_path: Path) -> None:
        told = {
            "type": "error",
            "error": {"type": "overloaded_error", "message": "No."},
        }
        asked = [start(opened("tool_use")["content_block"]), ending("tool_use"), STOP]
        for before, turns in (
            ([], {}),
            ([start()], {"turns": 1}),
            (asked, {"turns": 1}),
        ):
            session = stream(tmp_path, *before, told, format=NAME)
            (stop,) = stops(session)
            assert (stop["error"], stop["usage"]) == ("No.", turns)
        session = stream(tmp_path, start(), {"type": "error", "error": None})
        assert stops(session)[0]["error"] == "error"

    def test_a_message_whose_reason_is_known_has_an_end(self, tmp_path: Path) -> None:
        session = stream(tmp_path, start(), *said("a"), ending("end_turn"))
        assert types(session) == ["text_delta", "stop"]
        assert types(stream(tmp_path, start(), *said("a"))) == ["text_delta"]

    def test_a_run_whose_last_message_breaks_off_keeps_its_tokens(
        self, tmp_path: Path
    ) -> None:
        usage = {"input_tokens": 1, "output_tokens": 2}
        session = stream(
            tmp_path, start(usage=usage), ending("tool_use"), STOP, start(), *said("a"),
        )  # fmt: skip
        assert types(session) == ["text_delta"]
        assert imported(session)["usage"]["total_input_tokens"] == 1
        assert notes(session) == {"usage-without-stop": 1}

    def test_a_message_that_breaks_off_keeps_its_tokens(self, tmp_path: Path) -> None:
        begun = start(usage={"input_tokens": 1})
        session = stream(tmp_path, begun, *said("a"))
        assert imported(session)["usage"] == {"total_input_tokens": 1, "turns": 1}
        assert types(stream(tmp_path, begun)) == [f"{PAGE}/usage"]

    def test_what_a_message_says_of_its_end_stays_with_its_last_event(
        self, tmp_path: Path
    ) -> None:
        asked = start(opened("tool_use", id="t")["content_block"])
        session = stream(tmp_path, asked, ending("tool_use"), STOP, start(), STOP)
        assert types(session) == ["tool_call", "stop"]
        assert imported(session)["finish_reason"] == "tool_use"

    def test_a_message_that_starts_again_doesnt_join_the_first(
        self, tmp_path: Path
    ) -> None:
        asked = opened("tool_use", 1, id="t", name="f")
        session = stream(
            tmp_path, start(), *said("Half"), asked, start(), *said("Whole")
        )
        assert types(session) == [
            "text_delta", f"{PAGE}/incomplete-block", "text", "text_delta",
        ]  # fmt: skip
        assert [each.content for each in messages(session)] == ["Half", "Whole"]
        assert notes(session) == {"restarted-message": 1, "final-made": 1}

    def test_blocks_of_text_stay_joined(self, tmp_path: Path) -> None:
        session = stream(
            tmp_path, start(), *said("a"), *said("b", 1), ending(None), STOP
        )
        assert [each.content for each in messages(session)] == ["ab"]
        assert notes(session) == {"blocks-joined": 1}

    def test_thinking_comes_as_deltas_and_signatures_are_skipped(
        self, tmp_path: Path
    ) -> None:
        records = [
            start(), opened("thinking", thinking="H"), delta("thinking", thinking="m"),
            delta("signature", signature="c2ln"), closed(),
        ]  # fmt: skip
        session = stream(tmp_path, *records)
        assert types(session) == ["thinking_delta"] * 2
        assert fates(session)[2] == {"signature_delta": 1}
        kept = stream(tmp_path, *records, keep="all")
        assert types(kept)[2] == f"{PAGE}/signature_delta"

    def test_citations_go_with_the_text_behind_them(self, tmp_path: Path) -> None:
        cited = delta("citations", citation={"url": "u"})
        session = stream(
            tmp_path, start(), opened("text", text=""), cited, cited,
            delta("text", text="a"), delta("text", text="b"), cited, closed(),
        )  # fmt: skip
        assert imported(session)["citations"] == [{"url": "u"}] * 2
        assert imported(session, 1) == {}
        assert foreign.plain(session)[2] == {
            "type": f"{PAGE}/citations", "record": [{"url": "u"}],
        }  # fmt: skip

    def test_a_call_takes_its_input_from_wherever_it_is(self, tmp_path: Path) -> None:
        for given, pieces, arguments in (
            ({"n": 6}, [""], {"n": 6}),
            ({}, ['{"n":', "6}"], {"n": 6}),
            ({}, ['{"n":'], {"_raw": '{"n":'}),
            (None, [], {}),
        ):
            parts = [delta("input_json", partial_json=each) for each in pieces]
            call = opened("tool_use", id="t", name="f", input=given)
            session = stream(tmp_path, start(), call, *parts, closed())
            assert foreign.plain(session)[0]["arguments"] == arguments

    def test_blocks_may_be_interleaved(self, tmp_path: Path) -> None:
        pieces = [delta("input_json", n, partial_json="{}") for n in (0, 1)]
        calls = [opened("tool_use", n, id=f"t{n}", name="f") for n in (0, 1)]
        session = stream(tmp_path, start(), *calls, *pieces, closed(1), closed())
        assert [each["call_id"] for each in foreign.plain(session)] == ["t1", "t0"]

    def test_a_compaction_is_put_together(self, tmp_path: Path) -> None:
        session = stream(
            tmp_path, start(), opened("compaction", content=None),
            delta("compaction", content="a"),
            delta("compaction", content="b", encrypted_content="e"),
            delta("compaction", content=None), closed(),
        )  # fmt: skip
        block = {"type": "compaction", "content": "ab", "encrypted_content": "e"}
        record = {"type": f"{PAGE}/compaction", "record": block}
        assert foreign.plain(session) == [record]
        assert fates(session)[1] == {"compaction": 1}

    def test_what_isnt_known_or_whole_is_kept(self, tmp_path: Path) -> None:
        part = delta("input_json", 3, partial_json="{")
        session = stream(
            tmp_path, start(), {"type": "new_event"}, {"a": 1}, 5, delta("new", a=1),
            {"type": "content_block_delta"}, {"type": "content_block_start"}, closed(7),
            part, closed(3), opened("new_block", 4), closed(4),
            opened("new_call", 3), part, closed(3),
        )  # fmt: skip
        assert fates(session)[1] == {
            "new_event": 1, "untyped": 1, "line": 1, "new_delta": 1, "new_block": 1,
            "content_block_delta": 1, "content_block_start": 1, "incomplete-block": 2,
        }  # fmt: skip
        assert fates(session)[2] == {"content_block_stop": 1}
        assert notes(session) == {"missing-field": 2}

    def test_a_block_whose_end_is_missing_is_kept(self, tmp_path: Path) -> None:
        first, second = (opened("tool_use", id=each, name="f") for each in "ab")
        session = stream(tmp_path, start(), first, second, closed(), STOP)
        assert types(session) == [f"{PAGE}/incomplete-block", "tool_call", "stop"]

    def test_a_stream_may_begin_in_the_middle(self, tmp_path: Path) -> None:
        piece = delta("text", text="a")
        session = stream(tmp_path, piece, closed(), ending("end_turn"), STOP, STOP)
        assert types(session) == ["text_delta", "stop", "stop"]
        broken = {"type": "message_start", "message": None}
        assert types(stream(tmp_path, piece, broken, STOP)) == ["text_delta", "stop"]

    def test_a_broken_line_is_kept_and_noted(self, tmp_path: Path) -> None:
        lines = [json.dumps(start()), '{"type":', json.dumps(STOP)]
        session = read(tmp_path, "\n".join(lines), "a.jsonl")
        assert fates(session)[1] == {"line": 1}
        assert notes(session)["bad-line"] == 1


class TestStored:
    def test_a_message_that_the_api_answered_has_a_stop(self, tmp_path: Path) -> None:
        message = {
            "type": "message", "id": "msg_1", "role": "assistant", "model": "m",
            "content": [{"type": "text", "text": "a"}], "stop_reason": "end_turn",
            "usage": {"input_tokens": 1, "output_tokens": 2},
        }  # fmt: skip
        session = read(tmp_path, message)
        assert types(session) == ["text", "stop"]
        assert imported(session) == {"message_id": "msg_1", "model": "m"}
        assert types(read(tmp_path, message | {"stop_reason": None})) == ["text"]

    def test_a_document_that_breaks_off_is_one_error(self) -> None:
        block = {"type": "tool_use", "id": "t", "name": "f", "input": {}}
        message = {"role": "assistant", "content": [block]}
        check_torn({"type": "message", **message}, AnthropicMessages())
        check_torn({"messages": [message]}, AnthropicMessages())
        check_torn([message], AnthropicMessages())

    def test_a_requests_system_prompt_goes_first(self, tmp_path: Path) -> None:
        thought = {"type": "thinking", "thinking": "Hm.", "signature": "c2ln"}
        request = {
            "system": "Be brief.",
            "messages": [
                {"role": "user", "content": "Hi"},
                {"role": "assistant", "content": [thought]},
            ],
        }
        session = read(tmp_path, request)
        assert types(session) == [f"{PAGE}/system", "user_input", "thinking"]
        assert imported(session, 2) == {"signature": "c2ln"}
        assert fates(session) == (2, {"system": 1}, {})
        del request["system"]
        assert types(read(tmp_path, request)) == ["user_input", "thinking"]

    @pytest.mark.parametrize(
        "content",
        [
            [{"role": "user", "content": "Hi"}],
            [{"role": "user", "content": [{"type": "thinking"}]}, {"role": "tool"}],
            [{"role": "user", "content": [{"type": "thinking"}], "parts": []}],
            [{"role": "user", "content": [{"type": "thinking"}]}, {"type": "x"}],
            {"messages": [5]},
            {"type": "message", "role": "user", "content": []},
            {"type": "message_start"},
        ],
    )
    def test_what_may_be_something_else_isnt_recognized(self, content: object) -> None:
        head = Head(json.dumps(content).encode(), is_whole=True)
        assert not AnthropicMessages().recognizes(head)


class TestMessages:
    def messages(self, folder: Path, *listed: object) -> replay.Session:
        return read(folder, [*listed], format=NAME)

    def test_results_go_before_what_the_user_says(self, tmp_path: Path) -> None:
        texts = [{"type": "text", "text": text} for text in "ab"]
        image = {"type": "image", "source": {}}
        answer = {"type": "tool_result", "tool_use_id": "t", "is_error": True}
        blocks = [texts[0], image, answer | {"content": [*texts]}, texts[1], 5]
        session = self.messages(tmp_path, {"role": "user", "content": blocks})
        assert foreign.plain(session) == [
            {"type": "tool_result", "call_id": "t", "name": "", "result": texts},
            {"type": "user_input", "content": "a\n\nb"},
            {"type": f"{PAGE}/image", "record": image},
            {"type": f"{PAGE}/part", "record": {"value": 5}},
        ]
        assert imported(session) == {"is_error": True}
        assert imported(session, 1) == {"blocks": 2, "media": 2}
        only = self.messages(tmp_path, {"role": "user", "content": [answer]})
        assert foreign.plain(only)[0]["result"] is None

    def test_what_is_beside_a_text_is_kept(self, tmp_path: Path) -> None:
        cached = {"type": "text", "text": "b", "cache_control": {"type": "ephemeral"}}
        blocks = [{"type": "text", "text": "a"}, cached]
        session = self.messages(tmp_path, {"role": "user", "content": blocks})
        beside = [{}, {"cache_control": {"type": "ephemeral"}}]
        assert imported(session) == {"blocks": 2, "beside_text": beside}

    def test_a_message_of_media_only_is_an_empty_input(self, tmp_path: Path) -> None:
        image = {"type": "image", "source": {}}
        session = self.messages(tmp_path, {"role": "user", "content": [image]})
        assert foreign.plain(session)[0] == {"type": "user_input", "content": ""}

    def test_only_users_and_assistants_speak(self, tmp_path: Path) -> None:
        session = self.messages(
            tmp_path,
            {"role": "system", "content": "Be brief."},
            {"role": "assistant", "content": "Yes."},
            {"type": "message", "role": "user", "content": "Hi"},
            {"role": "assistant"},
            {"role": 5},
            5,
        )
        assert types(session) == [
            f"{PAGE}/system", "text", "user_input", f"{PAGE}/assistant",
            f"{PAGE}/untyped", f"{PAGE}/message",
        ]  # fmt: skip
        assert notes(session) == {"missing-field": 1}

    def test_each_kind_of_call_and_result_is_one(self, tmp_path: Path) -> None:
        caller = {"type": "code_execution_20250825"}
        found = {"type": "web_search_result"}
        blocks = [
            {"type": "tool_use", "id": "t", "name": "f", "caller": caller},
            {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {}},
            {"type": "web_search_tool_result", "tool_use_id": "s", "content": [found]},
            {"type": "mcp_tool_use", "id": "m", "name": "g", "server_name": "x"},
            {"type": "mcp_tool_result", "tool_use_id": "m", "is_error": False},
        ]
        session = self.messages(tmp_path, {"role": "assistant", "content": blocks})
        calls = [(each["call_id"], each["name"]) for each in foreign.plain(session)]
        assert calls == [
            ("t", "f"), ("s", "web_search"), ("s", "web_search"), ("m", "g"),
            ("m", "g"),
        ]  # fmt: skip
        kept = [imported(session, index) for index in range(5)]
        expected = [{"caller": caller}, {"server": True}, {}, {"server": "x"}, {}]
        assert kept == expected

    def test_what_cannot_be_mapped_is_kept(self, tmp_path: Path) -> None:
        blocks = [
            {"type": "redacted_thinking", "data": "AAAA"},
            {"type": "thinking", "thinking": "", "signature": "c2ln"},
            {"type": "thinking", "thinking": ""},
            {"type": "text", "text": None},
            {"type": "tool_use"},
            {"type": "tool_result", "content": "a"},
        ]
        session = self.messages(tmp_path, {"role": "assistant", "content": blocks})
        assert types(session) == [
            f"{PAGE}/redacted_thinking", f"{PAGE}/thinking", f"{PAGE}/text",
            "tool_call", f"{PAGE}/tool_result",
        ]  # fmt: skip
        assert foreign.plain(session)[3]["call_id"] == "made-1"
        assert notes(session) == {"id-made": 1, "missing-field": 1}


def test_no_further_member_of_a_message_or_a_delta_is_lost() -> None:
    start = {"type": "message_start", "message": {"id": "m", "content": []}}
    block = {"type": "text", "text": ""}
    delta = {"type": "text_delta", "text": "A"}
    records = [
        start,
        {"type": "content_block_start", "index": 0, "content_block": block},
        {"type": "content_block_delta", "index": 0, "delta": delta},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}},
        {"type": "message_stop"},
    ]
    lost = lost_marks(records, "anthropic", AnthropicMessages())
    further = {"/0/message/*", "/1/content_block/*", "/2/delta/*", "/3/delta/*", "/3/*"}
    assert not lost & further
