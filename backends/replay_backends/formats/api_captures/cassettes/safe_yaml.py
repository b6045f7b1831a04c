"""YAML that makes nothing but plain values."""

from collections.abc import Iterator
from importlib import import_module
from typing import Any, Final

from replay.errors import DecodeError, LimitExceededError, UnsupportedError
from replay_backends.formats.recording import Recording

_MOST_REPEATED: Final = 10_000  # nodes, by aliases
_PREFIX: Final = "tag:yaml.org,2002:"
_TEXTS: Final = ("python/str", "python/unicode", "timestamp")


def read_yaml(recording: Recording) -> Any:  # noqa: ANN401 - plain values
    """Return the only value of a recording.

    Raises:
        DecodeError: It isn't YAML, or has a tag that isn't safe.
        LimitExceededError: It is too large, or its aliases repeat too much.
        UnsupportedError: PyYAML isn't installed.
    """
    source = recording.text.source or "a cassette"
    try:
        yaml = import_module("yaml")
    except ImportError:
        reason = "it is YAML, which PyYAML reads"
        hint = "pip install 'chat-replay[vcr]'"
        raise UnsupportedError(source, reason, hint) from None
    with recording.text.named():
        loader = _loader(yaml)(recording.data())
        try:
            node = loader.get_single_node()
            _check_aliases(node)
            return loader.construct_document(node) if node else None
        except DecodeError:
            raise
        except yaml.YAMLError as error:
            raise _not_yaml(error) from None
        except (RecursionError, ValueError) as error:
            where, reason = "$", f"not YAML that can be read: {error}"
            raise DecodeError(where, reason) from None
        finally:
            loader.dispose()


def _loader(yaml: Any) -> Any:  # noqa: ANN401 - PyYAML, which has no types
    """Return a class of loaders; the one in C is about eight times as fast."""

    class Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
        """A loader of plain values."""

    for name in _TEXTS:
        Loader.add_constructor(_PREFIX + name, Loader.construct_scalar)
    Loader.add_constructor(_PREFIX + "python/tuple", _tuple)
    Loader.add_constructor(_PREFIX + "python/object/new:_io.BytesIO", _bytes)
    return Loader


def _tuple(loader: Any, node: Any) -> Any:  # noqa: ANN401 - PyYAML's
    return loader.construct_sequence(node, deep=True)


def _bytes(loader: Any, node: Any) -> bytes:  # noqa: ANN401 - PyYAML's
    """Return what a file in memory held, as some recorders write it."""
    match loader.construct_mapping(node, deep=True):
        case {"state": [bytes(data), *_]}:
            return data
    return b""


def _check_aliases(root: Any) -> None:  # noqa: ANN401 - PyYAML's
    """Refuse nodes that repeat others so often that they are a bomb, or a circle."""
    seen: set[int] = set()
    repeated = 0
    waiting = [root] if root else []
    while waiting:
        node = waiting.pop()
        if id(node) in seen:
            repeated += 1
        seen.add(id(node))
        if repeated > _MOST_REPEATED:
            where, reason = "$", "aliases repeat too much"
            raise LimitExceededError(where, reason)
        waiting += _children(node)


def _children(node: Any) -> Iterator[Any]:  # noqa: ANN401 - PyYAML's
    if isinstance(node.value, list):
        for each in node.value:
            yield from each if isinstance(each, tuple) else (each,)


def _not_yaml(error: Any) -> DecodeError:  # noqa: ANN401 - PyYAML's
    mark = getattr(error, "problem_mark", None)
    where = f"line {mark.line + 1}" if mark else "$"
    reason = getattr(error, "problem", None) or str(error)
    return DecodeError(where, f"not a cassette: {reason}")
