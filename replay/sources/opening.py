"""Which backend serves a location."""

import os
import re
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final

from replay.errors import BackendError, UnknownNameError, os_errors_of
from replay.registry import (
    Factory,
    call_factory,
    can_do_without_location,
    did_you_mean,
    guarded,
    load,
    load_all,
    names,
)
from replay.security.masking import masked

_STANDARD_INPUT: Final = "-"
_NAME: Final = re.compile(r"([A-Za-z][\w.+-]+):(//)?", re.ASCII)  # C: is a drive
_IN_FILE: Final = re.compile(r"(?P<name>.+?\.py::\w+):?(?P<rest>.*)", re.DOTALL)


def open_backend(
    location: str | os.PathLike[str], options: Mapping[str, object]
) -> Any:  # noqa: ANN401 - whatever the backend's author wrote
    """Return the backend that serves a location, opened.

    Args:
        location: ``-`` for standard input, ``NAME:location`` for the backend of that
            name, ``FILE.py::CLASS:location`` for a class in a file, a URL for the
            backend of its scheme, or a path.
        options: The backend's own, by name.

    Raises:
        UnknownNameError: There is no such backend, or it has no such option.
        BackendError: There is no such file, or the backend cannot be used.
    """
    name, factory, rest = _choice(location)
    return call_factory(partial(factory, rest), options, "backend", name)


def names_backend(location: str) -> bool:
    """Tell whether a location names its backend, by name, class or URL scheme."""
    prefix = _NAME.match(location)
    is_known = bool(prefix and prefix[1] in names("backend"))
    return is_known or bool(_IN_FILE.fullmatch(location))


def _choice(location: str | os.PathLike[str]) -> tuple[str, Factory, str]:
    text = os.fspath(location)
    if not text:
        reason = "the name of a file is needed"
        raise BackendError(repr(text), reason)
    if text == _STANDARD_INPUT:
        return "json_file", load("backend", "json_file"), text
    prefix = _NAME.match(text) if isinstance(location, str) else None
    known = names("backend")
    if prefix and prefix[1] in known:
        rest = text if prefix[2] else text[prefix.end() :]
        return _named(prefix[1], rest, text)
    if isinstance(location, str) and (in_file := _IN_FILE.fullmatch(text)):
        return _named(in_file["name"], in_file["rest"], text)
    with os_errors_of(text):
        if prefix and not Path(text).exists():
            shown = masked(text)
            reason = f"{shown}: there is no such file, and no backend {prefix[1]!r}"
            raise UnknownNameError(reason, did_you_mean(prefix[1], known))
        Path(text).stat()
    return (*_claiming(text), text)


def _named(name: str, rest: str, location: str) -> tuple[str, Factory, str]:
    factory = load("backend", name)
    if not rest and not can_do_without_location(factory):
        reason = "a location is needed after the colon"
        raise BackendError(location, reason)
    return name, factory, rest


def _claiming(path: str) -> tuple[str, Factory]:
    for name, factory in load_all("backend"):
        if _claims(name, factory, path):
            return name, factory
    reason = f"{path}: no backend reads this"
    raise UnknownNameError(reason, did_you_mean("", names("backend")))


def _claims(name: str, factory: Factory, path: str) -> bool:
    claims = getattr(factory, "claims", None)
    if claims is None:
        return False
    try:
        with guarded("backend", name, "cannot tell what it reads"):
            return bool(claims(path))
    except BackendError:
        return False  # it was not asked for by name, so it must not disturb
