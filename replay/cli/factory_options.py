"""Options of plugins, backends and formats, as signatures and docstrings say."""

import inspect
import re
from collections.abc import Iterator
from inspect import formatannotation, getdoc
from itertools import chain
from types import ModuleType, NoneType, UnionType
from typing import Final, Literal, Union, get_args, get_origin

import attrs

from replay.errors import UnknownNameError
from replay.registry import (
    EntryPointKind,
    Factory,
    did_you_mean,
    file_of,
    find_plugin,
    guarded,
    load,
    names,
)

_ARGS: Final = re.compile(r"^Args:\n((?:[ \t].*\n|\n)+)", re.MULTILINE)
_ARG: Final = re.compile(r"(\w+)(?: \(.*?\))?: *(.*)")
_QUALIFIED: Final = re.compile(r"\b[A-Za-z_]\w*\.(?=[A-Za-z_])")


@attrs.frozen
class FactoryOption:
    """One option of a plugin, backend or format."""

    name: str
    type: str  #: as Python writes it, without the names of modules
    default: str | None  #: empty if it is computed; None: the option is required
    meaning: str  #: empty if the docstring doesn't say


def options_of(name: str) -> list[FactoryOption]:
    """Return the options of a plugin, or else of a backend or a format.

    Args:
        name: Its registered name, ``FILE.py`` or ``FILE.py::CLASS``.

    Raises:
        UnknownNameError: There is none.
        BackendError, PluginError: It cannot be loaded.
    """
    kind = _kind_of(name)
    factory = find_plugin(name) if kind == "plugin" else load(kind, name)
    if isinstance(factory, ModuleType):
        return []
    with guarded(kind, name, "its options cannot be read"):
        if kind == "format" or hasattr(factory, "recognizes"):
            return _options_of_formats()
        is_backend = kind == "backend" or hasattr(factory, "summaries")
        return [*_options_in(factory)][is_backend:]  # a backend's first is its location


def _kind_of(name: str) -> EntryPointKind:
    """Return what a name stands for; a file is said to hold a plugin."""
    kinds: tuple[EntryPointKind, ...] = ("plugin", "backend", "format")
    known = {kind: names(kind) for kind in kinds}
    if file_of(name) is not None:
        return "plugin"
    for kind in kinds:
        if name in known[kind]:
            return kind
    if name in names("command"):
        reason = f"{name!r} is a command, not a plugin, backend or format"
        raise UnknownNameError(reason, f"see replay {name} --help")
    reason = f"there is no plugin, backend or format {name!r}"
    raise UnknownNameError(reason, did_you_mean(name, chain(*known.values())))


def _options_of_formats() -> list[FactoryOption]:
    """Return the options of the backend for files, which reads all formats."""
    found = [*_options_in(load("backend", "json_file"))][1:]
    return [each for each in found if each.name != "format"]


def _options_in(factory: Factory) -> Iterator[FactoryOption]:
    meanings = _meanings(factory)
    fields = getattr(factory, "__attrs_attrs__", ())
    types = {each.alias: each.type for each in fields}  # a converter hides its type
    for each in inspect.signature(factory).parameters.values():
        if each.kind not in (each.POSITIONAL_OR_KEYWORD, each.KEYWORD_ONLY):
            continue
        is_typed = each.annotation is not each.empty
        cls = each.annotation if is_typed else types.get(each.name, "")
        default = None if each.default is each.empty else _text_of(each.default)
        meaning = meanings.get(each.name, "")
        yield FactoryOption(each.name, _type_of(cls), default, meaning)


def _type_of(annotation: object) -> str:
    if get_origin(annotation) in (Union, UnionType):
        return " | ".join(map(_type_of, get_args(annotation)))
    if get_origin(annotation) is Literal:
        return " | ".join(map(str, get_args(annotation)))
    text = annotation if isinstance(annotation, str) else formatannotation(annotation)
    return "None" if annotation is NoneType else _QUALIFIED.sub("", text)


def _text_of(default: object) -> str:
    return "" if default is attrs.NOTHING else str(default)


def _meanings(factory: Factory) -> dict[str, str]:
    """Return the descriptions below ``Args:`` in docstrings, by option."""
    documented: list[object] = [factory]
    if isinstance(factory, type):
        classes = reversed(factory.__mro__)
        documented = [
            each for cls in classes for each in (cls, vars(cls).get("__init__"))
        ]
    text = "\n\n".join(f"{getdoc(each)}\n" for each in documented)
    found: dict[str, list[str]] = {}
    last: list[str] = []
    for section in _ARGS.findall(text):
        for line in inspect.cleandoc(f"\n{section}").splitlines():
            begun = _ARG.fullmatch(line)
            if begun:
                last = found[begun[1]] = []
            last.append(begun[2] if begun else line.strip())
    return {
        name: " ".join(lines).strip().replace("``", "") for name, lines in found.items()
    }
