"""Documented events and a header, as sent over the wire."""

from typing import Any

CALL = {"type": "tool_call", "call_id": "c", "name": "n", "arguments": {"x": [1]}}
IMAGE = {"source_id": "dfl-1", "attachment_name": "p.jpg"}
RESULT = {
    "type": "tool_result",
    "call_id": "c",
    "name": "n",
    "result": [1],
    "image_attachment": IMAGE,
}
USAGE = {
    "total_input_tokens": 5,
    "total_output_tokens": 8,
    "turns": 2,
    "duration_ms": 1.5,
}
STOP = {
    "type": "stop",
    "usage": USAGE,
    "is_error": True,
    "error": "no",
    "skipped_index_ids": ["idx-1"],
}
HEADER: dict[str, Any] = {
    "session_id": "ses-1",
    "last_updated_at": "2026-04-22T12:34:41.342245",
    "generated_title": "What?",
    "index_ids": ["idx-1", "idx-2"],
    "job_metadata": USAGE
    | {"is_error": True, "error": "no", "export_config_ids": ["idx-1"]},
    "shared_access": "query",
}
