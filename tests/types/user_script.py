"""A user's program, which mypy and pyright must accept without a configuration.

It is checked against the installed wheel, and never run.
"""

from typing import assert_type

import replay
from replay import Session, ToolCall, UserInput
from replay_plugins.usage import Usage

session = Session.from_events([{"type": "text", "content": "Hi"}], session_id="s")
asked = [event.content for event in session.events if event.type == "user_input"]
for event in session.events:
    if event.type == "tool_call":
        assert_type(event, ToolCall)
    elif isinstance(event, UserInput):
        assert_type(event.content, str)
usage: Usage = replay.load_plugin("usage", json=True)
engine = replay.ReplayEngine([usage, {"text": lambda message: message.content}])
assert_type(engine.replay("session.json").turns, int)
assert_type(replay.transcript(session).turns[0].answer, str)
assert_type(replay.render("session.json", "markdown"), str)
with replay.open("sessions/") as source:
    assert_type([each.generated_title for each in source], list[str | None])
