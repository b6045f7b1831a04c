"""The examples of other formats as JSON values, with something else in a place."""

import json
import re
from collections.abc import Callable, Iterator
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, Final, NamedTuple

from foreign_bytes import sessions_in

_FOLDER: Final = Path(__file__).parents[2] / "examples" / "formats"
_DATA: Final = re.compile(r"^data: ?(.*)$", re.MULTILINE)
_TEXT: Final = "(its JSON)"  #: the step into a text that is JSON
#: In place of a value: the member or item is taken out.
ABSENT: Final = object()

Place = tuple[str | int, ...]


class Example(NamedTuple):
    """An example of a format."""

    name: str  #: its file's
    format: str
    records: list[Any]  #: JSON values; texts are lines that aren't JSON
    write: Callable[[list[Any]], bytes]

    def places(self) -> Iterator[Place]:
        """Yield the place of each value in its records, within JSON texts, too."""
        return _places(self.records)

    def value(self, place: Place) -> Any:  # noqa: ANN401 - JSON
        """Return the value at a place."""
        value: Any = self.records
        for step in place:
            value = json.loads(value) if step == _TEXT else value[step]
        return value

    def with_value(self, place: Place, value: object) -> bytes:
        """Return the recording with another value at a place."""
        return self.write(_changed(self.records, place, value))

    def changed(self, place: Place, value: object) -> "Example":
        """Return an example with another value at a place."""
        return self._replace(records=_changed(self.records, place, value))

    def texts(self) -> Iterator[Place]:
        """Yield the places of its texts that aren't JSON themselves."""
        for place in self.places():
            value = self.value(place)
            if isinstance(value, str) and not _is_json(value):
                yield place


@cache
def examples() -> list[Example]:
    """Return the example of each format."""
    paths = sorted(_FOLDER.glob("*.[jsy]*"))
    return [_example(each) for each in paths if each.stem != "diary"]


def some(places: Iterator[Place]) -> list[Place]:
    """Return places all over a recording, not too many."""
    found = [*places]
    return found[:: len(found) // 50 + 1]


def _example(path: Path) -> Example:
    text = path.read_text("utf-8")
    write: Callable[[list[Any]], bytes]
    match path.suffix:
        case ".sse":
            records, write = [_json(each) for each in _DATA.findall(text)], _as_stream
        case ".jsonl":
            records, write = [*map(json.loads, text.splitlines())], _as_lines
        case ".json":
            records, write = [json.loads(text)], _as_document
        case _:
            records, write = [import_module("yaml").safe_load(text)], _as_yaml
    (session, *_) = sessions_in(path.read_bytes())
    assert session.format
    return Example(path.name, session.format, records, write)


def _as_stream(records: list[Any]) -> bytes:
    return b"".join(b"data: %b\n\n" % _written(each) for each in records)


def _as_lines(records: list[Any]) -> bytes:
    return b"".join(b"%b\n" % _written(each) for each in records)


def _as_document(records: list[Any]) -> bytes:
    return b"\n".join(map(_encoded, records))


def _as_yaml(records: list[Any]) -> bytes:
    """Return the only record as YAML, in the style that looks like JSON."""
    (record,) = records or [None]
    if not isinstance(record, dict):
        return _encoded(record)
    return b"".join(b"%b: %b\n" % (_written(k), _encoded(v)) for k, v in record.items())


def _written(record: object) -> bytes:
    if isinstance(record, str):
        return record.encode("utf-8", "surrogatepass")
    return _encoded(record)


def _encoded(value: object) -> bytes:
    return json.dumps(value).encode()


def _json(text: str) -> Any:  # noqa: ANN401 - JSON
    return json.loads(text) if _is_json(text) else text


def _is_json(text: str) -> bool:
    """Tell whether a text is an object or a list as JSON."""
    try:
        return isinstance(json.loads(text), dict | list)
    except ValueError:
        return False


def _places(value: object, above: Place = ()) -> Iterator[Place]:
    if above and above[-1] != _TEXT:
        yield above
    within: Iterator[tuple[str | int, object]] = iter(())
    match value:
        case dict():
            within = iter(value.items())
        case list():
            within = iter(enumerate(value))
        case str() if _is_json(value):
            yield from _places(json.loads(value), (*above, _TEXT))
    for step, item in within:
        yield from _places(item, (*above, step))


def _changed(value: Any, place: Place, new: object) -> Any:  # noqa: ANN401 - JSON
    if not place:
        return new
    step, *below = place
    if step == _TEXT:
        return json.dumps(_changed(json.loads(value), tuple(below), new))
    copy: Any = [*value] if isinstance(value, list) else {**value}
    if not below and new is ABSENT:
        del copy[step]
    else:
        copy[step] = _changed(value[step], tuple(below), new)
    return copy
