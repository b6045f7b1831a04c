"""Which backend serves a location."""

from pathlib import Path

import pytest

from registering import register
from replay.errors import BackendError, UnknownNameError
from replay.sources.source import open_backend

#: A backend that tells what it was given; where it claims is up to the test.
TELLING = """
class mine:
    def __init__(self, location, **options):
        self.told = (location, options)

    claims = None
"""
CLAIMING = TELLING.replace("None", "staticmethod(lambda path: path.endswith('.mine'))")
RAISING = TELLING.replace("None", "staticmethod(lambda path: 1 / 0)")


def kind_of(location: str | Path) -> str:
    """Return the name of the backend's class."""
    return type(open_backend(location, {})).__name__


def test_a_file_is_read_as_json(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.touch()
    assert kind_of(path) == kind_of(str(path)) == "JSONFileBackend"


def test_a_directory_is_one_of_fixtures(tmp_path: Path) -> None:
    assert kind_of(tmp_path) == "FixtureDirectoryBackend"


def test_a_backend_can_be_named(tmp_path: Path) -> None:
    assert kind_of(f"fixture_directory:{tmp_path}") == "FixtureDirectoryBackend"
    with pytest.raises(BackendError, match="a directory, not a file or a pipe"):
        kind_of(f"json_file:{tmp_path}")


def test_a_named_backend_gets_the_rest_of_the_location(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    register(monkeypatch, tmp_path, "other", TELLING, backend="mine")
    assert open_backend("mine:a:b", {"x": 1}).told == ("a:b", {"x": 1})


def test_the_backend_of_a_scheme_gets_the_whole_url(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    register(monkeypatch, tmp_path, "other", TELLING, backend="mine")
    assert open_backend("mine://a/b", {}).told == ("mine://a/b", {})


def test_a_backend_with_a_place_of_its_own_may_be_named_alone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    homely = TELLING.replace("self, location", "self, location='home'")
    register(monkeypatch, tmp_path, "other", homely, backend="mine")
    assert open_backend("mine:", {"x": 1}).told == ("", {"x": 1})


def test_a_path_object_names_no_backend(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    register(monkeypatch, tmp_path, "other", TELLING, backend="mine")
    monkeypatch.chdir(tmp_path)
    Path("mine:a").touch()
    assert kind_of(Path("mine:a")) == "JSONFileBackend"


def test_an_unknown_scheme_is_refused_with_the_backends_that_are_known() -> None:
    with pytest.raises(UnknownNameError) as caught:
        open_backend("jsn_file://a", {})
    assert "no backend 'jsn_file'" in caught.value.reason
    assert "did you mean 'json_file'?" in caught.value.hint
    assert "known: abfs, az, fixture_directory, gcs, gs, http" in caught.value.hint


def test_a_password_in_a_location_that_nobody_serves_is_not_shown() -> None:
    with pytest.raises(UnknownNameError) as caught:
        open_backend("sftp://me:word@host/a", {})
    assert caught.value.reason.startswith("sftp://***@host/a: there is no such file")


def test_a_file_may_have_a_colon_in_its_name(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("chat:1").touch()
    assert kind_of("chat:1") == "JSONFileBackend"


def test_the_letter_of_a_drive_is_no_scheme(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    register(monkeypatch, tmp_path, "other", "C = list", backend="C")
    with pytest.raises(BackendError, match="no such file or directory"):
        open_backend("C:\\sessions.json", {})


@pytest.mark.parametrize(
    ("location", "reason"),
    [
        ("missing.json", "no such file or directory"),
        ("a.json/b", "not a directory"),
        ("", "a file name is needed"),
        ("a\0b", "embedded null"),
        ("\ud800", "surrogates not allowed"),
        ("x" * 300, "file name too long"),
        ("loop", "too many levels of symbolic links"),
        ("dangling", "no such file or directory"),
    ],
)
def test_what_is_not_there_is_refused_with_the_reason(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, location: str, reason: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.json").touch()
    Path("loop").symlink_to("loop")
    Path("dangling").symlink_to("nowhere")
    with pytest.raises(BackendError, match=reason):
        open_backend(location, {})


def test_another_package_can_claim_a_file_before_ours(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    register(monkeypatch, tmp_path, "other", CLAIMING, backend="mine")
    for name in ("a.mine", "a.json"):
        (tmp_path / name).touch()
    assert kind_of(tmp_path / "a.mine") == "mine"
    assert kind_of(tmp_path / "a.json") == "JSONFileBackend"


@pytest.mark.parametrize("code", [TELLING, RAISING, "1 / 0"])
def test_a_backend_that_does_not_claim_or_fails_disturbs_nobody(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, code: str
) -> None:
    register(monkeypatch, tmp_path, "other", code, backend="mine")
    assert kind_of(tmp_path) == "FixtureDirectoryBackend"


def test_a_backend_that_cannot_be_imported_is_named_where_it_is_asked_for(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    register(monkeypatch, tmp_path, "other", "1 / 0", backend="mine")
    with pytest.raises(BackendError, match="backend 'mine'") as caught:
        open_backend("mine:a", {})
    assert isinstance(caught.value.__cause__, ZeroDivisionError)


def test_an_unknown_option_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError) as caught:
        open_backend(tmp_path, {"stict": True})
    assert "'fixture_directory' has no option 'stict'" in caught.value.reason
    assert caught.value.hint == (
        "did you mean 'strict'? known: create, limits, pattern, strict"
    )


def test_where_no_backend_reads_a_path_that_is_said(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("sys.path", [])  # nothing is installed
    with pytest.raises(UnknownNameError, match="no backend reads this"):
        open_backend(tmp_path, {})


def test_a_backend_without_a_location_is_refused() -> None:
    for location in "json_file:", "fixture_directory:":
        with pytest.raises(BackendError, match="a location is needed"):
            open_backend(location, {})
