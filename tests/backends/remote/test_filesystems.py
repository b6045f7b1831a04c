"""The door to fsspec."""

import sys

import pytest

from replay_backends.remote.filesystems import file_system, parse
from replay_command import Run


@pytest.mark.parametrize(
    ("url", "name", "package"),
    [
        ("memory://a", "fsspec", "chat-replay[remote]"),
        ("s3://b/a", "s3fs", "chat-replay[remote]"),
        ("gs://b/a", "gcsfs", "gcsfs"),
        ("abfs://b/a", "adlfs", "adlfs"),
    ],
)
def test_where_a_package_is_missing_one_line_tells(
    monkeypatch: pytest.MonkeyPatch, run: Run, url: str, name: str, package: str
) -> None:
    for each in (name, f"{name}.core"):  # as if it were not installed
        monkeypatch.setitem(sys.modules, each, None)
    done = run("ls", url)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        f"replay: error: {url}: {name} is needed, and cannot be imported "
        f'(pip install "{package}")\n'
    )


def test_a_root_is_what_the_file_system_calls_it() -> None:
    assert file_system(parse("memory://a/b/"), {}).root == "/a/b"
    assert file_system(parse("memory://"), {}).root == ""
    assert file_system(parse("s3://b/a/"), {}).root == "b/a"
