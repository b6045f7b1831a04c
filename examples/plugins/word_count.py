"""A plugin that counts the words of each answer.

replay run examples/two_turns.json --plugin examples/plugins/word_count.py
"""

import replay


def replay_turn_end(turn: replay.Turn, context: replay.Context) -> None:
    """Print the number of words in the turn's answer."""
    print(f"turn {context.turn}: {len(turn.answer.split())} words")  # noqa: T201 - its job
