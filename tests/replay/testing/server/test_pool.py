"""What a source holds."""

import json
from pathlib import Path

import replay
from replay.testing.server.store import read_pool

RESULT = {"type": "tool_result", "call_id": "c", "name": "read", "result": None}
IMAGE = {"source_id": "dfl-1", "attachment_name": "a.png", "more": 1}


def test_turns_and_images_of_all_sessions_are_found_once(tmp_path: Path) -> None:
    path = tmp_path / "s.jsonl"
    events = [
        {"type": "user_input", "content": "Well?"},
        RESULT,
        {**RESULT, "image_attachment": IMAGE},
        {**RESULT, "image_attachment": IMAGE},
    ]
    lines = [{"session_id": each, "events": events} for each in "aba"]
    path.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    with replay.open(path) as source:
        pool = read_pool(source)
    assert [(each.session_id, each.span.prompt) for each in pool.turns] == [
        ("a", "Well?"),
        ("b", "Well?"),
    ]
    assert pool.images == (replay.ImageAttachment("dfl-1", "a.png"),)
