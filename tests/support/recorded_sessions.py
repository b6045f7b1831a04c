"""Sessions for Hypothesis: as JSON, valid or malformed, and made by hand."""

from collections.abc import Callable, Iterable
from typing import Any

from hypothesis import strategies as st

from replay.model.events import (
    EVENT_CLASSES,
    Event,
    ImageAttachment,
    Stop,
    Text,
    TextDelta,
    Thinking,
    ThinkingDelta,
    ToolCall,
    ToolResult,
    UnknownEvent,
    Usage,
    UserInput,
)
from replay.model.sessions import JobMetadata, Session

# No half of a pair comes before its other half: on the wire they are one character.
strings = st.text(max_size=8) | st.sampled_from(["\ud83d", "a\udfff", "\ude00\ud83d"])
large = st.sampled_from([2**63, 2**64, -(10**19), 10**400, 10**4300 - 1, 1 - 10**4300])
numbers = st.integers() | large | st.floats(allow_nan=False, allow_infinity=False)
scalars = st.none() | st.booleans() | numbers | strings
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(strings, inner, max_size=3)
    ),
    max_leaves=4,
)
objects = st.dictionaries(strings, values, max_size=3)
KINDS = list(EVENT_CLASSES)
TOKENS = {
    "total_input_tokens": st.none() | st.integers(),
    "total_output_tokens": st.none() | st.integers(),
    "turns": st.integers(),
    "duration_ms": st.floats(allow_nan=False, allow_infinity=False) | st.integers(),
}
FIELDS: dict[str, dict[str, st.SearchStrategy[Any]]] = {
    **{
        kind: {"content": strings}
        for kind in ("user_input", "thinking_delta", "thinking", "text_delta", "text")
    },
    "tool_call": {"call_id": strings, "name": strings, "arguments": objects},
    "tool_result": {
        "call_id": strings,
        "name": strings,
        "result": values,
        "image_attachment": st.none()
        | st.fixed_dictionaries({"source_id": strings, "attachment_name": strings}),
    },
    "stop": {
        "usage": st.fixed_dictionaries({}, optional=TOKENS),
        "is_error": st.booleans(),
        "error": st.none() | strings,
        "skipped_index_ids": st.none() | st.lists(strings),
    },
}
HEADER = {
    "session_id": strings,
    "last_updated_at": st.none() | strings,
    "generated_title": st.none() | strings,
    "index_ids": st.none() | st.lists(strings),
    "shared_access": st.none() | strings,
    "job_metadata": st.none()
    | st.fixed_dictionaries(
        {},
        optional=TOKENS
        | {
            "is_error": st.booleans(),
            "error": st.none() | strings,
            "export_config_ids": st.none() | st.lists(strings),
        },
    ),
}


def arranged(
    one: dict[str, Any], other: dict[str, Any], order: Callable[[Any], Iterable[str]]
) -> dict[str, Any]:
    """Return both objects merged, with keys in that order; *other* wins."""
    both = one | other
    return {key: both[key] for key in order(both)}


orders = st.sampled_from([iter, reversed, sorted])


def whole_event(kind: str) -> st.SearchStrategy[dict[str, Any]]:
    fields = st.fixed_dictionaries({"type": st.just(kind), **FIELDS[kind]})
    return st.builds(arranged, objects, fields, orders)


def malformed_event(kind: str) -> st.SearchStrategy[dict[str, Any]]:
    """Return events of one type in which fields may be missing or wrong."""
    fields = {key: right | values for key, right in FIELDS[kind].items()}
    return st.fixed_dictionaries({"type": st.just(kind)}, optional=fields)


typed_events = st.one_of(
    *map(whole_event, KINDS), st.one_of([malformed_event(kind) for kind in KINDS])
)
recorded_events = st.one_of(typed_events, typed_events, objects, values)
documents = st.builds(
    arranged,
    objects.map(lambda extra: {k: v for k, v in extra.items() if k not in HEADER}),
    st.fixed_dictionaries(
        {"events": st.lists(recorded_events, max_size=4)}, optional=HEADER
    ),
    orders,
)
first_lines = typed_events.filter(lambda each: type(each.get("events")) is not list)
usages = st.builds(Usage, **TOKENS)
unknown_events = values.filter(
    lambda value: not isinstance(value, dict) or value.get("type") not in KINDS
).map(UnknownEvent)
events: st.SearchStrategy[Event] = st.one_of(
    *(
        st.builds(cls, strings)
        for cls in (UserInput, ThinkingDelta, Thinking, TextDelta, Text)
    ),
    st.builds(ToolCall, strings, strings, objects),
    st.builds(
        ToolResult,
        strings,
        strings,
        values,
        st.none() | st.builds(ImageAttachment, strings, strings),
    ),
    st.builds(
        Stop,
        usages,
        st.booleans(),
        st.none() | strings,
        st.none() | st.lists(strings).map(tuple),
    ),
    unknown_events,
)
sessions = st.builds(
    Session,
    strings,
    last_updated_at=st.none() | strings,
    generated_title=st.none() | strings,
    index_ids=st.none() | st.lists(strings).map(tuple),
    job_metadata=st.none()
    | st.builds(
        JobMetadata,
        **TOKENS,
        is_error=st.booleans(),
        error=st.none() | strings,
        export_config_ids=st.none() | st.lists(strings).map(tuple),
    ),
    shared_access=st.none() | strings,
    events=st.lists(events, max_size=4),
)
