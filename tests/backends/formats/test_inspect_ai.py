"""Logs of Inspect's evaluations: a session for each sample."""

import io
import json
import zipfile
from collections.abc import Mapping
from contextlib import suppress
from itertools import takewhile
from pathlib import Path
from typing import Any

import pytest
from backports.zstd import zipfile as zstd_zipfile

import foreign
import replay
from foreign_bytes import sessions_in
from marked_records import lost_marks
from replay.errors import DecodeError, LimitExceededError, ReplayError
from replay_backends.formats.members import rest_of
from replay_backends.formats.telemetry.inspect_ai import InspectAI
from replay_command import Run

PAGE = "inspect-ai"  # which the types of unknown events begin with
NAME = "inspect"
EXAMPLE = Path(__file__).parents[3] / "examples/formats/inspect-ai.json"


def log(*samples: object, **header: object) -> dict[str, Any]:
    """Return a log of samples."""
    known = {"version": 2, "eval": {"task": "t"}, "plan": {}, **header}
    return {**known, "samples": [*samples]}


def sample(*messages: object, **rest: object) -> dict[str, object]:
    """Return a sample with an id."""
    return {"id": 1, "messages": [*messages], **rest}


def said(**message: object) -> dict[str, object]:
    """Return a sample in which the model said a message."""
    return sample({"role": "assistant", **message})


def packed(
    members: Mapping[str, object], method: int = zstd_zipfile.ZIP_ZSTANDARD
) -> bytes:
    """Return a zip file of JSON documents."""
    file = io.BytesIO()
    with zstd_zipfile.ZipFile(file, "w", method) as archive:
        for name, value in members.items():
            archive.writestr(name, json.dumps(value))
    return file.getvalue()


def members_of(*samples: object) -> dict[str, object]:
    """Return the members of a packed log."""
    return {
        "_journal/start.json": {"version": 2, "eval": {"task": "t"}},
        **{f"samples/{n}_epoch_1.json": each for n, each in enumerate(samples)},
        "header.json": {"version": 2, "eval": {"task": "t"}, "status": "success"},
    }


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "log.json"


def read(path: Path, value: object, **options: object) -> list[replay.Session]:
    path.write_text(json.dumps(value))
    return foreign.converted(path, **options)


def only(path: Path, value: object, **options: object) -> replay.Session:
    (session,) = read(path, value, **options)
    return session


def events(session: replay.Session) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(replay.dumps(session))["events"]
    return found


def notes(session: replay.Session) -> list[str]:
    assert session.report
    return [each.code for each in session.report.notes]


def test_the_examples_of_the_page(path: Path) -> None:
    found = [*foreign.examples(PAGE)]
    if not found:
        pytest.skip("the shared test data is not there")
    for example in found:
        path.write_text(example.text)
        (session,) = foreign.converted(path)
        assert foreign.plain(session) == example.events, example.name


def test_all_samples_are_recognized_and_counted(run: Run) -> None:
    found = foreign.samples("inspect")
    if not found:
        pytest.skip("the shared test data is not there")
    for each in found:
        for session in foreign.converted(each):
            assert session.report
            assert session.format == NAME
            assert session.report.records == _records_of(each, session.session_id)
        assert run("transcript", str(each)).returncode == 0


def _records_of(path: Path, session_id: str) -> int:
    value = next(
        each for each in _samples_in(path) if str(each["id"]) in session_id.split("/")
    )
    logged = value.get("events") or value.get("transcript", {}).get("events", [])
    return len(value["messages"]) + len(logged) + 1


def _samples_in(path: Path) -> list[dict[str, Any]]:
    if path.suffix == ".json":
        found: list[dict[str, Any]] = json.loads(path.read_text())["samples"]
        return found
    with zipfile.ZipFile(path) as archive:
        names = [each for each in archive.namelist() if each.startswith("samples/")]
        return [json.loads(archive.read(name)) for name in names]


def test_the_tokens_of_all_samples_are_those_of_the_agent() -> None:
    found = foreign.samples("inspect")
    if not found:
        pytest.skip("the shared test data is not there")
    for path in found:
        samples = {str(each["id"]): each for each in _samples_in(path)}
        for session in foreign.converted(path):
            value = samples[session.session_id.rpartition("/")[2]]
            logged = value.get("events") or value.get("transcript", {}).get("events")
            before = takewhile(lambda each: not _begins_scoring(each), logged or ())
            used = [
                each["output"].get("usage") or {}
                for each in before
                if each["event"] == "model"
            ]
            usage = events(session)[-1]["usage"]
            assert usage.get("turns", 0) == len(used)
            for name, ours in (("input", "total_input"), ("output", "total_output")):
                count = sum(each.get(f"{name}_tokens", 0) for each in used)
                assert usage.get(f"{ours}_tokens", 0) == count


def _begins_scoring(event: Mapping[str, Any]) -> bool:
    """Tell whether an event begins the last part of a sample."""
    return event["event"] in ("span_begin", "step") and event["type"] in (
        "scorer",
        "scorers",
    )


def test_the_example(run: Run) -> None:
    (session,) = foreign.converted(EXAMPLE)
    assert session.session_id == "holiday_rules/carry-over"
    assert session.report
    assert session.report.version == "0.3.285"
    kinds = [each.get("type") for each in foreign.plain(session)]
    assert kinds == [
        "inspect-ai/system",
        "user_input",
        "thinking",
        "text",
        "tool_call",
        "tool_result",
        "text",
        "stop",
    ]
    _, _, thinking, _, call, result, answer, stop = events(session)
    assert thinking["imported"]["timestamp"] == "2026-11-30T10:00:04+00:00"
    assert call["arguments"] == {"page": 12}
    assert result["result"].startswith("Up to five days")
    assert result["imported"]["timestamp"] == "2026-11-30T10:00:05+00:00"
    assert answer["content"] == "Five."
    assert stop["usage"] == {
        "total_input_tokens": 100,
        "total_output_tokens": 11,
        "turns": 2,
        "duration_ms": 4500.0,
    }
    assert stop["imported"]["scores"] == {"match": {"value": "C"}}
    assert stop["imported"]["finish_reason"] == "stop"
    assert run("check", str(EXAMPLE)).returncode in (0, 1)


def test_each_sample_is_a_session_of_its_own(path: Path) -> None:
    first, second = sample(id="a"), sample(id="b")
    assert [each.session_id for each in read(path, log(first, second))] == [
        "t/a",
        "t/b",
    ]


def test_epochs_are_told_apart(path: Path) -> None:
    once, again = sample(epoch=1), sample(epoch=2)
    assert [each.session_id for each in read(path, log(once, again))] == [
        "t/1/1",
        "t/1/2",
    ]
    several = {"task": "t", "config": {"epochs": 3}}
    assert only(path, log(once, eval=several)).session_id == "t/1/1"


def test_samples_of_one_id_are_told_apart_by_their_uuid(path: Path) -> None:
    samples = [sample(), sample(uuid="u"), sample(uuid="u"), sample()]
    assert [each.session_id for each in read(path, log(*samples))] == [
        "t/1",
        "u",
        "u-2",
        "t/1-2",
    ]


def test_several_texts_of_a_user_are_one_input_and_media_follow(path: Path) -> None:
    image = {"type": "image", "image": "data:"}
    content = [{"type": "text", "text": "a"}, image, {"type": "text", "text": "b"}]
    found = only(path, log(sample({"role": "user", "content": content})))
    first, second, _ = events(found)
    assert first["content"] == "a\n\nb"
    assert first["imported"] == {"blocks": 2, "media": 1}
    assert second == {"type": "inspect-ai/image", "record": image}


def test_an_input_of_media_alone_is_empty(path: Path) -> None:
    message = {"role": "user", "content": [{"type": "image"}, 7]}
    first, *media, _ = events(only(path, log(sample(message))))
    assert first["content"] == ""
    assert [each["type"] for each in media] == ["inspect-ai/image", "inspect-ai/part"]


def test_reasoning(path: Path) -> None:
    blocks = [
        {"type": "reasoning", "reasoning": "r", "signature": "s"},
        {"type": "reasoning", "reasoning": "x", "redacted": True, "summary": "short"},
        {"type": "reasoning", "reasoning": "encrypted", "redacted": True},
        {"type": "reasoning", "reasoning": ""},
        {"type": "reasoning", "reasoning": "", "signature": "s"},
        {"type": "reasoning", "reasoning": "", "summary": "short"},
    ]
    first, second, *kept, _ = events(only(path, log(said(content=blocks))))
    assert first["content"] == "r"
    assert first["imported"] == {"signature": "s"}
    assert second["content"] == "short"
    assert [each["record"] for each in kept] == [blocks[2], *blocks[4:]]


def test_a_tool_of_the_provider_is_a_call_and_its_result(path: Path) -> None:
    block = {"type": "tool_use", "id": "c", "name": "web", "arguments": '{"q": 1}'}
    content = [{**block, "result": "r", "error": "failed"}]
    call, result, _ = events(only(path, log(said(content=content))))
    assert call["arguments"] == {"q": 1}
    assert result["result"] == "r"
    assert result["imported"] == {"is_error": True}


def test_a_call_without_an_id_gets_one(path: Path) -> None:
    session = only(path, log(said(tool_calls=[{"function": "f"}, "odd"])))
    call, kept, _ = events(session)
    assert call["call_id"] == "/samples/0/messages/0/tool_calls/0"
    assert kept["type"] == "inspect-ai/tool_call"
    assert notes(session) == ["id-made", "missing-field"]


def test_a_failed_tool(path: Path) -> None:
    result = {"role": "tool", "tool_call_id": "c", "function": "f"}
    error = {"type": "timeout", "message": "too slow"}
    messages = [
        {**result, "content": "", "error": error},
        {**result, "content": "half", "error": error},
        {**result, "content": "", "error": "text"},
        {"role": "tool", "content": "no id"},
    ]
    session = only(path, log(sample(*messages)))
    first, second, third, kept, _ = events(session)
    assert (first["result"], first["name"]) == ("too slow", "f")
    assert first["imported"] == {"error": error, "is_error": True}
    assert second["result"] == "half"
    assert third["result"] == "text"
    assert kept["type"] == "inspect-ai/tool"
    assert notes(session) == ["missing-field"]


def test_what_says_nothing_is_kept(path: Path) -> None:
    messages = [{"role": "assistant", "content": ""}, {"role": 1}, "odd"]
    first, second = read(path, log(sample(*messages), "odd sample"))
    assert [each["type"] for each in events(first)] == [
        "inspect-ai/assistant",
        "inspect-ai/message",
        "inspect-ai/item",
        "stop",
    ]
    assert [each["type"] for each in events(second)] == ["inspect-ai/item"]


def test_what_has_another_kind_than_expected_is_kept(path: Path) -> None:
    messages = [
        {"role": "user", "content": {"text": "a"}},
        {"role": "assistant", "content": 7, "tool_calls": {"f": 1}},
    ]
    asked, *kept, _ = events(only(path, log(sample(*messages))))
    assert asked["content"] == ""
    assert [each["record"] for each in kept] == [{"text": "a"}, {"value": 7}, {"f": 1}]
    (stop,) = events(only(path, log({"messages": {"0": "a"}, "output": {"x": 1}})))
    assert rest_of(stop["imported"], "log") == {
        "messages": {"0": "a"},
        "output": {"x": 1},
    }


def test_why_a_sample_failed(path: Path) -> None:
    samples = [
        sample(id=1, error={"message": "broke"}),
        sample(id=2, limit={"type": "token", "limit": 5}),
        sample(id=3, error="text"),
        sample(id=4, limit="odd"),
    ]
    stops = [events(each)[-1] for each in read(path, log(*samples))]
    assert [each["error"] for each in stops] == [
        "broke",
        "limit: token",
        "text",
        "limit: odd",
    ]
    assert all(each["is_error"] for each in stops)


def test_what_a_sample_without_messages_was_asked_is_kept(path: Path) -> None:
    (stop,) = events(only(path, log({"id": 1, "input": "q"})))
    assert stop["imported"]["input"] == "q"


def test_tokens_without_events_include_those_of_scorers(path: Path) -> None:
    used = {"m": {"input_tokens": 2, "input_tokens_cache_write": 3, "output_tokens": 1}}
    session = only(path, log(sample(model_usage=used)))
    assert events(session)[-1]["usage"] == {
        "total_input_tokens": 5,
        "total_output_tokens": 1,
    }
    assert notes(session) == ["usage-includes-scorer"]


def _model(tokens: int, **rest: object) -> dict[str, object]:
    used = {"input_tokens": tokens, "output_tokens": 0}
    return {"event": "model", "output": {"usage": used}, **rest}


def test_tokens_of_scorers_are_left_out(path: Path) -> None:
    logged = [
        {"event": "step", "type": "solver", "action": "begin"},
        _model(1),
        _model(10, pending=True),
        {"event": "step", "type": "solver", "action": "end"},
        {"event": "step", "type": "scorer", "action": "begin"},
        {"event": "step", "type": "inner", "action": "begin"},
        _model(100),
        {"event": "step", "type": "inner", "action": "end"},
        {"event": "step", "type": "scorer", "action": "end"},
        {"event": "step", "type": "odd", "action": "end"},
        {"event": "span_begin", "id": "a", "type": "scorers"},
        {"event": "span_begin", "id": "b", "parent_id": "a", "type": "tool"},
        _model(1000, span_id="b"),
        _model(2, span_id="other"),
    ]
    stop = events(only(path, log(sample(events=logged))))[-1]
    assert stop["usage"] == {
        "total_input_tokens": 3,
        "total_output_tokens": 0,
        "turns": 2,
    }


def test_events_are_counted_or_kept_with_their_texts(path: Path) -> None:
    logged = [{"event": "info", "data": "attachment://a"}, {"event": "compaction"}]
    value = log(sample(events=logged, attachments={"a": "long"}))
    session = only(path, value)
    assert session.report
    assert session.report.skipped == {"event.info": 1, "event.compaction": 1}
    assert notes(session) == ["compacted"]
    info, _, _ = events(only(path, value, keep="all"))
    assert info == {
        "type": "inspect-ai/event.info",
        "record": {"event": "info", "data": "long"},
    }


def test_attachments_of_2024(path: Path) -> None:
    transcript = {"events": [_model(1)], "content": {"a": "long"}}
    messages = [{"role": "user", "content": "tc://a"}]
    asked, stop = events(only(path, log(sample(*messages, transcript=transcript))))
    assert asked["content"] == "long"
    assert stop["usage"]["turns"] == 1


def test_an_attachment_that_is_missing_stays_a_reference(path: Path) -> None:
    asked, _ = events(only(path, log(sample({"role": "user", "content": "tc://b"}))))
    assert asked["content"] == "tc://b"


def test_attachments_that_are_referred_to_too_often_are_refused(path: Path) -> None:
    messages = [{"role": "user", "content": "attachment://a"}] * 3
    value = log(sample(*messages, attachments={"a": "x" * 50}))
    with pytest.raises(LimitExceededError, match="too often"):
        read(path, value, limits=replay.Limits(response_bytes=100))


def test_what_is_nested_too_deep_is_refused(path: Path) -> None:
    deep: object = 1
    for _ in range(250):
        deep = [deep]
    with pytest.raises(LimitExceededError) as caught:
        read(path, log(sample({"role": "user", "content": deep})))
    told = "nested deeper than 200 levels (raise Limits(depth=…))"
    assert str(caught.value) == f"{path}: /samples/0/messages/0: {told}"
    deeper = b'{"version": 2, "eval": {}, "samples": ' + b"[" * 100_000
    with pytest.raises(LimitExceededError, match="nested deeper"):
        sessions_in(deeper, NAME)


def test_scores_that_are_not_numbers_are_texts(path: Path) -> None:
    path.write_text(json.dumps(log(sample(scores={"s": {"value": float("nan")}}))))
    (session,) = foreign.converted(path)
    assert events(session)[-1]["imported"]["scores"] == {"s": {"value": "NaN"}}


def test_a_log_that_is_not_json_is_refused(path: Path) -> None:
    text = json.dumps(log(sample()), indent=1)
    for broken in (text[:-9], text.replace("[]", "[NaN,")):
        path.write_text(broken)
        with pytest.raises(DecodeError, match="not JSON"):
            foreign.converted(path)


def test_a_log_without_samples_is_refused(path: Path) -> None:
    for value in ({}, log()):
        with pytest.raises(DecodeError, match="no samples"):
            read(path, {"version": 2, "eval": {}, "plan": {}, **value})


def test_a_log_that_is_too_large_is_refused(path: Path) -> None:
    limits = replay.Limits(event_bytes=50)
    with pytest.raises(LimitExceededError, match="more than 50 bytes"):
        read(path, log(sample()), limits=limits)
    path.write_bytes(packed(members_of(sample(target="x" * 100))))
    with pytest.raises(LimitExceededError, match="more than 50 bytes"):
        foreign.converted(path, limits=limits)


def test_a_log_cut_anywhere_gives_sessions_or_one_clear_error() -> None:
    text = json.dumps(log(sample({"role": "user", "content": "q"}))).encode()
    for size in range(len(text)):
        with suppress(ReplayError):
            assert sessions_in(text[:size], NAME)


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, 93])
def test_a_packed_log(tmp_path: Path, method: int) -> None:
    path = tmp_path / "log.eval"
    message = {"role": "user", "content": "q"}
    path.write_bytes(packed(members_of(sample(message), sample(id=2)), method))
    first, second = foreign.converted(path)
    assert (first.session_id, second.session_id) == ("t/1", "t/2")
    assert [each["type"] for each in foreign.plain(first)] == ["user_input", "stop"]


def test_a_packed_log_that_was_not_finished(tmp_path: Path) -> None:
    path = tmp_path / "log.eval"
    members = members_of(sample())
    del members["header.json"]
    path.write_bytes(packed(members))
    assert foreign.converted(path)[0].session_id == "t/1"


def test_a_packed_log_in_a_directory(tmp_path: Path) -> None:
    (tmp_path / "log.eval").write_bytes(packed(members_of(sample())))
    with replay.open(tmp_path, pattern="*.eval") as source:
        assert [each.session_id for each in source] == ["t/1"]


def test_packed_logs_that_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "log.eval"
    bomb = members_of({"id": "x" * (2 << 20)})
    odd_header = {**members_of("odd"), "header.json": []}
    for data, reason in (
        (packed({"header.json": {}}), "no log with samples"),
        (packed(bomb), "grows too much .*inspect log convert"),
        (packed(members_of(sample()), zipfile.ZIP_LZMA), "packed in a way"),
        (packed(members_of(sample()))[:-30], "cut short or corrupt"),
    ):
        path.write_bytes(data)
        with pytest.raises(DecodeError, match=reason):
            foreign.converted(path)
    path.write_bytes(packed(odd_header))
    assert foreign.converted(path)[0].session_id == "task/0_epoch_1.json"


def test_a_damaged_packed_log_gives_sessions_or_one_clear_error() -> None:
    for method in (zipfile.ZIP_DEFLATED, 93):
        whole = packed(members_of(sample({"role": "user", "content": "q"})), method)
        for place in range(4, len(whole), 5):
            data = bytearray(whole)
            data[place] ^= 0x5A
            with suppress(ReplayError):
                assert sessions_in(bytes(data), NAME)


def test_no_member_of_a_log_is_lost_that_no_message_repeats() -> None:
    document = json.loads(EXAMPLE.read_text("utf-8"))
    repeated = ("/input", "/output", "/attachments", "/events")
    lost = {
        place
        for place in lost_marks([document], NAME, InspectAI())
        if place.endswith("/*") and not any(each in place for each in repeated)
    }
    assert lost == set()
