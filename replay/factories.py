"""How a backend or plugin is made, with options that a user may have typed."""

import inspect
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType, NoneType, UnionType
from typing import Any, Final, Union, get_args, get_origin

from replay.entry_points import Factory, Kind, did_you_mean, failure, guarded
from replay.errors import UnknownNameError

_BOOLEANS: Final[Mapping[str, bool]] = MappingProxyType(
    {"true": True, "yes": True, "on": True, "1": True}
    | {"false": False, "no": False, "off": False, "0": False}
)

#: What makes a value of a string, and what that string should have been.
_CONVERSIONS: Final[Mapping[type, tuple[Callable[[str], object], str]]] = {
    bool: (lambda text: _BOOLEANS[text.lower()], "true or false"),
    int: (int, "a whole number"),
    float: (float, "a number"),
    Path: (Path, "a path"),
}
_BY_NAME: Final = {"None": NoneType} | {cls.__name__: cls for cls in _CONVERSIONS}


def call_factory(
    factory: Factory,
    options: Mapping[str, object],
    kind: Kind,
    name: str,
    *,
    convert: bool = False,
) -> Any:  # noqa: ANN401 - whatever the factory makes
    """Return what a factory makes of its options.

    Args:
        factory: A class or function; its parameters are the options it knows.
        options: By name.
        kind: What it makes, for messages.
        name: What users call it, for messages.
        convert: Turn strings into what the annotations ask for: bool, int, float,
            pathlib.Path, or one of several joined by ``|``. Where an annotation asks
            for anything else, a string stays a string.

    Raises:
        UnknownNameError: It has no such option.
        BackendError, PluginError: An option is missing or cannot be converted, or
            the factory raised something that is no error of this library.
    """
    with guarded(kind, name, "its options cannot be read"):
        parameters = inspect.signature(factory).parameters
    _check_names(parameters, options, kind, name)
    if convert:
        options = _convert(parameters, options, kind, name)
    with guarded(kind, name, "cannot be started"):
        return factory(**options)


def can_do_without_location(factory: Factory) -> bool:
    """Tell whether a backend's factory has a place of its own to look.

    It does where its first parameter, the location, has a default.
    """
    with suppress(TypeError, ValueError):  # it has no signature that can be read
        first = next(iter(inspect.signature(factory).parameters.values()), None)
        return first is not None and first.default is not first.empty
    return False


def _check_names(
    parameters: Mapping[str, inspect.Parameter],
    options: Mapping[str, object],
    kind: Kind,
    name: str,
) -> None:
    named = [each for each in parameters.values() if _has_a_name(each)]
    known = [each.name for each in named]
    is_open = any(each.kind is each.VAR_KEYWORD for each in parameters.values())
    for option in () if is_open else options:
        if option not in known:
            reason = f"{kind} {name!r} has no option {option!r}"
            raise UnknownNameError(reason, did_you_mean(option, known))
    for each in named:
        if each.default is each.empty and each.name not in options:
            raise failure(kind, name, f"needs the option {each.name!r}")


def _has_a_name(parameter: inspect.Parameter) -> bool:
    return parameter.kind in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY)


def _convert(
    parameters: Mapping[str, inspect.Parameter],
    options: Mapping[str, object],
    kind: Kind,
    name: str,
) -> dict[str, object]:
    converted = dict(options)
    for option, value in options.items():
        if option in parameters and isinstance(value, str):
            wanted = _members(parameters[option].annotation)
            try:
                converted[option] = _converted(value, wanted)
            except ValueError as error:
                reason = f"option {option!r} must be {error}, not {value!r}"
                raise failure(kind, name, reason) from None
    return converted


def _members(annotation: object) -> tuple[object, ...]:
    if isinstance(annotation, str):
        parts = [part.strip().rpartition(".")[2] for part in annotation.split("|")]
        return tuple(_BY_NAME.get(part, str) for part in parts)
    if get_origin(annotation) in (Union, UnionType):
        return get_args(annotation)
    return (annotation,)


def _converted(text: str, wanted: tuple[object, ...]) -> object:
    expected = []
    for cls in wanted:
        if cls is NoneType:
            continue
        if not isinstance(cls, type) or cls not in _CONVERSIONS:
            return text
        convert, description = _CONVERSIONS[cls]
        with suppress(ValueError, KeyError):
            return convert(text)
        expected.append(description)
    if not expected:
        return text
    raise ValueError(" or ".join(expected))
