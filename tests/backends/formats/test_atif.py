"""The Agent Trajectory Interchange Format."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

import foreign
import replay
from replay import Session
from replay_command import run_here

EXAMPLE = Path(__file__).resolve().parents[3] / "examples" / "formats" / "atif.json"

Read = Callable[..., Session]


def trajectory(*steps: object, **members: object) -> dict[str, object]:
    agent = {"name": "a", "version": "1"}
    return {
        "schema_version": "ATIF-v1.7",
        "session_id": "s",
        "agent": agent,
        "steps": list(steps),
        **members,
    }


def agent(**members: object) -> dict[str, object]:
    return {"step_id": 1, "source": "agent", "message": "", **members}


def call(name: str = "f", **members: object) -> dict[str, object]:
    return {"tool_call_id": "c", "function_name": name, "arguments": {}, **members}


def imported(session: Session, index: int = 0) -> Any:  # noqa: ANN401 - JSON
    return json.loads(replay.dumps(session))["events"][index].get("imported")


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Return the first session of a document."""

    def first(document: Mapping[str, object], **options: object) -> Session:
        path = tmp_path / "file.json"
        path.write_text(json.dumps(document))
        return foreign.converted(path, **options)[0]

    return first


def types(session: Session) -> list[object]:
    return [each["type"] for each in foreign.plain(session)]


def codes(session: Session) -> list[tuple[str, str]]:
    assert session.report
    return [(each.code, each.at) for each in session.report.notes]


def test_the_examples_of_the_page_give_its_events(tmp_path: Path) -> None:
    examples = [*foreign.examples("atif")]
    if not examples:
        pytest.skip("the shared data isn't there")
    for example in examples:
        path = tmp_path / "example.json"
        path.write_text(example.text)
        (session,) = foreign.converted(path)
        assert foreign.plain(session) == example.events


def test_every_sample_is_recognized_and_counted() -> None:
    paths = [each for each in foreign.samples("atif") if "input" in each.name]
    if not paths:
        pytest.skip("the shared data isn't there")
    for path in paths:
        document = json.loads(path.read_bytes())
        nested = document.get("subagent_trajectories", [])
        sessions = foreign.converted(path)
        for session, source in zip(sessions, [document, *nested], strict=True):
            assert session.format == "atif"
            assert session.report
            assert session.report.records == len(source["steps"])
        assert run_here("transcript", path).returncode == 0


def test_the_example_file_tells_a_whole_run() -> None:
    parent, child = foreign.converted(EXAMPLE)
    assert types(parent) == [
        *("atif/system", "user_input", "atif/image", "thinking", "text"),
        *("tool_call", "tool_result", "text", "stop"),
    ]
    assert parent.report
    assert parent.report.version == "ATIF-v1.7"
    assert (child.session_id, len(child.events)) == ("run-7/look", 2)


def test_the_totals_are_those_of_the_trajectory(read: Read) -> None:
    document = trajectory(
        {"source": "user", "message": "Go"},
        agent(message="Done.", metrics={"prompt_tokens": 7, "completion_tokens": 1}),
        final_metrics={"total_prompt_tokens": 7, "total_cost_usd": 0.5},
    )
    session = read(document)
    *_, stop = foreign.plain(session)
    assert stop["usage"] == {"total_input_tokens": 7}
    assert imported(session, 2) == {"final_metrics": document["final_metrics"]}
    assert imported(session, 1)["metrics"]["completion_tokens"] == 1


def test_without_totals_the_run_has_no_end(read: Read) -> None:
    session = read(trajectory(agent(message="Done.")))
    assert types(session) == ["text"]


def test_what_holds_for_the_trajectory_is_kept_with_its_first_event(read: Read) -> None:
    session = read(trajectory(agent(message="A"), agent(message="B"), notes="n"))
    assert imported(session)["agent"] == {"name": "a", "version": "1"}
    assert imported(session)["trajectory"] == {"notes": "n"}
    assert imported(session, 1) == {"step_id": 1}


def test_an_id_is_the_session_s_or_the_trajectory_s_or_the_file_s(read: Read) -> None:
    assert read(trajectory(trajectory_id="t")).session_id == "s"
    assert read(trajectory(session_id=None, trajectory_id="t")).session_id == "t"
    assert read(trajectory(session_id=None)).session_id == "file"


def test_the_last_time_is_that_of_the_session(read: Read) -> None:
    times = ("2026-11-30T12:00:00+01:00", "2026-11-30T10:00:00Z", "soon")
    session = read(trajectory(*(agent(message="A", timestamp=t) for t in times)))
    assert session.last_updated_at == "2026-11-30T11:00:00.000000"
    assert imported(session)["timestamp"] == times[0]


def test_sub_agents_are_sessions_of_their_own(tmp_path: Path) -> None:
    inner = trajectory(agent(message="In"), session_id=None, trajectory_id="t")
    outer = {**inner, "subagent_trajectories": [inner, inner, {"steps": 3}]}
    path = tmp_path / "file.json"
    path.write_text(json.dumps(trajectory(subagent_trajectories=[outer])))
    sessions = foreign.converted(path)
    assert [(each.session_id, len(each.events)) for each in sessions] == [
        *(("s", 0), ("s/t", 1), ("s/t/t", 1), ("s/t/2", 1), ("s/t/3", 0)),
    ]


def test_a_copied_step_is_left_out_or_kept_on_request(read: Read) -> None:
    document = trajectory({**agent(message="Old"), "is_copied_context": True})
    session = read(document)
    assert (len(session.events), codes(session)) == (0, [("copied", "/steps/0")])
    assert types(read(document, keep="all")) == ["atif/copied"]


def test_a_result_without_its_call_s_id_is_that_of_the_only_call(read: Read) -> None:
    observation = {"results": [{"content": "x"}]}
    session = read(trajectory(agent(tool_calls=[call()], observation=observation)))
    assert foreign.plain(session)[1]["call_id"] == "c"
    two = [call(), call("g", tool_call_id="d")]
    session = read(trajectory(agent(tool_calls=two, observation=observation)))
    assert types(session)[2] == "atif/observation"


def test_results_are_texts_parts_or_references(read: Read) -> None:
    ref = [{"session_id": "s2"}]
    image = {"type": "image", "source": {"media_type": "image/png", "path": "p"}}
    contents: list[tuple[dict[str, object], object]] = [
        ({"content": [{"type": "text", "text": "one"}]}, "one"),
        ({"content": [image]}, [image]),
        ({"content": None}, None),
        ({"subagent_trajectory_ref": ref}, {"subagent_trajectory_ref": ref}),
    ]
    for content, result in contents:
        found = {"source_call_id": "c", "extra": {"k": 1}, **content}
        step = agent(tool_calls=[call()], observation={"results": [found]})
        session = read(trajectory(step))
        assert foreign.plain(session)[1]["result"] == result
        assert imported(session, 1) == {"extra": {"k": 1}}


def test_arguments_that_are_no_object_and_a_missing_id_are_told(read: Read) -> None:
    session = read(
        trajectory(agent(tool_calls=[call(tool_call_id=None, arguments=[])]))
    )
    (event,) = foreign.plain(session)
    assert (event["call_id"], event["arguments"]) == ("call-1", {"_raw": []})
    assert imported(session)["id"] == "made"
    assert codes(session) == [
        ("id-made", "/steps/0/tool_calls/0"),
        ("arguments-raw", "/steps/0"),
    ]


def test_texts_of_a_prompt_are_one_and_those_of_an_answer_are_several(
    read: Read,
) -> None:
    parts = [{"type": "text", "text": "A"}, {"type": "text", "text": "B"}, {"no": 1}]
    prompt = {"source": "user", "message": parts}
    session = read(trajectory(prompt, agent(message=parts)))
    assert types(session) == [
        *("user_input", "atif/part", "text", "text", "atif/part"),
    ]
    assert foreign.plain(session)[0]["content"] == "A\n\nB"
    assert (imported(session)["blocks"], imported(session)["media"]) == (2, 1)


def test_odd_steps_are_kept_whole(read: Read) -> None:
    steps = [3, {"source": "robot"}, {}, {"source": "user"}, agent(), {"source": 1}]
    session = read(trajectory(*steps))
    assert types(session) == [
        *("atif/step", "atif/robot", "atif/step", "atif/user", "atif/agent"),
        "atif/step",
    ]
    assert ("missing-field", "/steps/3") in codes(session)


def test_what_is_missing_does_not_raise(read: Read) -> None:
    steps: list[dict[str, object]] = [
        {"source": "user", "message": None},
        {"source": "agent", "reasoning_content": "Hm."},
        agent(message="A", observation=[], tool_calls={}, reasoning_content=3),
    ]
    session = read(trajectory(*steps, agent="me", final_metrics=[]))
    assert types(session) == ["user_input", "thinking", "text"]
    assert len(read({"schema_version": "ATIF-v9", "steps": None}).events) == 0


def test_keys_of_newer_versions_are_kept_and_told(read: Read) -> None:
    session = read(trajectory(agent(message="A", mood="good"), weather="fair"))
    assert imported(session)["mood"] == "good"
    assert imported(session)["trajectory"] == {"weather": "fair"}
    assert session.report
    (note,) = session.report.notes
    assert (note.code, note.count, note.detail) == ("extra-keys", 2, "weather")


def test_a_trajectory_that_goes_on_elsewhere_is_told(read: Read) -> None:
    session = read(trajectory(continued_trajectory_ref="next.json"))
    assert codes(session) == [("continued", "/continued_trajectory_ref")]


def test_what_this_library_wrote_is_read_back_as_it_was(tmp_path: Path) -> None:
    image = {"source_id": "i", "attachment_name": "n"}
    unknown = {"type": "todo_list", "items": []}
    stop = {"type": "stop", "usage": {}, "is_error": True, "error": "failed"}
    results = [
        {"source_call_id": "c", "content": "{}", "extra": {"result": {}}},
        {"content": "late", "extra": {"call_id": "c9", "name": "other"}},
        {
            "source_call_id": "c",
            "content": "x",
            "extra": {"is_error": True, "image_attachment": image},
        },
    ]
    step = agent(
        tool_calls=[call()],
        observation={"results": results},
        extra={"unknown": [unknown], "stop": stop},
    )
    document = json.dumps(
        trajectory(
            {"source": "user", "message": "Go", "extra": {"unknown": [unknown]}},
            step,
            agent={"name": "llamacloud-chat", "version": "unknown"},
            extra={"generated_title": "T", "unknown": [{"index": 0, "event": unknown}]},
            final_metrics={"total_prompt_tokens": 1},
        )
    )
    path = tmp_path / "file.json"
    path.write_text(document)
    with replay.open(path) as source:
        (session,) = source
    result = {"type": "tool_result", "call_id": "c", "name": "f"}
    assert json.loads(replay.dumps(session))["events"] == [
        *(unknown, {"type": "user_input", "content": "Go"}, unknown),
        {"type": "tool_call", "call_id": "c", "name": "f", "arguments": {}},
        {**result, "result": {}},
        {**result, "call_id": "c9", "name": "other", "result": "late"},
        result
        | {"result": "x", "imported": {"is_error": True}, "image_attachment": image},
        *(unknown, stop),
    ]
    assert session.generated_title == "T"


def test_a_document_that_is_no_trajectory_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "file.json"
    path.write_text("[1]")
    with pytest.raises(replay.DecodeError, match="a trajectory must be a JSON object"):
        replay.open(str(path), format="atif").session("file")


def test_a_document_that_is_cut_is_refused_or_read(tmp_path: Path) -> None:
    data = b'{"schema_version":"ATIF-v1.7","steps":[{"source":"user","message":"Go"}]}'
    path = tmp_path / "file.json"
    for size in range(len(data)):
        path.write_bytes(data[:size])
        try:
            with replay.open(str(path), format="atif") as source:
                assert [*source]
        except replay.DecodeError:
            continue
