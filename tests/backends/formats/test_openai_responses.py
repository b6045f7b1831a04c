"""OpenAI's Responses API: streams, stored responses and lists of items."""

import json
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
from replay_backends.formats.api_captures.responses.openai_responses import (
    OpenAIResponses,
)
from replay_backends.formats.head import Head
from replay_command import Run

EXAMPLE: Final = (
    Path(__file__).resolve().parents[3] / "examples/formats/openai-responses.sse"
)
NAME: Final = "openai-responses"
#: What the page's examples lack: README's rule 1 gives a recorded end a stop.
STOPS: Final = {
    0: {
        "type": "stop",
        "usage": {"total_input_tokens": 10, "total_output_tokens": 5, "turns": 1},
        "is_error": False,
        "error": None,
    }
}
#: Sessions of the corpus that state the last response's tokens only.
FAULTY: Final = (
    "vercel__openai__openai-reasoning-encrypted-content.1",
    "vercel__openai__openai-shell-tool.1",
)
SUFFIXES: Final = {"txt": ".sse", "json": ".json"}


def created(number: int = 1, **members: object) -> dict[str, object]:
    response = {"id": f"r{number}", "model": "m", "created_at": 1767225600, **members}
    return {"type": "response.created", "response": response}


def done(item: object, index: int = 0) -> dict[str, object]:
    return {"type": "response.output_item.done", "output_index": index, "item": item}


def delta(text: object, index: int = 0, kind: str = "output_text") -> dict[str, object]:
    kind = f"response.{kind}.delta"
    return {"type": kind, "output_index": index, "content_index": 0, "delta": text}


def final(text: object, index: int = 0, kind: str = "output_text") -> dict[str, object]:
    kind = f"response.{kind}.done"
    return {"type": kind, "output_index": index, "content_index": 0, "text": text}


def ended(status: str = "completed", **members: object) -> dict[str, object]:
    response = {"status": status, **members}
    return {"type": f"response.{status}", "response": response}


def tokens(given: int, taken: int) -> dict[str, int]:
    return {"input_tokens": given, "output_tokens": taken}


def message(*texts: str, **members: object) -> dict[str, object]:
    parts = [{"type": "output_text", "text": text} for text in texts]
    return {"type": "message", "role": "assistant", "content": parts, **members}


def call(call_id: str = "c1", **members: object) -> dict[str, object]:
    kept = {"name": "f", "arguments": '{"x":1}', **members}
    return {"type": "function_call", "call_id": call_id, **kept}


def types(session: replay.Session) -> list[object]:
    return [event["type"] for event in foreign.plain(session)]


def stops(session: replay.Session) -> list[dict[str, Any]]:
    events: list[Any] = foreign.plain(session)
    return [event for event in events if event["type"] == "stop"]


@pytest.mark.usefixtures("shared")
def test_the_pages_examples_give_its_events(tmp_path: Path) -> None:
    for number, example in enumerate(foreign.examples(NAME)):
        name = f"a{SUFFIXES[example.kind]}"
        expected = [*example.events, *filter(None, [STOPS.get(number)])]
        assert foreign.plain(read(tmp_path, example.text, name)) == expected


@pytest.mark.usefixtures("shared")
def test_each_sample_is_recognized_and_no_record_is_lost(run: Run) -> None:
    for path in foreign.samples("openai-responses-stream"):
        (session,) = foreign.converted(path)
        assert session.format == NAME
        mapped, kept, skipped = fates(session)
        records = len(data_of(path))
        assert mapped + sum(kept.values()) + sum(skipped.values()) == records
        assert run("transcript", str(path)).returncode == 0


@pytest.mark.usefixtures("shared")
def test_a_samples_tokens_are_those_of_its_responses() -> None:
    for path in foreign.samples("openai-responses-stream"):
        usages = [
            each["response"]["usage"]
            for each in data_of(path)
            if each["type"] == "response.completed"
        ]
        (session,) = foreign.converted(path)
        (stop,) = stops(session)  # each sample is one run
        assert stop["usage"] == {
            "total_input_tokens": sum_of(each["input_tokens"] for each in usages),
            "total_output_tokens": sum_of(each["output_tokens"] for each in usages),
            "turns": len(usages),
        }


@pytest.mark.usefixtures("shared")
def test_finals_of_the_samples_equal_their_deltas() -> None:
    for path in foreign.samples("openai-responses-stream"):
        (session,) = foreign.converted(path)
        assert {each.source for each in messages(session)} == {"both"}


@pytest.mark.usefixtures("shared")
def test_samples_give_the_events_that_the_corpus_has_of_them() -> None:
    compared = 0
    for path in foreign.samples("openai-responses-stream"):
        name = path.name.removesuffix(".chunks.txt").replace("__", "__openai__")
        if name in FAULTY or not (events := corpus_events(name)):
            continue
        (session,) = foreign.converted(path)
        # The page keeps it as an unknown event.
        kept = [each for each in events if each.get("name") != "mcp_list_tools"]
        assert known(session) == kept
        compared += 1
    assert compared


def test_a_stream_that_breaks_off_gives_a_beginning_of_it() -> None:
    check_beginnings(EXAMPLE, OpenAIResponses())
    for path in foreign.samples("openai-responses-stream")[:1]:
        check_beginnings(path, OpenAIResponses(), 97)


def test_whatever_a_record_lacks_it_is_converted() -> None:
    user = {"role": "user", "content": [{"type": "input_text", "text": "a"}]}
    asked = {"type": "mcp_approval_request", "id": "a"}
    items = [done(each) for each in (call(), user, asked, message("a"))]
    check_damaged([*data_of(EXAMPLE), created(), *items, ended()], OpenAIResponses())


def test_the_example_is_a_whole_run(tmp_path: Path) -> None:
    session = read(tmp_path, EXAMPLE.read_text("utf-8"), "a.sse")
    assert session.session_id == "resp_01"
    assert session.last_updated_at == "2026-01-01T00:00:00.000000"
    assert types(session) == [
        "thinking_delta", "thinking", "tool_call", "tool_result", "text_delta",
        "text_delta", "text", "stop",
    ]  # fmt: skip
    assert imported(session)["model"] == "gpt-example"
    assert imported(session)["timestamp"] == "2026-01-01T00:00:00+00:00"
    assert imported(session, 1) == {"encrypted_content": "gAAA", "id": "rs_01"}
    assert imported(session, 3) == {"result": "status"}
    assert imported(session, 6) == {"status": "completed", "id": "msg_01"}
    assert imported(session, 7)["finish_reason"] == "completed"
    assert fates(session) == (9, {}, {"response.created": 1})


class TestStream:
    def test_a_call_that_is_open_lets_the_run_go_on(self, tmp_path: Path) -> None:
        session = stream(
            tmp_path,
            created(1),
            done(call()),
            ended(usage=tokens(1, 2)),
            created(2),
            done(message("Done.")),
            ended(usage=tokens(3, 4)),
            created(3),
            done(message("More.")),
            ended(usage=None),
        )
        assert [stop["usage"] for stop in stops(session)] == [
            {"total_input_tokens": 4, "total_output_tokens": 6, "turns": 2},
            {"turns": 1},
        ]

    def test_a_served_call_is_answered_by_the_message_behind_it(
        self, tmp_path: Path
    ) -> None:
        custom = {"type": "custom_tool_call", "call_id": "c", "name": "x", "input": "q"}
        session = stream(
            tmp_path, created(), done(custom), done(message("Found.")), ended(),
            created(), done(custom), done(message("")), ended(), created(), ended(),
        )  # fmt: skip
        assert [stop["usage"] for stop in stops(session)] == [
            {"turns": 1},
            {"turns": 2},
        ]

    def test_an_output_or_an_answered_approval_closes_a_call(
        self, tmp_path: Path
    ) -> None:
        output = {"type": "shell_call_output", "call_id": "c1", "output": [{"a": 1}]}
        session = stream(
            tmp_path,
            created(),
            done({"type": "shell_call", "call_id": "c1", "action": {"commands": []}}),
            done(output),
            done({"type": "mcp_approval_request", "id": "a1"}),
            done({"type": "mcp_approval_response", "approval_request_id": "a1"}),
            ended(),
            created(),
        )
        assert types(session)[-1] == "stop"

    def test_a_run_whose_last_response_breaks_off_keeps_its_tokens(
        self, tmp_path: Path
    ) -> None:
        session = stream(
            tmp_path, created(), done(call()), ended(usage=tokens(1, 2)), created(),
            delta("Half"),
        )  # fmt: skip
        assert types(session) == ["tool_call", "text_delta"]
        assert imported(session, 1)["usage"]["total_input_tokens"] == 1
        assert notes(session) == {"usage-without-stop": 1}

    def test_a_response_without_an_event_keeps_its_origin_with_the_stop(
        self, tmp_path: Path
    ) -> None:
        session = stream(tmp_path, created(), ended())
        assert imported(session)["response_id"] == "r1"

    def test_a_final_that_differs_is_kept_as_it_is(self, tmp_path: Path) -> None:
        session = stream(tmp_path, created(), delta("abc"), final("abd"), ended())
        assert types(session) == ["text_delta", "text", "stop"]

    def test_an_items_texts_come_once(self, tmp_path: Path) -> None:
        session = stream(
            tmp_path, created(), delta("a"), final("a"),
            done(message("a", "b", status="completed")), ended(),
        )  # fmt: skip
        assert types(session) == ["text_delta", "text", "text", "stop"]
        assert imported(session, 2) == {"status": "completed"}

    def test_a_text_without_an_index_comes_once(self, tmp_path: Path) -> None:
        said = {"type": "response.output_text.done", "output_index": 0, "text": "a"}
        session = stream(tmp_path, created(), said, done(message("a")), ended())
        assert types(session) == ["text", "stop"]

    def test_an_item_that_says_nothing_more_adds_nothing(self, tmp_path: Path) -> None:
        session = stream(
            tmp_path, delta("a", 1), final("a"), done(message("a")), format=NAME
        )
        assert [imported(session), imported(session, 1)] == [{}, {}]

    def test_an_item_without_a_final_gives_it(self, tmp_path: Path) -> None:
        session = stream(tmp_path, created(), delta("a"), done(message("a")), ended())
        assert types(session) == ["text_delta", "text", "stop"]

    def test_parts_annotations_are_kept_with_their_texts(self, tmp_path: Path) -> None:
        part = {"type": "output_text", "text": "a", "annotations": [1], "logprobs": []}
        ready = {"type": "response.content_part.done", "output_index": 0, "part": part}
        session = stream(
            tmp_path, created(), ready, final("a"), ready, done(message("a", "")),
            ended(),
        )  # fmt: skip
        assert imported(session)["annotations"] == [1]

    def test_only_logprobs_that_are_there_are_kept(self, tmp_path: Path) -> None:
        session = stream(
            tmp_path, delta("a") | {"logprobs": [1]}, delta("b") | {"logprobs": []}
        )
        assert [imported(session), imported(session, 1)] == [{"logprobs": [1]}, {}]

    def test_interleaved_deltas_keep_their_order(self, tmp_path: Path) -> None:
        session = stream(tmp_path, created(), delta("a"), delta("b", 1), delta("c"))
        assert types(session) == ["text_delta"] * 3
        assert notes(session) == {"interleaved-blocks": 2}

    def test_a_message_that_the_next_would_join_gets_a_final(
        self, tmp_path: Path
    ) -> None:
        session = stream(
            tmp_path, created(), delta(""), delta("Ha"), delta("lf"), created(2),
            delta("Whole"),
        )  # fmt: skip
        assert [each.content for each in messages(session)] == ["Half", "Whole"]
        assert imported(session, 2) == {"made": True}
        assert imported(session, 3)["response_id"] == "r2"
        assert notes(session) == {"restarted-message": 1, "final-made": 1}

    def test_an_encrypted_thought_is_kept(self, tmp_path: Path) -> None:
        secret = {"type": "reasoning", "id": "rs", "encrypted_content": "g"}
        kind = "reasoning_text"
        session = stream(
            tmp_path, created(), done(secret), done({"type": "reasoning"}),
            final("Hm", 2, kind), delta("a", 3), done(secret, 2),
            final("Hm", 4, kind), delta("a", 3), done({"type": "reasoning"}, 4),
        )  # fmt: skip
        assert types(session) == [
            f"{NAME}/reasoning", "thinking", "text_delta", f"{NAME}/reasoning",
            "thinking", "text_delta",
        ]  # fmt: skip
        assert fates(session)[2]["reasoning"] == 1

    def test_a_call_that_never_finishes_is_kept_in_pieces(self, tmp_path: Path) -> None:
        added = {"type": "response.output_item.added", "output_index": 1}
        piece = {"type": "response.function_call_arguments.delta", "output_index": 1}
        records = [
            created(),
            added | {"item": call(arguments="")},
            added | {"output_index": 0, "item": message()},
            piece | {"delta": '{"x'},
            piece | {"delta": None},
            piece | {"output_index": 7, "delta": "?"},
        ]
        kept = {"item": call(arguments=""), "partial": '{"x'}
        for end in ([], [created(2)], [{"type": "error", "message": "No."}]):
            session = stream(tmp_path, *records, *end)
            event = foreign.plain(session)[0]
            assert event == {"type": f"{NAME}/incomplete-item", "record": kept}
        whole = ended(output=[message(), call("c9"), 5])
        assert types(stream(tmp_path, *records, whole)) == ["tool_call", "stop"]

    def test_a_response_that_came_at_once_gives_its_output(
        self, tmp_path: Path
    ) -> None:
        session = stream(tmp_path, created(), ended(output=[message("a"), 5]))
        assert types(session) == ["text", "stop"]

    def test_what_only_the_end_has_isnt_lost(self, tmp_path: Path) -> None:
        output = [message("a"), call()]
        session = stream(tmp_path, created(), done(output[0]), ended(output=output))
        assert types(session) == ["text", "tool_call", "stop"]
        parts = [{"type": "summary_text", "text": each} for each in ("a", "b")]
        first = {"type": "response.reasoning_summary_text.done", "output_index": 0}
        session = stream(
            tmp_path,
            created(),
            {**first, "summary_index": 0, "text": "a"},
            done({"type": "reasoning", "id": "rs", "summary": parts}),
        )
        assert [each.content for each in messages(session)] == ["a", "b"]
        assert imported(session, 1)["id"] == "rs"

    def test_a_stream_may_begin_in_the_middle(self, tmp_path: Path) -> None:
        begun = created() | {"type": "response.in_progress"}
        session = stream(tmp_path, begun, begun, delta("a"), ended("incomplete"))
        assert session.session_id == "r1"
        assert fates(session)[2] == {"response.in_progress": 2}
        assert stream(tmp_path, delta("a"), ended()).session_id == "a"

    def test_what_isnt_known_is_kept(self, tmp_path: Path) -> None:
        session = stream(
            tmp_path, created(), {"type": "response.steer.accepted"}, {"a": 1}, 5,
            done({"type": "new_item"}), done({"id": "x"}), done(None), delta(None),
            final(None),
        )  # fmt: skip
        assert fates(session)[1] == {
            "response.steer.accepted": 1, "untyped": 2, "line": 1, "new_item": 1,
            "response.output_item.done": 1, "response.output_text.delta": 1,
            "response.output_text.done": 1,
        }  # fmt: skip
        assert notes(session)["missing-field"] == 3

    def test_a_broken_line_is_kept_and_noted(self, tmp_path: Path) -> None:
        lines = [json.dumps(created()), '{"type":', json.dumps(ended())]
        session = read(tmp_path, "\n".join(lines), "a.jsonl")
        assert fates(session)[1] == {"line": 1}
        assert notes(session)["bad-line"] == 1

    def test_bookkeeping_is_kept_when_all_is(self, tmp_path: Path) -> None:
        working = {"type": "response.web_search_call.searching"}
        assert types(stream(tmp_path, created(), working)) == []
        kept = types(stream(tmp_path, created(), working, keep="all"))
        assert kept == [f"{NAME}/{each['type']}" for each in (created(), working)]


class TestEnds:
    def test_an_error_and_the_failure_after_it_are_one_stop(
        self, tmp_path: Path
    ) -> None:
        told = {"code": "c", "message": "No."}
        for error in (told, {"error": told}):
            session = stream(
                tmp_path, created(), {"type": "error", **error},
                ended("failed", error=told, usage=tokens(1, 2)), created(),
            )  # fmt: skip
            (stop,) = stops(session)
            assert stop["error"] == "No."
            assert stop["usage"]["total_input_tokens"] == 1

    def test_an_error_alone_ends_the_run(self, tmp_path: Path) -> None:
        for after in ([], [created(2), done(message("a"))]):
            session = stream(tmp_path, created(), {"type": "error"}, *after)
            (stop,) = stops(session)
            assert (stop["is_error"], stop["error"]) == (True, "failed")

    def test_a_status_says_how_a_response_ended(self, tmp_path: Path) -> None:
        filtered = {"incomplete_details": {"reason": "content_filter"}}
        cut = {"incomplete_details": {"reason": "max_output_tokens"}}
        for status, members, error, reason in (
            ("completed", {}, None, "completed"),
            ("cancelled", {}, "aborted: cancelled", "cancelled"),
            ("incomplete", filtered, "content_filter", "content_filter"),
            ("incomplete", cut, None, "max_output_tokens"),
            ("incomplete", {}, None, "incomplete"),
            ("failed", {"error": {"message": "Bad."}}, "Bad.", "failed"),
        ):
            stored = {"object": "response", "status": status, "output": [], **members}
            session = read(tmp_path, stored)
            assert stops(session)[0]["error"] == error
            assert imported(session)["finish_reason"] == reason

    def test_a_response_that_isnt_finished_has_no_stop(self, tmp_path: Path) -> None:
        for status in ("queued", "in_progress"):
            stored = {"object": "response", "status": status, "output": [message("a")]}
            assert types(read(tmp_path, stored)) == ["text"]


class TestStored:
    def test_what_was_given_goes_first(self, tmp_path: Path) -> None:
        stored = {
            "object": "response", "id": "r1", "conversation": {"id": "conv_1"},
            "instructions": "Be brief.", "input": "Hi", "status": "completed",
            "output": [message("Hello.")], "completed_at": 1767225601,
        }  # fmt: skip
        session = read(tmp_path, stored)
        assert session.session_id == "conv_1"
        expected = ["user_input", f"{NAME}/instructions", "text", "stop"]
        assert types(session) == expected
        assert imported(session, 3)["timestamp"] == "2026-01-01T00:00:01+00:00"
        assert fates(session) == (3, {"instructions": 1}, {})

    def test_responses_may_stand_on_lines(self, tmp_path: Path) -> None:
        first = {"object": "response", "id": "r1", "output": [call()]}
        second = {"object": "response", "instructions": "x", "output": [message("a")]}
        session = read(tmp_path, [first, second], "a.jsonl")
        assert session.session_id == "r1"
        kinds = ["tool_call", f"{NAME}/instructions", "text", "stop"]
        assert types(session) == kinds

    def test_a_list_of_items_may_be_a_request_or_an_answer(
        self, tmp_path: Path
    ) -> None:
        items = [{"role": "user", "content": "Hi"}, call()]
        for content in (items, {"input": items}, {"object": "list", "data": items}):
            assert types(read(tmp_path, content)) == ["user_input", "tool_call"]

    def test_a_document_that_breaks_off_is_one_error(self) -> None:
        stored = {"object": "response", "id": "r", "output": [message("a"), call()]}
        check_torn(stored, OpenAIResponses())
        check_torn([call(), message("a")], OpenAIResponses())

    @pytest.mark.parametrize(
        "content",
        [
            [{"role": "user", "content": "Hi"}],
            [{"type": "message", "role": "user", "content": [{"type": "text"}, 1]}],
            [call(), {"type": "tool_use"}],
            {"object": "response", "output": None},
            {"input": "Hi"},
        ],
    )
    def test_what_may_be_something_else_isnt_recognized(self, content: object) -> None:
        head = Head(json.dumps(content).encode(), is_whole=True)
        assert not OpenAIResponses().recognizes(head)


class TestItems:
    def items(self, folder: Path, *items: object) -> replay.Session:
        return read(folder, [*items], format=NAME)

    def test_a_users_texts_are_one_input_before_its_media(self, tmp_path: Path) -> None:
        texts = [{"type": "input_text", "text": text} for text in "ab"]
        image = {"type": "input_image", "image_url": "data:"}
        session = self.items(
            tmp_path,
            {"role": "user", "content": [texts[0], image, texts[1], 5]},
            {"type": "message", "role": "user", "content": [image]},
        )
        assert foreign.plain(session) == [
            {"type": "user_input", "content": "a\n\nb"},
            {"type": f"{NAME}/image", "record": image},
            {"type": f"{NAME}/part", "record": 5},
            {"type": "user_input", "content": ""},
            {"type": f"{NAME}/image", "record": image},
        ]
        assert imported(session) == {"blocks": 2, "media": 2}

    def test_only_users_and_assistants_speak(self, tmp_path: Path) -> None:
        session = self.items(
            tmp_path,
            {"role": "developer", "content": "Be brief."},
            {"type": "message", "content": "?"},
            {"role": "assistant", "content": "Yes."},
            {"role": "assistant"},
            {"role": "assistant", "content": [{"refusal": "No."}]},
            {"type": "item_reference", "id": "x"},
        )
        assert types(session) == [
            f"{NAME}/developer", f"{NAME}/message", "text", f"{NAME}/part",
        ]  # fmt: skip
        assert fates(session)[2] == {"item_reference": 1}

    def test_a_thought_is_its_content_or_its_summary(self, tmp_path: Path) -> None:
        content = [{"type": "reasoning_text", "text": "whole"}, 5, {"text": ""}]
        summary = [{"type": "summary_text", "text": text} for text in ("s", "t")]
        thought = {"type": "reasoning", "id": "rs", "encrypted_content": "g"}
        session = self.items(
            tmp_path,
            thought | {"content": content, "summary": summary},
            thought | {"content": None, "summary": summary},
        )
        texts = [each["content"] for each in foreign.plain(session)]
        assert texts == ["whole", "s", "t"]
        kept = {"id": "rs", "encrypted_content": "g"}
        assert imported(session) == {**kept, "content": content, "summary": summary}
        assert [imported(session, 1), imported(session, 2)] == [{}, kept]

    def test_each_kind_of_call_has_a_name_and_arguments(self, tmp_path: Path) -> None:
        known = {"call_id": "c", "status": "completed"}
        for item, name, arguments in (
            ({"type": "function_call", "name": "f", "arguments": "{}"}, "f", {}),
            ({"type": "function_call", "name": "f"}, "f", {}),
            ({"type": "custom_tool_call", "name": "x", "input": "q"}, "x",
             {"input": "q"}),
            ({"type": "local_shell_call", "action": {"a": 1}}, "local_shell", {"a": 1}),
            ({"type": "shell_call", "action": {"a": 1}}, "shell", {"a": 1}),
            ({"type": "apply_patch_call", "operation": {"a": 1}}, "apply_patch",
             {"a": 1}),
            ({"type": "computer_call", "actions": [1]}, "computer", {"actions": [1]}),
            ({"type": "computer_call", "action": {"a": 1}}, "computer", {"a": 1}),
            ({"type": "tool_search_call", "arguments": {"a": 1}}, "tool_search",
             {"a": 1}),
            ({"type": "program", "code": "1"}, "program", {"code": "1"}),
        ):  # fmt: skip
            session = self.items(tmp_path, known | item)
            assert foreign.plain(session) == [
                {
                    "type": "tool_call",
                    "call_id": "c",
                    "name": name,
                    "arguments": arguments,
                }
            ]
            assert imported(session) == {"status": "completed"}

    def test_each_kind_of_output_is_a_result(self, tmp_path: Path) -> None:
        one = [{"type": "input_text", "text": "ok"}]
        for item, result in (
            ({"type": "function_call_output", "output": "ok"}, "ok"),
            ({"type": "custom_tool_call_output", "output": one}, "ok"),
            ({"type": "shell_call_output", "output": one * 2}, one * 2),
            ({"type": "tool_search_output", "tools": []}, []),
            ({"type": "program_output", "result": "1"}, "1"),
            ({"type": "apply_patch_call_output", "status": "failed"},
             {"status": "failed"}),
        ):  # fmt: skip
            session = self.items(tmp_path, {"call_id": "c", **item})
            assert foreign.plain(session)[0]["result"] == result
        local = {"type": "local_shell_call_output", "id": "c", "output": "ok"}
        assert foreign.plain(self.items(tmp_path, local))[0]["call_id"] == "c"

    def test_a_search_for_tools_that_the_service_ran_has_its_result(
        self, tmp_path: Path
    ) -> None:
        session = self.items(
            tmp_path,
            {"type": "tool_search_call", "id": "tsc_1", "call_id": None},
            {"type": "tool_search_output", "id": "tso_1", "call_id": None, "tools": []},
        )
        assert [each["call_id"] for each in foreign.plain(session)] == ["tsc_1"] * 2
        assert imported(session, 1)["id"] == "tso_1"

    def test_a_call_that_the_service_runs_has_its_result(self, tmp_path: Path) -> None:
        known = {"id": "i", "status": "completed"}
        status = {"status": "completed"}
        for item, arguments, result in (
            ({"type": "web_search_call", "action": {"q": 1}}, {"q": 1}, status),
            ({"type": "web_search_call", "arguments": '{"q":1}'}, {"q": 1}, status),
            ({"type": "file_search_call", "queries": ["q"], "results": [1]},
             {"queries": ["q"]}, [1]),
            ({"type": "code_interpreter_call", "code": "1", "outputs": None},
             {"code": "1"}, status),
            ({"type": "image_generation_call", "size": "1x1", "result": "AAAA"},
             {"size": "1x1"}, "AAAA"),
            ({"type": "mcp_call", "name": "f", "arguments": "{}", "output": "ok"},
             {}, "ok"),
            ({"type": "mcp_call", "name": "f", "arguments": "", "error": "no"},
             {}, "no"),
            ({"type": "mcp_call", "name": "f", "output": "ok", "error": "no"},
             {}, "ok"),
        ):  # fmt: skip
            session = self.items(tmp_path, known | item)
            asked, answered = foreign.plain(session)
            assert (asked["arguments"], answered["result"]) == (arguments, result)
            assert asked["call_id"] == answered["call_id"] == "i"
        assert imported(session, 1) == {"error": "no"}
        assert asked["name"] == answered["name"] == "f"

    def test_the_error_of_a_call_that_the_service_ran_is_its_result(
        self, tmp_path: Path
    ) -> None:
        failed = {"type": "mcp_call", "id": "i", "output": None, "error": "no"}
        session = self.items(tmp_path, failed)
        assert foreign.plain(session)[1]["result"] == "no"
        assert imported(session, 1) == {"is_error": True}

    def test_an_id_that_is_missing_is_made_or_noted(self, tmp_path: Path) -> None:
        session = self.items(
            tmp_path,
            {"type": "function_call"},
            {"type": "function_call_output", "output": "ok"},
        )
        assert types(session) == ["tool_call", f"{NAME}/function_call_output"]
        assert foreign.plain(session)[0]["call_id"] == "made-1"
        assert notes(session) == {"id-made": 1, "missing-field": 1}

    def test_what_isnt_an_object_is_kept(self, tmp_path: Path) -> None:
        assert types(self.items(tmp_path, 5, call())) == [f"{NAME}/item", "tool_call"]


def test_no_further_member_of_a_response_or_an_item_is_lost() -> None:
    call = {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"}
    part = {"type": "output_text", "text": "A"}
    said = {"type": "message", "role": "assistant", "content": [part]}
    thought = {"type": "reasoning", "content": [{"type": "text", "text": "T"}]}
    served = {"type": "mcp_call", "id": "i", "name": "f", "arguments": "{}"}
    output = [thought, said, call, served]
    response = {"object": "response", "status": "completed", "output": output}
    lost = lost_marks([response], "openai-responses", OpenAIResponses())
    assert {place for place in lost if place.endswith("/*")} == set()
