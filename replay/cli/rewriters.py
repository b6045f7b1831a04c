"""Sessions rewritten by plugins, such as ``redact``, before they are written."""

import logging
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from itertools import starmap
from typing import TYPE_CHECKING, Any, Final, TypeVar

import attrs
import click

import replay
from replay.batch.plugin_specs import has_hook
from replay.cli.arguments import named_plugin, plugin_option
from replay.cli.failures import output_failure
from replay.errors import text_of
from replay.registry import guarded
from replay.security.files import memory_only
from replay.sources.source import RepeatedIds

if TYPE_CHECKING:
    from replay.sources.unreadable import ReadError

_Command = TypeVar("_Command", bound=Callable[..., object])
_Error = TypeVar(
    "_Error",
    bound=replay.DecodeError
    | replay.BackendError
    | replay.BatchError
    | replay.PluginError,
)
_LOGGER: Final = logging.getLogger("replay")
HOOK: Final = "replay_rewrite"
_ERROR_FIELDS: Final = ("source", "session", "where", "reason", "hint")


def rewriting_options(command: _Command) -> _Command:
    """Give a command the options of :func:`rewriting`."""
    for option in (
        click.option(
            "--redact-option",
            "redact_options",
            metavar="KEY=VALUE",
            multiple=True,
            help="Option for the plugin redact, such as json=true. Repeatable.",
        ),
        click.option(
            "--redact",
            "is_redacted",
            is_flag=True,
            help="Replace secrets with pseudonyms: --plugin redact, before the others.",
        ),
        plugin_option("Plugin that rewrites what is written"),
    ):
        command = option(command)
    return command


@contextmanager
def rewriting(
    *, plugins: tuple[str, ...], is_redacted: bool, redact_options: tuple[str, ...]
) -> Iterator["Rewriter | None"]:
    """Yield a rewriter of sessions; within the block, nothing else reaches a disk.

    Takes the values of :func:`rewriting_options`; yields None if there are none.
    """
    if redact_options and not is_redacted:
        message = "--redact-option needs --redact"
        raise click.UsageError(message)
    given = [(each, "'--plugin'") for each in plugins]
    if is_redacted:
        redact = f"redact:{','.join(redact_options)}" if redact_options else "redact"
        given.insert(0, (redact, "'--redact-option'"))
    if not given:
        yield None
        return
    of_sessions = [*starmap(_rewriting_plugin, given)]
    of_errors = [*starmap(_rewriting_plugin, given)]
    with memory_only(), errors_without_secrets(of_errors):
        yield Rewriter(of_sessions, of_errors)


def _rewriting_plugin(text: str, option: str) -> "RewritingPlugin":
    name, options = named_plugin(text, option)
    plugin = replay.load_plugin(name, **options)
    if not hasattr(plugin, HOOK):
        message = f"{name!r} has no hook {HOOK}, so it cannot change what is written"
        raise click.BadParameter(message, param_hint=option)
    return RewritingPlugin(plugin, name)


@contextmanager
def errors_without_secrets(plugins: Sequence["RewritingPlugin"]) -> Iterator[None]:
    """Redact errors and notes, which may quote a key, a file name or a message."""
    if not plugins:
        yield
        return

    def redact(record: logging.LogRecord) -> bool:
        record.msg, record.args = (
            _text_without_secrets(record.getMessage(), plugins),
            (),
        )
        return True

    _LOGGER.addFilter(redact)
    try:
        yield
    except (replay.DecodeError, replay.BackendError, replay.BatchError) as error:
        raise without_secrets_in(error, plugins) from None
    except replay.PluginError as error:
        if output_failure(error):
            raise
        shown = without_secrets_in(error, plugins)
        raise shown from _cause_without_secrets(error, shown)
    except replay.MustStopError as error:
        text = _text_without_secrets(text_of(error), plugins)
        raise replay.MustStopError(text) from None
    finally:
        _LOGGER.removeFilter(redact)


def _text_without_secrets(text: str, plugins: Sequence["RewritingPlugin"]) -> str:
    for each in plugins:
        text = each.text(text)
    return text


def without_secrets_in(error: _Error, plugins: Sequence["RewritingPlugin"]) -> _Error:
    """Return an error with the secrets removed from its texts.

    Raises:
        PluginError: A plugin failed, unless the error is one of a rewriting plugin.
    """
    fields = {name: getattr(error, name, None) for name in _ERROR_FIELDS}
    may_fail = isinstance(error, replay.PluginError) and error.hook in {None, HOOK}
    for plugin in plugins:
        try:
            fields = {name: text and plugin.text(text) for name, text in fields.items()}
        except replay.PluginError as failure:
            if not may_fail:
                raise failure from None  # its context has the secrets
    changed = {name: text for name, text in fields.items() if text is not None}
    return attrs.evolve(error, **changed)


def _cause_without_secrets(
    error: replay.PluginError, shown: replay.PluginError
) -> Exception | None:
    """Return the cause of an error with the text that is shown for it."""
    if error.__cause__ is None:
        return None
    return RuntimeError(shown.reason).with_traceback(error.__cause__.__traceback__)


@attrs.frozen
class RewritingPlugin:
    """A plugin that rewrites sessions."""

    plugin: Any  #: it may come from another package
    name: str  #: as the user gave it

    def text(self, text: str) -> str:
        """Rewrite a text on its own."""
        rewritten = self.session(replay.Session("", generated_title=text))
        return rewritten.generated_title or ""

    def session(self, session: replay.Session) -> replay.Session:
        """Rewrite a session.

        Raises:
            PluginError: The plugin failed, or returned something else.
        """
        try:
            with guarded("plugin", self.name, "cannot rewrite a session"):
                rewritten: object = self.plugin.replay_rewrite(session)
        except replay.PluginError as error:
            raise attrs.evolve(error, plugin=self.name) from error.__cause__
        if not isinstance(rewritten, replay.Session):
            reason = f"{HOOK} returned {type(rewritten).__name__}, not a Session"
            raise replay.PluginError(self.name, reason)
        return rewritten


class Rewriter:
    """Plugins that rewrite sessions, one after the other.

    Only their hooks ``replay_rewrite`` and, at the end, ``replay_close`` are called.

    Args:
        plugins: The plugins.
        of_errors: The same, but others, since the plugins may report what they saw.

    Raises:
        PluginError: A plugin has a misspelt hook.
    """

    def __init__(
        self,
        plugins: Sequence[RewritingPlugin],
        of_errors: Sequence[RewritingPlugin],
    ) -> None:
        self._plugins = plugins
        self._of_errors = of_errors
        self._engine = replay.ReplayEngine([each.plugin for each in plugins])

    def error(self, error: "ReadError") -> "ReadError":
        """Return an error without secrets."""
        return without_secrets_in(error, self._of_errors)

    def session(self, session: replay.Session) -> replay.Session:
        """Rewrite a session."""
        for each in self._plugins:
            session = each.session(session)
        return session

    def all(self, sessions: Generator[replay.Session]) -> Generator[replay.Session]:
        """Yield the rewritten *sessions*; ids that repeat only now are marked too."""
        with closing(sessions):
            yield from map(RepeatedIds().marked, map(self.session, sessions))

    def close(self) -> None:
        """Close the plugins, which may report.

        Raises:
            PluginError: A plugin failed.
        """
        try:
            self._engine.close()
        except replay.PluginError as error:  # without a hook: the sessions are written
            raise replay.PluginError(error.plugin, error.reason) from error.__cause__


def rewriting_plugins_of(
    plugins: Iterable[tuple[str, Mapping[str, str]]],
) -> list[RewritingPlugin]:
    """Load the plugins of a batch that rewrite sessions.

    Raises:
        UnknownNameError, PluginError: As from :func:`replay.load_plugin`.
    """
    return [
        RewritingPlugin(replay.load_plugin(name, **options), name)
        for name, options in plugins
        if has_hook(name, HOOK)
    ]


def without_secrets(
    report: replay.BatchReport, plugins: Sequence[RewritingPlugin]
) -> replay.BatchReport:
    """Return a report with the secrets removed from its problems."""
    problems = report.problems
    for each in plugins:
        problems = tuple(
            attrs.evolve(
                problem, name=each.text(problem.name), reason=each.text(problem.reason)
            )
            for problem in problems
        )
    return attrs.evolve(report, problems=problems)
