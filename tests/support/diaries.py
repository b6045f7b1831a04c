"""A format of the tests: the diary that the examples ship."""

import json
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[2]
CODE: Final = (ROOT / "examples/formats/diary.py").read_text("utf-8")
DIARY: Final = f"{ROOT / 'examples/formats/diary.py'}::Diary"
NOTES: Final = (ROOT / "examples/formats/diary.jsonl").read_bytes()


def notes(*values: Any) -> bytes:  # noqa: ANN401 - JSON
    """Return a diary of notes, one a line."""
    return b"".join(json.dumps({"note": 0, **each}).encode() + b"\n" for each in values)


def said(by: str, text: str) -> dict[str, str]:
    """Return what somebody said in a diary."""
    return {"by": by, "text": text}
