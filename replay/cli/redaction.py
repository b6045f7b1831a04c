"""What is copied or recorded, its secrets replaced by the plugin ``redact``."""

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any, Final, TypeVar

import attrs
import click

import replay
from replay.batch.plugin_specs import has_hook
from replay.cli.arguments import plugin_of
from replay.registry import guarded
from replay.security.files import memory_only

if TYPE_CHECKING:
    from replay.sources.live_stream import Rewrite

_Command = TypeVar("_Command", bound=Callable[..., object])
_NAME: Final = "redact"
_SAID: Final = ("source", "session", "where", "reason")  # of errors


def redact_options(command: _Command) -> _Command:
    """Give a command the options ``--redact`` and ``--redact-option``."""
    for option in (
        click.option(
            "--redact-option",
            "redact_options",
            metavar="KEY=VALUE",
            multiple=True,
            help="An option of the plugin redact; may be given several times.",
        ),
        click.option(
            "--redact",
            "is_redacted",
            is_flag=True,
            help="Replace secrets by pseudonyms before anything is written.",
        ),
    ):
        command = option(command)
    return command


@contextmanager
def redacting(
    options: tuple[str, ...], *, is_wanted: bool
) -> Iterator["Redaction | None"]:
    """Yield what replaces secrets, and let nothing else reach a disk meanwhile.

    Args:
        options: What the plugin is given, ``KEY=VALUE`` each.
        is_wanted: Whether secrets are to be replaced; else, None is yielded.
    """
    if not is_wanted:
        if options:
            message = "--redact-option needs --redact"
            raise click.UsageError(message)
        yield None
        return
    named = f"{_NAME}:{','.join(options)}" if options else _NAME
    redaction = Redaction(plugin_of(named, "'--redact-option'"))
    with memory_only(), telling_no_secrets([redaction]):
        yield redaction


@contextmanager
def telling_no_secrets(redactions: Sequence["Redaction"]) -> Iterator[None]:
    """Rewrite what an error says: it may quote a key or the name of a file.

    Args:
        redactions: What replaces the secrets, in order.
    """
    try:
        yield
    except (replay.DecodeError, replay.BackendError, replay.BatchError) as error:
        said = {name: getattr(error, name, None) for name in _SAID}
        for redaction in redactions:
            said = {name: text and redaction.text(text) for name, text in said.items()}
        changed = {name: text for name, text in said.items() if text is not None}
        raise attrs.evolve(error, **changed) from None


class Redaction:
    """The plugin ``redact``, whoever has registered it."""

    def __init__(self, plugin: Any) -> None:  # noqa: ANN401 - others may have made it
        self._plugin = plugin
        self.rewrite: Rewrite = self._rewritten

    def of(self, sessions: Generator[replay.Session]) -> Generator[replay.Session]:
        """Yield *sessions*, their secrets replaced."""
        with closing(sessions):
            for session in sessions:
                yield self._rewritten(session)

    def text(self, text: str) -> str:
        """Return a text with its secrets replaced."""
        shown = self._rewritten(replay.Session("", generated_title=text))
        return shown.generated_title or ""

    def report(self) -> None:
        """Let the plugin say what it replaced."""
        with guarded("plugin", _NAME, "cannot say what it replaced"):
            self._plugin.replay_close()

    def _rewritten(self, session: replay.Session) -> replay.Session:
        with guarded("plugin", _NAME, "cannot rewrite a session"):
            rewritten: replay.Session = self._plugin.replay_rewrite(session)
            return rewritten


_HOOK: Final = "replay_rewrite"


def redactions_of(plugins: Iterable[tuple[str, Mapping[str, str]]]) -> list[Redaction]:
    """Return those of a batch's plugins that rewrite sessions, made anew.

    Args:
        plugins: By name, with their options.

    Raises:
        UnknownNameError, PluginError: As from :func:`replay.load_plugin`.
    """
    return [
        Redaction(replay.load_plugin(name, **options))
        for name, options in plugins
        if has_hook(name, _HOOK)
    ]


def without_secrets(
    report: replay.BatchReport, redactions: Sequence[Redaction]
) -> replay.BatchReport:
    """Return a report whose problems name no secret.

    Args:
        report: What a batch came to.
        redactions: What replaces the secrets, in order.
    """
    problems = report.problems
    for redaction in redactions:
        problems = tuple(
            attrs.evolve(
                each, name=redaction.text(each.name), reason=redaction.text(each.reason)
            )
            for each in problems
        )
    return attrs.evolve(report, problems=problems)
