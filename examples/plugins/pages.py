"""A plugin that prints each question and the page images that its tools returned.

replay run examples/two_turns.json --plugin examples/plugins/pages.py
"""

import attrs

import replay


@attrs.define(eq=False)
class Pages:
    """A plugin that prints each question and its page images.

    Args:
        width: The most characters of a question to show.
    """

    width: int = 40
    images: list[str] = attrs.field(factory=list, init=False)

    def replay_turn_start(self) -> None:
        """Forget the previous turn's images."""
        self.images = []

    def replay_tool_result(self, event: replay.ToolResult) -> None:
        """Remember the image that a tool returned."""
        if event.image_attachment:
            self.images.append(event.image_attachment.attachment_name)

    def replay_turn_end(self, turn: replay.Turn) -> None:
        """Print the question and its images."""
        question = turn.user_input.content if turn.user_input else ""
        print(question[: self.width], self.images)  # noqa: T201 - its job
