"""``replay serve``, which serves recorded sessions over HTTP."""

from typing import Any

import click

from replay.cli import output
from replay.cli.arguments import Choice, location_argument
from replay.testing.server.faults import NAMES, Fault, parse_fault
from replay.testing.server.settings import ServerSettings, require_extra


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
def command(location: str, **options: Any) -> None:  # noqa: ANN401 - checked by click
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


def _serve(location: str, settings: ServerSettings) -> None:
    require_extra()
    from replay.testing.server.server import LlamaCloudServer  # noqa: PLC0415 - the extra

    with LlamaCloudServer(location, settings) as server:
        count, url = server.session_count, server.url
        key = "any" if settings.api_key is None else "..."
        variables = f"LLAMA_CLOUD_BASE_URL={url} LLAMA_CLOUD_API_KEY={key}"
        noun = "session" if count == 1 else "sessions"
        output.write(f"{count} {noun} at {url} ({variables})\n")
        output.flush()
        server.wait()
