"""What was replaced, as JSON and as a table."""

from collections.abc import Iterator

from replay_plugins.redact.plugin import as_json, as_table
from replay_plugins.redact.values import Redacted

ONE = Redacted("s", "$.events[0].content", "email", 0, 5, "<EMAIL_1>")


def for_ever() -> Iterator[Redacted]:
    while True:
        yield ONE


def test_json_comes_one_by_one() -> None:
    pieces = as_json(for_ever())
    begun = [next(pieces) for _ in range(3)]
    assert begun[0] == '{"replaced": [\n'
    assert begun[2] == ",\n" + begun[1]


def test_where_nothing_was_replaced_that_is_told() -> None:
    assert "".join(as_json([])) == '{"replaced": [\n\n]}\n'
    assert "".join(as_table([])) == "pseudonym  length  path  session\n"


def test_the_columns_stand_below_each_other() -> None:
    longer = Redacted("s", "$.events[10].content", "email", 0, 5, "")
    heading, one, other = "".join(as_table([ONE, longer])).splitlines()
    assert heading.index("session") == one.index("s", 30) == other.rindex("s")
    assert other.startswith("-          5 ")
