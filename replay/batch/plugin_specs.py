"""The plugins of a batch, given by name so that each worker can create its own."""

import os
from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b
from importlib.metadata import version
from pathlib import Path
from types import ModuleType
from typing import Final, TypeAlias

from replay.batch.tasks import Job, PluginSpec
from replay.engine.plugin_set import MERGE
from replay.errors import PluginError
from replay.model.json_text import write_json
from replay.registry import (
    call_factory,
    file_of,
    find_plugin,
    load_plugin,
    version_of,
)

#: A plugin by name, or by name and options.
NamedPlugin: TypeAlias = str | tuple[str, Mapping[str, object]]

#: Backend options that change what is read.
_READING: Final = ("strict", "limits", "nan", "format", "keep", "branches")
_WORKERS: Final = "batch_worker"


def specs_of(plugins: Iterable[NamedPlugin]) -> tuple[PluginSpec, ...]:
    """Return the plugins in the form that workers receive.

    Raises:
        TypeError: One is neither a name nor a name and options.
        UnknownNameError: There is no plugin of that name.
        PluginError: There is no such file.
    """
    if isinstance(plugins, str | Mapping) or not isinstance(plugins, Iterable):
        message = f"plugins is a list of names, not {type(plugins).__name__}"
        raise TypeError(message)
    return tuple(map(_spec_of, plugins))


def workers_plugin(spec: PluginSpec) -> object:
    """Return a new plugin for a worker.

    Raises:
        UnknownNameError, PluginError: As from :func:`replay.load_plugin`.
    """
    factory = find_plugin(spec.name)
    if isinstance(factory, ModuleType):
        return load_plugin(spec.name, **spec.options)
    factory = getattr(factory, _WORKERS, factory)
    return call_factory(factory, spec.options, "plugin", spec.name, convert=True)


def merging_plugins(specs: Sequence[PluginSpec]) -> dict[int, object]:
    """Return the plugins that merge results, by number.

    Raises:
        UnknownNameError, PluginError: As from :func:`replay.load_plugin`.
    """
    return {
        number: load_plugin(spec.name, **spec.options)
        for number, spec in enumerate(specs)
        if has_hook(spec.name, MERGE)
    }


def has_hook(name: str, hook: str) -> bool:
    """Tell whether a plugin's file, or the class that makes it, has a hook.

    Raises:
        UnknownNameError, PluginError: As from :func:`replay.load_plugin`.
    """
    return hasattr(find_plugin(name), hook)


def plugins_key(job: Job) -> bytes:
    """Return a 16-byte key, equal for batches that can use each other's results.

    For a plugin in a file, the file's name and content count, not its directory.
    """
    reading = {name: repr(job.options.get(name)) for name in _READING}
    plugins = [
        [Path(each.name).name, each.version, *sorted(map(repr, each.options.items()))]
        for each in job.plugins
    ]
    said = {
        "chat-replay": version("chat-replay"),
        "strict": job.strict,
        "reading": reading,
        "plugins": plugins,
    }
    return blake2b(write_json(said), digest_size=16).digest()


def _spec_of(plugin: object) -> PluginSpec:
    match plugin:
        case str(name):
            options: Mapping[str, object] = {}
        case (str(name), Mapping() as given):
            options = dict(given)
        case _:
            message = (
                f"each worker of a batch makes its own plugins: give a name, or a "
                f"name and options, not {type(plugin).__name__}"
            )
            raise TypeError(message)
    path = file_of(name)
    if path is None:
        return PluginSpec(name, options, version_of("plugin", name) or "")
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise PluginError(name, "there is no such file") from error
    there = os.path.abspath(path) + name[len(path) :]  # noqa: PTH100 - workers may be elsewhere
    return PluginSpec(there, options, blake2b(content, digest_size=16).hexdigest())
