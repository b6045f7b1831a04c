"""The options of a batch: their values and combinations."""

import click
import pytest
from click.shell_completion import ShellComplete
from click.testing import CliRunner

from replay.cli.app import command as replay_command
from replay.cli.batch_options import BatchOptions, batch_options


@click.command()
@batch_options
def show(**given: object) -> None:
    """Print the options that differ from their defaults."""
    options = BatchOptions(**given)  # type: ignore[arg-type]  # checked by click
    options.check()
    without = BatchOptions()
    for name in BatchOptions.__annotations__:
        if getattr(options, name) != getattr(without, name):
            click.echo(f"{name}={getattr(options, name)!r}")


def output_of(*arguments: str) -> str:
    """Return the output."""
    return CliRunner().invoke(show, arguments).output


def test_no_option_makes_no_batch() -> None:
    assert output_of() == ""


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--jobs", "1"], "jobs=1\n"),
        (["--dask", "tcp://127.0.0.1:8786"], "dask='tcp://127.0.0.1:8786'\n"),
        (["--checkpoint", "a b?#%"], "checkpoint='a b?#%'\n"),
        (["--gather", "a", "--gather", "b"], "gather=('a', 'b')\n"),
        (["--shard", "1/1"], "shard=(1, 1)\n"),
        (["--shard", "7/12"], "shard=(7, 12)\n"),
        (["--keep-going"], "keep_going=True\n"),
        (["--report", "-"], "report='-'\n"),
        (["--jobs=2", "--time-limit=0.5"], "jobs=2\ntime_limit=0.5\n"),
        (["--jobs=2", "--memory-limit=512M"], f"jobs=2\nmemory_limit={512 << 20}\n"),
        (["--jobs=2", "--memory-limit=3g"], f"jobs=2\nmemory_limit={3 << 30}\n"),
        (["--dask=x", "--memory-limit=9000"], "dask='x'\nmemory_limit=9000\n"),
    ],
)
def test_an_option_is_taken_as_what_it_says(
    arguments: list[str], expected: str
) -> None:
    assert output_of(*arguments) == expected


@pytest.mark.parametrize(
    "argument",
    [
        *("--jobs=0", "--jobs=-1", "--jobs=two", "--jobs=", "--jobs=1.5"),
        *("--dask=", "--dask= ", "--checkpoint=", "--gather=", "--report="),
        *("--shard=0/2", "--shard=3/2", "--shard=1", "--shard=1/0", "--shard=/"),
        *("--shard=-1/2", "--shard=1/2/3", "--shard=1 /2", "--shard=\u0661/\u0662"),
        *("--time-limit=0", "--time-limit=-1", "--time-limit=nan", "--time-limit=inf"),
        *("--time-limit=soon", "--memory-limit=0", "--memory-limit=0M"),
        *("--memory-limit=-1M", "--memory-limit=1.5G", "--memory-limit=M"),
        *("--memory-limit=512MB", "--memory-limit=much", "--memory-limit=\u0661M"),
    ],
)
def test_a_wrong_value_is_refused_and_named(argument: str) -> None:
    name = argument.partition("=")[0]
    assert f"Error: Invalid value for '{name}': " in output_of("--jobs=1", argument)


def test_processes_and_a_cluster_exclude_each_other() -> None:
    assert "--jobs and --dask exclude each other" in output_of("--jobs=1", "--dask=x")


@pytest.mark.parametrize("kept", ["--checkpoint", "--gather"])
def test_a_report_does_not_take_the_place_of_a_checkpoint(kept: str) -> None:
    output = output_of("--report=./a", kept, "a")
    assert f"--report and {kept} name one file" in output
    assert "report='b'" in output_of("--report=b", kept, "a")


@pytest.mark.parametrize("limit", ["--time-limit", "--memory-limit"])
def test_a_limit_needs_processes_that_may_be_ended(limit: str) -> None:
    assert f"{limit} needs --jobs or --dask" in output_of(limit, "9")


@pytest.mark.parametrize("option", ["--checkpoint", "--gather", "--report"])
def test_a_shell_completes_files(option: str) -> None:
    complete = ShellComplete(replay_command, {}, "replay", "_REPLAY_COMPLETE")
    completions = complete.get_completions(["run", "x", option], "")
    assert [each.type for each in completions] == ["file"]
