"""Locations and plugins for batches."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

import replay
from replay.batch.plugin_specs import specs_of
from replay.batch.tasks import Job, Task

#: A plugin in a file that returns each session's texts, and fails at "boom".
GIVING = '''
"""Gives what each session says."""

said = []


def replay_session_start(session):
    said.clear()


def replay_text(message):
    if message.content == "boom":
        raise ValueError("no booms")
    said.append(message.content)


def replay_batch_result():
    return said[:]
'''


def document(session_id: str, text: str = "Hello") -> dict[str, object]:
    """Return a session with one text."""
    events = [
        {"type": "user_input", "content": "Say it."},
        {"type": "text", "content": text},
    ]
    return {"session_id": session_id, "events": events}


def directory_of(path: Path, sessions: Mapping[str, str]) -> Path:
    """Write sessions, given as texts by name, a file each; return the directory."""
    path.mkdir(exist_ok=True)
    for name, text in sessions.items():
        (path / f"{name}.json").write_text(json.dumps(document(name, text)))
    return path


def lines_of(path: Path, sessions: Iterable[tuple[str, str]]) -> Path:
    """Write sessions, given as ids and texts, a line each; return the path."""
    lines = (json.dumps(document(*each)) + "\n" for each in sessions)
    path.write_text("".join(lines))
    return path


def plugin_at(path: Path, text: str = GIVING) -> str:
    """Write a plugin, and return its name."""
    path.write_text(text)
    return str(path)


def job_of(location: Path, *plugins: str, keep_going: bool = False) -> Job:
    """Return the job of replaying a location into plugins."""
    return Job(str(location), {}, specs_of(plugins), keep_going=keep_going)


def whole_task(job: Job) -> Task:
    """Return the task of all portions."""
    with replay.open(job.location) as source:
        return Task(job, 0, tuple(source.portions()))
