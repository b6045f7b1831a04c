"""Values made from JSON objects, read-only inside, with nothing lost."""

from collections.abc import Mapping
from functools import cache
from itertools import repeat
from typing import Any, ClassVar, NoReturn, Self

import attrs

from replay.errors import EncodeError
from replay.model.json_text import parse_json
from replay.model.limits import DEEPEST


def _refuse(*_: object, **__: object) -> NoReturn:
    message = "recorded values are read-only; change a copy: dict(x) or list(x)"
    raise TypeError(message)


class _ReadOnlyDict(dict[str, object]):
    """A dict that cannot be changed, but reads like any other dict."""

    __slots__ = ()
    __setitem__ = __delitem__ = __ior__ = _refuse
    clear = pop = popitem = setdefault = update = _refuse

    def __reduce__(self) -> tuple[object, ...]:
        return (_ReadOnlyDict, (dict(self),))

    def __deepcopy__(self, _: object) -> Self:
        return self


class _ReadOnlyList(list[object]):
    """A list that cannot be changed, but reads like any other list."""

    __slots__ = ()
    __setitem__ = __delitem__ = __iadd__ = __imul__ = _refuse
    append = clear = extend = insert = pop = _refuse
    remove = reverse = sort = _refuse

    def __reduce__(self) -> tuple[object, ...]:
        return (_ReadOnlyList, (list(self),))

    def __deepcopy__(self, _: object) -> Self:
        return self


def read_only(value: Any, depth: int = DEEPEST + 1) -> Any:  # noqa: ANN401 - any JSON value
    """Return *value* with every dict and list in it read-only.

    Args:
        value: A JSON value; it is copied, never changed.
        depth: How deep it may be nested; by default, as an event may.

    Raises:
        EncodeError: It is nested deeper, or has a key that isn't a string.
    """
    if not isinstance(value, dict | list | tuple):
        return value
    if not depth:
        reason = f"nested deeper than {DEEPEST} levels"
        raise EncodeError(reason, hint="")
    if not isinstance(value, dict):
        return _ReadOnlyList(list(map(read_only, value, repeat(depth - 1))))
    if strange := [key for key in value if not isinstance(key, str)]:
        reason = f"the key {strange[0]!a} isn't a string"
        raise EncodeError(reason)
    values = map(read_only, value.values(), repeat(depth - 1))
    return _ReadOnlyDict(dict(zip(value, values, strict=True)))


@attrs.frozen
class Undecoded:
    """A JSON value that has not been decoded yet."""

    text: bytes  #: JSON that was checked


def decoded(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """Return a JSON value, decoded if it was not yet."""
    if not isinstance(value, Undecoded):
        return value
    values: Any = parse_json(b"[%b]" % value.text).value  # a root has rules of its own
    return values[0]


@attrs.frozen(repr=False)
class WireObject:
    """A value made from a JSON object, with anything else that the object held."""

    type: ClassVar[str] = ""  #: the type of this class's events on the wire
    _required: ClassVar[tuple[str, ...]] = ()  #: fields that are written even if None

    _recorded: Mapping[str, object] | None = attrs.field(
        default=None, kw_only=True, eq=False, alias="recorded"
    )

    @property
    def extra(self) -> Mapping[str, object]:
        """Return the undocumented keys, read-only."""
        known = {*documented_fields(type(self)), *(["type"] if self.type else [])}
        recorded = (self._recorded or {}).items()
        rest: Mapping[str, object] = read_only(
            {key: value for key, value in recorded if key not in known}
        )
        return rest

    def as_object(self) -> dict[str, object]:
        """Return the JSON object: these fields, and the rest as recorded.

        Keys keep their recorded order, except in a replay: there, an event among others
        that are all known has the documented order. Absent keys stay absent, unless
        their field was set since. Nested values are read-only.

        Raises:
            EncodeError: It was built by hand with a value that JSON cannot hold.
        """
        fields = documented_fields(type(self))
        recorded = (self._recorded or {}).items()
        result: dict[str, object] = {
            key: value if key in fields else read_only(value) for key, value in recorded
        }
        is_made = self._recorded is None
        if is_made and self.type:
            result["type"] = self.type
        for name, field in fields.items():
            value = getattr(self, name)
            is_given = field.default not in (attrs.NOTHING, value)
            if name in result or is_given or (is_made and name in self._required):
                result[name] = _plain(value)
        return result

    def __repr__(self) -> str:
        shown = (
            f"{name}={getattr(self, name)!r}"
            for name, field in documented_fields(type(self)).items()
            if getattr(self, field.name) != field.default
        )
        return f"{type(self).__name__}({', '.join(shown)})"


def documented_fields(cls: type[WireObject]) -> Mapping[str, "attrs.Attribute[Any]"]:
    """Return the documented fields by their names on the wire."""
    key: Any = cls  # mypy takes a class whose values have a hash for one without
    return _documented_fields(key)


@cache
def _documented_fields(cls: Any) -> Mapping[str, "attrs.Attribute[Any]"]:  # noqa: ANN401 - see above
    return {
        field.alias: field
        for field in attrs.fields(cls)
        if field.metadata.get("wire", True) and field.alias != "recorded"
    }


def _plain(value: object) -> object:
    if isinstance(value, WireObject):
        return value.as_object()
    return list(value) if isinstance(value, tuple) else value
