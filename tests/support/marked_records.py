"""Records in which one value is another than expected, to see that it isn't lost."""

import json
from collections.abc import Iterator, Sequence
from typing import Final

import replay
from cut_recordings import sessions_of
from replay_backends.formats.recognition import Format

MARK: Final = 918273645  #: a value that nothing else has


def marked(value: object, place: str = "") -> Iterator[tuple[str, object]]:
    """Yield a JSON value with each of its parts replaced, or joined, by a mark.

    Each comes with the place of the mark, such as ``/payload/content/0/*``.
    """
    if isinstance(value, dict):
        for key, item in value.items():
            for where, each in marked(item, f"{place}/{key}"):
                yield where, {**value, key: each}
        yield f"{place}/*", {**value, "unheard_of": MARK}
    elif isinstance(value, list):
        for number, item in enumerate(value):
            for where, each in marked(item, f"{place}/{number}"):
                yield where, [*value[:number], each, *value[number + 1 :]]
        yield f"{place}/*", [*value, MARK]
    for other in (MARK, [MARK], {"key": MARK}):
        yield place, other


def lost_marks(
    records: Sequence[object], name: str, form: Format, *first: object
) -> set[str]:
    """Return the places at which a mark is in no session that is read.

    Args:
        records: The records to mark, one after another, each ``/NUMBER``.
        name: The format's name.
        form: The format.
        first: Records before them.
    """
    lost: set[str] = set()
    for where, each in marked([*records]):
        if isinstance(each, list) and len(each) == len(records):
            lines = (f"{json.dumps(line)}\n" for line in (*first, *each))
            try:
                found = [*sessions_of("".join(lines).encode(), name, form)]
            except replay.DecodeError:  # it is no recording of the format any more
                continue
            if str(MARK) not in "".join(replay.dumps(one).decode() for one in found):
                lost.add(where)
    return lost
