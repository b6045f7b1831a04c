"""A plugin that records the calls of every hook."""

from collections.abc import Callable

from replay.engine import hookspecs

#: Hooks that are called for one plugin alone, not for all in a replay.
OF_ONE_PLUGIN = frozenset(
    {"replay_rewrite", "replay_batch_result", "replay_batch_merge"}
)
#: Every other hook with the names of its arguments.
HOOKS = {
    name: spec.__code__.co_varnames[: spec.__code__.co_argcount]
    for name, spec in vars(hookspecs).items()
    if name.startswith("replay_") and name not in OF_ONE_PLUGIN
}


class Spy:
    """A plugin that keeps ``(hook, arguments)`` of every call, in order."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, tuple[object, ...]]] = []

    def first_arguments(self, *hooks: str) -> list[object]:
        """Return the first argument of every call of *hooks*, or of any hook."""
        return [args[0] for name, args in self.calls if name in hooks or not hooks]

    def names(self) -> list[str]:
        """Return the names of the hooks that were called, in order."""
        return [name.removeprefix("replay_") for name, _ in self.calls]


def _listener(name: str, arguments: tuple[str, ...]) -> Callable[..., None]:
    def listen(self: Spy, *values: object) -> None:
        self.calls.append((name, values))

    listed = ", ".join(arguments)
    scope: dict[str, Callable[..., None]] = {"listen": listen}
    # pluggy reads the arguments' names, so each listener has its own source.
    exec(f"def {name}(self, {listed}): listen(self, {listed})", scope)  # noqa: S102 - see above
    return scope[name]


for _name, _arguments in HOOKS.items():
    setattr(Spy, _name, _listener(_name, _arguments))
