"""What packages register, and what becomes of those that fail."""

import sys
from pathlib import Path

import pytest

from registering import register
from replay.errors import BackendError, DecodeError, PluginError, UnknownNameError
from replay.registry import (
    Installed,
    did_you_mean,
    failure,
    guarded,
    installed,
    load,
    load_all,
    names,
)


def test_our_own_backends_are_registered_like_any_other() -> None:
    assert {"fixture_directory", "json_file"} <= set(names("backend"))


def test_what_another_package_registers_is_found(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    module = register(monkeypatch, tmp_path, "other", "mine = list", backend="mine")
    assert "mine" in names("backend")
    assert load("backend", "mine") is list
    assert module in sys.modules


def test_nothing_is_imported_to_learn_the_names(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    module = register(monkeypatch, tmp_path, "other", "mine = list", backend="mine")
    names("backend")
    assert module not in sys.modules


def test_an_unknown_name_is_refused_with_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'json_file'"):
        load("backend", "json_fiel")


def test_all_known_names_are_listed_where_none_is_near() -> None:
    with pytest.raises(UnknownNameError) as caught:
        load("backend", "xyzzy")
    known = "known: abfs, az, fixture_directory, gcs, gs, http, https, json_file"
    assert known in caught.value.hint
    assert "did you mean" not in caught.value.hint


def test_what_is_installed_is_told_with_its_origin(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    register(monkeypatch, tmp_path, "other", "mine = list", plugin="mine")
    assert Installed("plugin", "mine", "1.2", "other", None) in installed("plugin")


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("1 / 0", "ZeroDivisionError"),
        ("import nowhere_to_be_found", "ModuleNotFoundError"),
        ("raise SystemExit('bye')", "SystemExit: bye"),
        (
            "import replay; raise replay.UnsupportedError('it', 'an extra is missing')",
            "it: an extra is missing",
        ),
        ("yours = list", "AttributeError"),
        ("mine = 7", "cannot be called"),
    ],
)
def test_what_cannot_be_loaded_is_listed_with_its_error(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, code: str, told: str
) -> None:
    register(monkeypatch, tmp_path, "other", code, backend="mine")
    (found,) = [each for each in installed("backend") if each.name == "mine"]
    assert found.error is not None
    assert told in found.error


def test_what_fails_when_asked_for_by_name_is_an_error_with_its_cause(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    register(monkeypatch, tmp_path, "other", "1 / 0", backend="mine")
    with pytest.raises(
        BackendError, match=r"backend 'mine'.*ZeroDivisionError"
    ) as error:
        load("backend", "mine")
    assert isinstance(error.value.__cause__, ZeroDivisionError)


def test_a_plugin_that_fails_is_a_plugin_error(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    register(monkeypatch, tmp_path, "other", "1 / 0", plugin="mine")
    with pytest.raises(PluginError, match=r"plugin 'mine'.*ZeroDivisionError"):
        load("plugin", "mine")


def test_two_packages_that_register_one_name_are_both_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("this", "that"):
        register(monkeypatch, tmp_path, name, "mine = list", backend="mine")
    with pytest.raises(BackendError, match=r"(this and that|that and this); uninstall"):
        load("backend", "mine")


def test_others_come_before_our_own(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    register(monkeypatch, tmp_path, "other", "zzz = list", backend="zzz")
    assert next(load_all("backend"))[0] == "zzz"


def test_what_fails_is_passed_over_where_nobody_asked_for_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    register(monkeypatch, tmp_path, "other", "1 / 0", backend="mine")
    assert "mine" not in [name for name, _ in load_all("backend")]


@pytest.mark.parametrize("error", [KeyboardInterrupt, MemoryError])
def test_interrupts_are_no_failure_of_others(error: type[BaseException]) -> None:
    with pytest.raises(error), guarded("backend", "mine", "fails"):
        raise error


def test_errors_of_this_library_pass_as_they_are() -> None:
    error = DecodeError("$", "empty")
    with pytest.raises(DecodeError) as caught, guarded("plugin", "mine", "fails"):
        raise error
    assert caught.value is error


@pytest.mark.parametrize("error", [StopIteration, GeneratorExit, SystemExit])
def test_what_python_would_swallow_is_a_failure(error: type[BaseException]) -> None:
    with pytest.raises(PluginError) as caught, guarded("plugin", "mine", "fails"):
        raise error
    assert isinstance(caught.value.__cause__, error)


def test_a_command_that_fails_is_named_as_it_is_typed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    register(monkeypatch, tmp_path, "other", "1 / 0", command="mine")
    with pytest.raises(PluginError, match=r"'replay mine'.*ZeroDivisionError"):
        load("command", "mine")


def test_a_failure_is_of_its_kind() -> None:
    assert isinstance(failure("backend", "mine", "is odd"), BackendError)
    assert isinstance(failure("plugin", "mine", "is odd"), PluginError)


def test_nothing_known_is_said_so() -> None:
    assert did_you_mean("mine", []) == "known: none"
