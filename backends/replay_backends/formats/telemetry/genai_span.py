"""What a span says of a model call, by OpenTelemetry's conventions for GenAI."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import attrs

from replay.authoring import write_decoded
from replay_backends.formats.members import list_in, rest_of, text_in
from replay_backends.formats.telemetry.otlp import DETAILS, Span, parsed

MODEL: Final = frozenset({"chat", "generate_content", "text_completion"})
AGENT: Final = frozenset({"invoke_agent", "invoke_workflow"})
TOOL: Final = "execute_tool"
#: Operations whose spans hold nothing of a conversation.
OTHERS: Final = frozenset({"create_agent", "embeddings", "plan", "retrieval"})

_INPUTS: Final = ("gen_ai.input.messages", "gen_ai.prompt")
_OUTPUTS: Final = ("gen_ai.output.messages", "gen_ai.completion")
#: What earlier conventions, and others, begin their names with.
_UNSUPPORTED: Final = (
    "gen_ai.assistant.message",
    "gen_ai.choice",
    "gen_ai.completion.",
    "gen_ai.prompt.",
    "gen_ai.system.message",
    "gen_ai.tool.message",
    "gen_ai.user.message",
    "llm.",
)
#: The attributes that are read.
_READ: Final = (
    *(*_INPUTS, *_OUTPUTS, "gen_ai.conversation.id", "gen_ai.operation.name"),
    *("gen_ai.response.finish_reasons", "gen_ai.response.id", "gen_ai.response.model"),
    *("gen_ai.system_instructions", "gen_ai.tool.call.arguments"),
    *("gen_ai.tool.call.id", "gen_ai.tool.call.result", "gen_ai.tool.name"),
)
_EMPTY: Final[tuple[object, ...]] = (None, {}, [])
_UNCOMPARED: Final = ("id", "type")


@attrs.frozen
class Message:
    """A message of a span."""

    role: str
    parts: tuple[Any, ...]
    finish_reason: str | None = None


class GenAISpan:
    """A span, looked at by the conventions.

    Args:
        span: The span.
    """

    def __init__(self, span: Span) -> None:
        self.span = span
        self.attributes = dict(span.attributes)
        for name, attributes in span.events:
            if name == DETAILS:
                self.attributes = {**attributes, **self.attributes}
        self.operation = self._operation()
        self.conversation = self.text("gen_ai.conversation.id")
        self.call_id = self.text("gen_ai.tool.call.id")

    @property
    def has_messages(self) -> bool:
        """Tell whether it holds messages."""
        return any(map(self.attributes.get, (*_INPUTS, *_OUTPUTS)))

    @property
    def inputs(self) -> list[Message]:
        """Return the messages that the model was given."""
        return self._messages(_INPUTS, "user")

    @property
    def outputs(self) -> list[Message]:
        """Return the messages that the model answered with, as choices."""
        return self._messages(_OUTPUTS, "assistant")

    @property
    def finish_reason(self) -> str | None:
        """Return why the model ended; None: that isn't recorded."""
        reasons = parsed(self.attributes.get("gen_ai.response.finish_reasons"))
        if isinstance(reasons, str):
            return reasons
        if isinstance(reasons, list) and reasons:
            return str(reasons[0])
        return next((each.finish_reason for each in self.outputs), None)

    @property
    def rest(self) -> dict[str, Any]:
        """Return what no event says of it: its other attributes, and the rest of it."""
        rest = {**rest_of(self.attributes, *_READ), **self.span.rest}
        return {key: value for key, value in rest.items() if value not in _EMPTY}

    @property
    def unsupported(self) -> str:
        """Return the name that shows another convention; empty: there is none."""
        names = [*self.attributes, *(name for name, _ in self.span.events)]
        return next((name for name in names if name.startswith(_UNSUPPORTED)), "")

    def text(self, name: str) -> str:
        """Return an attribute that is a text; empty: it isn't one."""
        found = self.attributes.get(name)
        return found if isinstance(found, str) else ""

    def tokens(self) -> tuple[object, object]:
        """Return the tokens that went in and came out; None: not recorded."""
        known = self.attributes
        old_input = known.get("gen_ai.usage.prompt_tokens")
        old_output = known.get("gen_ai.usage.completion_tokens")
        return (
            known.get("gen_ai.usage.input_tokens", old_input),
            known.get("gen_ai.usage.output_tokens", old_output),
        )

    def _operation(self) -> str:
        if found := self.text("gen_ai.operation.name"):
            return found
        is_model = any(
            name.startswith(("gen_ai.prompt", "gen_ai.completion", "gen_ai.usage."))
            or name in (*_INPUTS, *_OUTPUTS)
            for name in self.attributes
        )
        return "chat" if is_model else ""

    def _messages(self, names: tuple[str, str], role: str) -> list[Message]:
        name, old_name = names
        recorded = self.attributes.get(name, self.attributes.get(old_name))
        found = parsed(recorded)
        if isinstance(recorded, str) and not isinstance(found, dict | list):
            found = recorded
        items = found if isinstance(found, list) else [found]
        return [_message(each, role) for each in items if each is not None]


def _message(value: Any, role: str) -> Message:  # noqa: ANN401 - JSON
    """Return a message, or what stood for one before there were parts."""
    if isinstance(value, str):
        return Message(role, (_text_part(value),))
    if not isinstance(value, dict):
        return Message("", (value,))
    parts = value.get("parts")
    return Message(
        text_in(value, "role") or role,
        tuple(parts if isinstance(parts, list) else _older_parts(value)),
        text_in(value, "finish_reason") or None,
    )


def _older_parts(message: dict[str, Any]) -> Iterator[Any]:
    """Yield the parts of a message as the chat completions' API has it."""
    said = message.get("text", message.get("content"))
    if call_id := text_in(message, "tool_call_id"):
        yield {"type": "tool_call_response", "id": call_id, "response": said}
        said = None
    for each in said if isinstance(said, list) else [said]:
        match each:
            case str(text) | {"type": "text", "text": str(text)}:
                yield _text_part(text)
            case None:
                pass
            case _:
                yield each
    for call in list_in(message, "tool_calls"):
        match call:
            case {"function": {"name": str(name), **function}}:
                yield {
                    "type": "tool_call",
                    "id": call.get("id"),
                    "name": name,
                    "arguments": function.get("arguments"),
                }
            case _:
                yield call


def _text_part(text: str) -> dict[str, str]:
    return {"type": "text", "content": text}


def response_of(part: Mapping[str, Any]) -> Any:  # noqa: ANN401 - JSON
    """Return what a tool returned, of a part that holds that."""
    return part.get("response", part.get("result"))


def fingerprint(role: str, part: Any) -> int | None:  # noqa: ANN401 - JSON
    """Return a number by which a part is known again, whatever its ids.

    Returns:
        None: it may be missing when the message is repeated.
    """
    if not isinstance(part, dict):
        return hash((role, write_decoded(part)))
    match part.get("type"):
        case "reasoning":
            return None
        case "text":
            known: object = part.get("content")
            if known in ("", None):
                return None
        case "tool_call":
            known = [part.get("name"), parsed(part.get("arguments")) or {}]
        case "tool_call_response":
            role, known = "tool", response_of(part)
        case _:
            known = {k: v for k, v in part.items() if k not in _UNCOMPARED}
    return hash((role, str(part.get("type")), write_decoded(known)))
