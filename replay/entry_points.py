"""What packages register as backends, plugins and commands, our own included.

Nothing is imported before it is asked for.
"""

import difflib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

import attrs

from replay.errors import BackendError, PluginError, ReplayError, UnknownNameError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

Kind: TypeAlias = Literal["backend", "plugin", "command"]
Factory: TypeAlias = Callable[..., Any]  # what it takes is checked when it is called

#: Where a package registers each kind.
GROUPS: Final[Mapping[Kind, str]] = MappingProxyType(
    {
        "backend": "replay.backends",
        "plugin": "replay.plugins",
        "command": "replay.commands",
    }
)


@attrs.frozen
class Installed:
    """A backend, plugin or command that some package registers."""

    kind: Kind
    name: str
    version: str | None  #: of the package that registers it; None: it does not say
    origin: str | None  #: that package's name; None: it does not say
    error: str | None  #: why it cannot be loaded; None: it can


def names(kind: Kind) -> list[str]:
    """Return the names that are registered, sorted."""
    return sorted({entry_point.name for entry_point in _entry_points(kind)})


def installed(kind: Kind) -> list[Installed]:
    """Return all that is registered, sorted by name; each is loaded, to try it."""
    return [
        Installed(
            kind, found.name, _version(found), _origin(found), _fault(kind, found)
        )
        for found in _entry_points(kind)
    ]


def load(kind: Kind, name: str) -> Factory:
    """Return what is registered under a name.

    Raises:
        UnknownNameError: Nothing is.
        BackendError, PluginError: Its import failed, or two packages register it.
    """
    found = [each for each in _entry_points(kind) if each.name == name]
    if not found:
        reason = f"there is no {kind} {name!r}"
        raise UnknownNameError(reason, did_you_mean(name, names(kind)))
    if len(found) > 1:
        packages = " and ".join(str(_origin(each)) for each in found)
        raise failure(kind, name, f"registered by {packages}; uninstall one")
    return _load(kind, found[0])


def version_of(kind: Kind, name: str) -> str | None:
    """Return the version of the package that registers a name.

    Returns:
        None: the package does not say, or there is none.
    """
    found = [each for each in _entry_points(kind) if each.name == name]
    return _version(found[0]) if found else None


def load_all(kind: Kind) -> Iterator[tuple[str, Factory]]:
    """Yield what can be loaded, with its name: others' first, our own last.

    What cannot be loaded is passed over, for nobody asked for it by name.
    """
    for found in sorted(_entry_points(kind), key=_is_ours):
        if _fault(kind, found) is None:
            yield found.name, _load(kind, found)


def failure(kind: Kind, name: str, reason: str) -> BackendError | PluginError:
    """Return the error that says what is wrong with something that is registered."""
    if kind == "backend":
        return BackendError(f"backend {name!r}", reason)
    return PluginError(f"replay {name}" if kind == "command" else name, reason)


@contextmanager
def guarded(kind: Kind, name: str, what: str) -> Iterator[None]:
    """Turn whatever others' code raises into an error that names it.

    An error of this library passes, and so do KeyboardInterrupt and MemoryError.

    Args:
        kind: What the code belongs to.
        name: What users call it.
        what: What failed, such as ``cannot be imported``.
    """
    try:
        yield
    except (ReplayError, KeyboardInterrupt, MemoryError):
        raise
    except BaseException as error:
        reason = f"{what}: {type(error).__name__}: {error}"
        raise failure(kind, name, reason) from error


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return a hint: the name that was probably meant, and all that are known."""
    known = sorted(known)
    nearest = difflib.get_close_matches(name, known, n=1)
    question = f"did you mean {nearest[0]!r}? " if nearest else ""
    return f"{question}known: {', '.join(known) or 'none'}"


def _entry_points(kind: Kind) -> list["EntryPoint"]:
    from importlib.metadata import entry_points  # noqa: PLC0415 - slow, seldom needed

    return sorted(entry_points(group=GROUPS[kind]), key=lambda found: found.name)


def _load(kind: Kind, found: "EntryPoint") -> Factory:
    with guarded(kind, found.name, "cannot be imported"):
        factory = found.load()
    if not callable(factory):
        raise failure(kind, found.name, f"{found.value} cannot be called")
    return factory  # type: ignore[no-any-return]  # callable is all that is asked


def _fault(kind: Kind, found: "EntryPoint") -> str | None:
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
