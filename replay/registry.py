"""The registry of backends, plugins and commands.

The built-in ones are registered like any other package's. Nothing is imported before
it is needed.
"""

import difflib
import inspect
import os
import re
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import lru_cache
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import MappingProxyType, ModuleType, NoneType, UnionType
from typing import (
    TYPE_CHECKING,
    Any,
    Final,
    Literal,
    TypeAlias,
    Union,
    get_args,
    get_origin,
)

import attrs

from replay.errors import (
    BackendError,
    PluginError,
    ReplayError,
    UnknownNameError,
    words_of,
    wrong_type,
)

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

EntryPointKind: TypeAlias = Literal["backend", "format", "plugin", "command"]
Factory: TypeAlias = Callable[..., Any]  # arguments are checked when it is called

#: The entry-point group of each kind.
GROUPS: Final[Mapping[EntryPointKind, str]] = MappingProxyType(
    {
        "backend": "replay.backends",
        "format": "replay.formats",
        "plugin": "replay.plugins",
        "command": "replay.commands",
    }
)


@attrs.frozen
class Installed:
    """A backend, plugin or command that a package registers."""

    kind: EntryPointKind
    name: str
    version: str | None  #: of the package that registers it; None: unknown
    origin: str | None  #: that package's name; None: unknown
    error: str | None  #: why it cannot be loaded; None: it can


def names(kind: EntryPointKind) -> list[str]:
    """Return the registered names, sorted."""
    return sorted({entry_point.name for entry_point in _entry_points(kind)})


def installed(kind: EntryPointKind) -> list[Installed]:
    """Load everything that is registered, and return it sorted by name."""
    return [
        Installed(
            kind, found.name, _version(found), _origin(found), _fault(kind, found)
        )
        for found in _entry_points(kind)
    ]


def load(kind: EntryPointKind, name: str) -> Factory:
    """Load the factory for a name, or for ``FILE.py::CLASS``.

    Raises:
        UnknownNameError: There is none.
        BackendError, PluginError: Its import failed, or two packages register it.
    """
    if in_file := _IN_FILE.fullmatch(name):
        return _class_in(in_file["path"], in_file["class"], kind)
    found = [each for each in _entry_points(kind) if each.name == name]
    if not found:
        reason = f"there is no {kind} {name!r}"
        raise UnknownNameError(reason, did_you_mean(name, names(kind)))
    if len(found) > 1:
        packages = " and ".join(str(_origin(each)) for each in found)
        raise failure(kind, name, f"registered by {packages}; uninstall one")
    return _load(kind, found[0])


def version_of(kind: EntryPointKind, name: str) -> str | None:
    """Return the version of the package that registers a name.

    Returns:
        None: it is unknown, or no package registers that name.
    """
    found = [each for each in _entry_points(kind) if each.name == name]
    return _version(found[0]) if found else None


def load_all(kind: EntryPointKind) -> Iterator[tuple[str, Factory]]:
    """Yield each name with its factory, other packages' first.

    A factory that fails to load is skipped, since nobody asked for it by name.
    """
    for found in sorted(_entry_points(kind), key=_is_ours):
        if _fault(kind, found) is None:
            yield found.name, _load(kind, found)


def load_format(name: str) -> Factory:
    """Load the factory of a format, by name or as ``FILE.py::CLASS``.

    Raises:
        UnknownNameError: There is none.
        BackendError: Its import failed, or two packages register it.
    """
    return load("format", name)


def load_formats() -> dict[str, Factory]:
    """Load the factories of all formats; one that fails to load is left out."""
    return dict(load_all("format"))


def failure(kind: EntryPointKind, name: str, reason: str) -> BackendError | PluginError:
    """Return the error for something that is registered but cannot be used."""
    if kind in ("backend", "format"):
        return BackendError(f"{kind} {name!r}", reason)
    return PluginError(f"replay {name}" if kind == "command" else name, reason)


@contextmanager
def guarded(kind: EntryPointKind, name: str, what: str) -> Iterator[None]:
    """Turn any exception from other packages' code into an error that names it.

    Errors of this library pass through, as do KeyboardInterrupt and MemoryError.

    Args:
        kind: What the code implements.
        name: Its name, for messages.
        what: What failed, such as ``cannot be imported``.
    """
    try:
        yield
    except (ReplayError, KeyboardInterrupt, MemoryError):
        raise
    except BaseException as error:
        place = place_in(file_of(name), error)
        reason = f"{what}: {words_of(error)}{place}"
        raise failure(kind, name, reason) from error


def place_in(path: str | None, error: BaseException) -> str:
    """Return the line of a file that an error came from, in brackets; or nothing."""
    frames = traceback.walk_tb(error.__traceback__)
    lines = [line for frame, line in frames if frame.f_code.co_filename == path]
    return f" ({path}, line {lines[-1]})" if lines else ""


_MANY_NAMES: Final = 20


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return a hint with the nearest known name, and all known names unless many."""
    known = sorted(known)
    question = nearest(name, known)
    if question and len(known) > _MANY_NAMES:
        return question
    return f"{question} known: {', '.join(known) or 'none'}".lstrip()


def nearest(name: str, known: Iterable[str]) -> str:
    """Return the question whether the nearest known name is meant; empty if none is."""
    known = list(known)
    found = difflib.get_close_matches(name, known, n=1)
    if not found:
        found = [each for each in known if _is_short_for(name, each)]
    return f"did you mean {found[0]!r}?" if len(found) == 1 else ""


def _is_short_for(short: str, name: str) -> bool:
    """Tell whether a word such as ``md`` has letters of *name*, from its first on."""
    letters = iter(name)
    return len(short) > 1 and short[0] == name[:1] and all(x in letters for x in short)


def _entry_points(kind: EntryPointKind) -> list["EntryPoint"]:
    return _found_on(tuple(sys.path))[GROUPS[kind]]


@lru_cache(maxsize=1)
def _found_on(_path: tuple[str, ...]) -> Mapping[str, list["EntryPoint"]]:
    """Return what all packages on a path register, by group; to look takes long."""
    from importlib.metadata import entry_points  # noqa: PLC0415 - slow, seldom needed

    found = entry_points()
    return {
        group: sorted(found.select(group=group), key=lambda each: each.name)
        for group in GROUPS.values()
    }


def _load(kind: EntryPointKind, found: "EntryPoint") -> Factory:
    with guarded(kind, found.name, "cannot be imported"):
        factory = found.load()
    if not callable(factory):
        raise failure(kind, found.name, f"{found.value} cannot be called")
    return factory  # type: ignore[no-any-return]  # it only has to be callable


def _fault(kind: EntryPointKind, found: "EntryPoint") -> str | None:
    try:
        _load(kind, found)
    except (BackendError, PluginError) as error:
        return error.reason
    except ReplayError as error:
        return str(error)
    return None


def _origin(found: "EntryPoint") -> str | None:
    return found.dist.name if found.dist else None


def _version(found: "EntryPoint") -> str | None:
    return found.dist.version if found.dist else None


def _is_ours(found: "EntryPoint") -> bool:
    return _origin(found) == "chat-replay"


_BOOLEANS: Final[Mapping[str, bool]] = MappingProxyType(
    {"true": True, "yes": True, "on": True, "1": True}
    | {"false": False, "no": False, "off": False, "0": False}
)

#: A function that converts a string to each type, and what it expects.
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
    kind: EntryPointKind,
    name: str,
    *,
    convert: bool = False,
) -> Any:  # noqa: ANN401 - whatever the factory makes
    """Call a factory with its options.

    Args:
        factory: A class or function; its parameters are the options it knows.
        options: By name.
        kind: What it makes, for messages.
        name: Its name, for messages.
        convert: Convert strings to the types of the annotations: bool, int, float,
            pathlib.Path, or one of several joined by ``|``. For any other
            annotation, a string stays a string.

    Raises:
        UnknownNameError: It has no such option.
        BackendError, PluginError: An option is missing or cannot be converted, or
            the factory raised something other than this library's errors.
    """
    with guarded(kind, name, "its options cannot be read"):
        parameters = inspect.signature(factory).parameters
    _check_names(parameters, options, kind, name)
    if convert:
        options = _convert(parameters, options, kind, name)
    with guarded(kind, name, "cannot be started"):
        return factory(**options)


def can_do_without_location(factory: Factory) -> bool:
    """Tell whether a backend's factory works without a location.

    It does if its first parameter, the location, has a default.
    """
    with suppress(TypeError, ValueError):  # its signature cannot be read
        first = next(iter(inspect.signature(factory).parameters.values()), None)
        return first is not None and first.default is not first.empty
    return False


def _check_names(
    parameters: Mapping[str, inspect.Parameter],
    options: Mapping[str, object],
    kind: EntryPointKind,
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
    kind: EntryPointKind,
    name: str,
) -> dict[str, object]:
    converted = dict(options)
    for option, value in options.items():
        if option not in parameters or value is None:
            continue
        wanted = _members(parameters[option].annotation)
        if isinstance(value, str):
            try:
                converted[option] = _converted(value, wanted)
            except ValueError as error:
                reason = f"option {option!r} must be {error}, not {value!r}"
                raise failure(kind, name, reason) from None
        elif Path in wanted and not isinstance(value, (os.PathLike, *_types(wanted))):
            reason = f"option {option!r} must be a path, not {type(value).__name__}"
            raise failure(kind, name, reason)
    return converted


def _members(annotation: object) -> tuple[object, ...]:
    if isinstance(annotation, str):
        parts = [part.strip().rpartition(".")[2] for part in annotation.split("|")]
        return tuple(_BY_NAME.get(part, str) for part in parts)
    if get_origin(annotation) in (Union, UnionType):
        return get_args(annotation)
    return (annotation,)


def _types(wanted: tuple[object, ...]) -> Iterator[type]:
    return (each for each in wanted if isinstance(each, type))


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


_IN_FILE: Final = re.compile(r"(?P<path>.+?\.py)::(?P<class>\w+)", re.DOTALL)
_HOOK: Final = "replay_"  # the prefix of every hook's name


def load_plugin(name: str | os.PathLike[str], **options: object) -> Any:  # noqa: ANN401 - whatever the factory makes
    """Return a plugin, ready for an engine.

    To have its type checked, annotate the variable with the plugin's class:
    ``usage: Usage = load_plugin("usage")``.

    Args:
        name: Its registered name, in the entry-point group ``replay.plugins``, or a
            Python file: ``FILE.py`` if its functions are hooks or it has one class
            with hooks, ``FILE.py::CLASS`` if it has several.
        options: Options for its factory; strings are converted to the annotated types.

    Raises:
        UnknownNameError: There is no such plugin, or it has no such option.
        PluginError: It cannot be imported or started, or an option is wrong.
        TypeError: *name* is a plugin itself, or its class.
    """
    if not isinstance(name, str | os.PathLike):
        advice = "an engine takes plugins as they are, made by calling their class"
        raise wrong_type(name, "the name of a plugin", advice)
    name = os.fspath(name)
    found = find_plugin(name)
    if not isinstance(found, ModuleType):
        return call_factory(found, options, "plugin", name, convert=True)
    if options:
        reason = f"{name} has functions as hooks, and takes no options"
        hint = "put them into the file, or write a class"
        raise UnknownNameError(reason, hint)
    return found


def find_plugin(name: str) -> Factory | ModuleType:
    """Return a plugin's factory, or the module that is the plugin.

    Args:
        name: As for :func:`load_plugin`.

    Raises:
        UnknownNameError, PluginError: As from :func:`load_plugin`.
    """
    if file_of(name) != name:
        return load("plugin", name)
    module = _module_in(name, "plugin", name)
    if any(map(callable, _hooks_in(module))):
        return module
    classes = [each for each in _classes_in(module) if any(_hooks_in(each))]
    if len(classes) > 1:
        found = ", ".join(each.__name__ for each in classes)
        hint = f"name one, such as {name}::{classes[0].__name__}"
        raise PluginError(name, f"has several plugin classes: {found}", hint=hint)
    return classes[0] if classes else module


def file_of(name: str) -> str | None:
    """Return the file in ``FILE.py`` or ``FILE.py::CLASS``; None: it is neither."""
    if in_file := _IN_FILE.fullmatch(name):
        return in_file["path"]
    return name if name.endswith(".py") else None


class FileModule(ModuleType):
    """A module of a file outside any package."""


def file_behind(plugin: object) -> str | None:
    """Return the file that a plugin was loaded from, as the user named that.

    Returns:
        None: the plugin comes from a package, or was made by the program.
    """
    is_module = isinstance(plugin, ModuleType)
    module = plugin if is_module else sys.modules.get(type(plugin).__module__)
    return module.__file__ if isinstance(module, FileModule) else None


def _class_in(path: str, name: str, kind: EntryPointKind) -> Factory:
    module = _module_in(path, kind, f"{path}::{name}")
    found: object = getattr(module, name, None)
    if not callable(found):
        known = [each.__name__ for each in _classes_in(module)]
        reason = f"{path} has no class {name!r}"
        raise UnknownNameError(reason, did_you_mean(name, known))
    return found


def _classes_in(module: ModuleType) -> list[type]:
    """Return the public classes that a module defines."""
    return [
        each
        for name, each in vars(module).items()
        if isinstance(each, type)
        and each.__module__ == module.__name__
        and not name.startswith("_")
    ]


def _hooks_in(plugin: object) -> Iterator[object]:
    return (getattr(plugin, name) for name in dir(plugin) if name.startswith(_HOOK))


def _module_in(path: str, kind: EntryPointKind, name: str) -> ModuleType:
    if not Path(path).is_file():
        raise failure(kind, name, "there is no such file")
    module = FileModule(f"replay_{kind}_{Path(path).stem}")
    module.__file__ = path
    sys.modules[module.__name__] = module
    try:
        with guarded(kind, name, "cannot be imported"):
            SourceFileLoader(module.__name__, path).exec_module(module)
    except BaseException:
        del sys.modules[module.__name__]
        raise
    return module
