"""``replay serve``, which serves recorded sessions over HTTP."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import attrs
import click

import replay
from replay.cli import output
from replay.cli.arguments import Choice, location_argument
from replay.cli.input import Location
from replay.testing.server.faults import NAMES, Fault, parse_fault
from replay.testing.server.settings import ServerSettings, require_extra

if TYPE_CHECKING:
    from replay.sources.unreadable import ReadError


def _faults(
    _: click.Context, __: click.Parameter, texts: tuple[str, ...]
) -> tuple[Fault, ...]:
    try:
        return tuple(map(parse_fault, texts))
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


@click.command(
    "serve",
    epilog=f"Faults: a status such as 429 or 500, {', '.join(NAMES)}.",
)
@location_argument
@click.option(
    "--host", default="127.0.0.1", show_default=True, help="Address to listen on."
)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=0,
    help="Port to listen on; by default any that is free.",
)
@click.option("--allow-remote", is_flag=True, help="Let other machines connect, too.")
@click.option(
    "--api-key",
    metavar="KEY",
    envvar="REPLAY_SERVE_API_KEY",
    help="Only accept this key. REPLAY_SERVE_API_KEY keeps it out of process lists.",
)
@click.option(
    "--speed",
    type=click.FloatRange(0, min_open=True),
    help="Stream at a multiple of the recorded speed; by default, never wait.",
)
@click.option(
    "--fault",
    "faults",
    metavar="[Nx]NAME[=VALUE]",
    multiple=True,
    callback=_faults,
    help="Make all requests fail, or the first N. Repeatable.",
)
@click.option(
    "--page-size",
    type=click.IntRange(1),
    default=50,
    show_default=True,
    help="Number of sessions on a page.",
)
@click.option(
    "--last-page-token",
    type=Choice(["absent", "null", "empty"]),
    default="absent",
    show_default=True,
    help="Token on the last page of a list.",
)
def command(*, location: Location, **options: Any) -> None:  # noqa: ANN401 - checked by click
    """Serve sessions over HTTP, as LlamaCloud would.

    The sessions of LOCATION are served to any client of LlamaCloud's chat API, until
    Ctrl-C. A prompt replays the recorded turn of the same prompt. Nothing in LOCATION
    is changed.
    """
    try:
        settings = ServerSettings(**options)
    except ValueError as error:
        message = str(error).replace("set allow_remote=True", "add --allow-remote")
        raise click.UsageError(message) from error
    _serve(location, settings)


def _serve(location: Location, settings: ServerSettings) -> None:
    require_extra()
    from replay.testing.server.server import LlamaCloudServer  # noqa: PLC0415 - the extra

    with location.open() as opened:
        source = replay.Source(_Readable(opened, location), opened.location)
        chosen = opened if location.fail_fast else source
        with LlamaCloudServer(chosen, settings) as server:
            count, url = server.session_count, server.url
            location.end()
            key = "any" if settings.api_key is None else "..."
            variables = f"LLAMA_CLOUD_BASE_URL={url} LLAMA_CLOUD_API_KEY={key}"
            noun = "session" if count == 1 else "sessions"
            output.write(f"{count} {noun} at {url} ({variables})\n")
            output.flush()
            server.wait()


@attrs.define(eq=False)
class _Readable:
    """The sessions of a source that can be read; what cannot is noted once."""

    _source: replay.Source
    _location: Location
    _noted: set[str] = attrs.field(factory=set, init=False)

    def summaries(self) -> Iterator[replay.SessionSummary]:
        for summary in self._source.summaries(unreadable=self._note):
            self._location.is_empty = False
            yield summary

    def sessions(self) -> Iterator[replay.Session]:
        return self._source.sessions(unreadable=self._note)

    def session(self, session_id: str) -> replay.Session:
        try:
            return self._source.session(session_id)
        except (replay.DecodeError, replay.BackendError):
            if any(each.session_id == session_id for each in self.summaries()):
                raise
            reason = f"there is no session {session_id!a}"
            raise replay.SessionNotFoundError(self._source.location, reason) from None

    def close(self) -> None:
        """Do nothing: the source stays open."""

    def _note(self, error: "ReadError") -> None:
        if str(error) not in self._noted:
            self._noted.add(str(error))
            self._location.note(error)
