"""Names that packages register, their options, and plugins by name or file."""

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path, PurePath
from typing import Optional

import attrs
import pytest

from registering import Install
from replay import (
    BackendError,
    DecodeError,
    PluginError,
    ReplayEngine,
    ReplayError,
    Session,
    Text,
    UnknownNameError,
    load_plugin,
)
from replay.registry import (
    EntryPointKind,
    Installed,
    call_factory,
    can_do_without_location,
    did_you_mean,
    guarded,
    installed,
    load,
    load_all,
    names,
    nearest,
)


def test_what_another_package_registers_is_found(install: Install) -> None:
    module = install("other", "mine = list", backend="mine")
    assert "mine" in names("backend")
    assert load("backend", "mine") is list
    assert module in sys.modules


def test_nothing_is_imported_to_learn_the_names(install: Install) -> None:
    module = install("other", "mine = list", backend="mine")
    names("backend")
    assert module not in sys.modules


def test_an_unknown_name_is_refused_with_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'json_file'"):
        load("backend", "json_fiel")
    with pytest.raises(UnknownNameError, match="did you mean 'usage'"):
        load_plugin("usge")


def test_all_known_names_are_listed_where_none_is_near() -> None:
    with pytest.raises(UnknownNameError) as caught:
        load("backend", "xyzzy")
    known = "known: abfs, az, fixture_directory, gcs, gs, http, https, json_file"
    assert known in caught.value.hint
    assert "did you mean" not in caught.value.hint


def test_what_is_installed_is_told_with_its_origin(install: Install) -> None:
    install("other", "mine = list", plugin="mine")
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
    install: Install, code: str, told: str
) -> None:
    install("other", code, backend="mine")
    (found,) = [each for each in installed("backend") if each.name == "mine"]
    assert found.error is not None
    assert told in found.error


@pytest.mark.parametrize(
    ("kind", "error", "name"),
    [
        ("backend", BackendError, "backend 'mine'"),
        ("plugin", PluginError, "plugin 'mine'"),
        ("command", PluginError, "'replay mine'"),
    ],
)
def test_what_fails_when_asked_for_by_name_is_an_error_with_its_cause(
    install: Install, kind: EntryPointKind, error: type[ReplayError], name: str
) -> None:
    install("other", "1 / 0", **{kind: "mine"})
    with pytest.raises(error, match=rf"{name}.*ZeroDivisionError") as caught:
        load(kind, "mine")
    assert isinstance(caught.value.__cause__, ZeroDivisionError)


def test_two_packages_that_register_one_name_are_both_named(install: Install) -> None:
    for name in ("this", "that"):
        install(name, "mine = list", backend="mine")
    with pytest.raises(BackendError, match=r"(this and that|that and this); uninstall"):
        load("backend", "mine")


def test_others_come_before_our_own(install: Install) -> None:
    install("other", "zzz = list", backend="zzz")
    assert next(load_all("backend"))[0] == "zzz"


def test_what_fails_is_passed_over_where_nobody_asked_for_it(install: Install) -> None:
    install("other", "1 / 0", backend="mine")
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


def test_the_short_form_of_one_known_name_is_understood() -> None:
    known = ["text", "markdown", "json"]
    assert nearest("md", known) == "did you mean 'markdown'?"
    assert nearest("md", [*known, "mandatory"]) == ""
    assert [nearest(each, known) for each in ("m", "dn", "mdx", "")] == [""] * 4


def test_of_many_names_only_the_nearest_is_given() -> None:
    known = [f"name-{number:02}" for number in range(21)]
    assert did_you_mean("nam-05", known) == "did you mean 'name-05'?"
    assert did_you_mean("nam-05", known[:20]).endswith(
        "known: " + ", ".join(known[:20])
    )
    assert did_you_mean("xyz", known) == "known: " + ", ".join(known)


def test_nothing_known_is_said_so() -> None:
    assert did_you_mean("mine", []) == "known: none"


@attrs.define(eq=False)
class Counter:
    directory: Path
    depth: int = 3


def typed(annotation: object) -> Callable[..., object]:
    """Return a factory with one option that returns the option's value."""

    def factory(option: object) -> object:
        return option

    factory.__annotations__["option"] = annotation
    return factory


def convert(annotation: object, text: str) -> object:
    """Return the converted value of a typed option."""
    options = {"option": text}
    return call_factory(typed(annotation), options, "plugin", "mine", convert=True)


def test_a_factory_gets_its_options() -> None:
    made = call_factory(Counter, {"directory": Path("a")}, "plugin", "counter")
    assert (made.directory, made.depth) == (Path("a"), 3)


def test_an_unknown_option_is_refused_with_the_nearest() -> None:
    with pytest.raises(UnknownNameError) as caught:
        call_factory(Counter, {"directoy": "a"}, "plugin", "counter")
    assert caught.value.reason == "plugin 'counter' has no option 'directoy'"
    assert caught.value.hint == "did you mean 'directory'? known: depth, directory"


def test_a_missing_option_is_named() -> None:
    with pytest.raises(PluginError, match="needs the option 'directory'"):
        call_factory(Counter, {}, "plugin", "counter")


def test_what_is_given_already_is_no_option() -> None:
    factory = partial(Counter, Path("a"))
    assert call_factory(factory, {"depth": 1}, "backend", "counter").depth == 1
    with pytest.raises(UnknownNameError, match="no option 'directory'"):
        call_factory(factory, {"directory": "b"}, "backend", "counter")


def test_a_factory_of_any_options_gets_them_as_they_are() -> None:
    def factory(**options: object) -> object:
        return options

    made = call_factory(factory, {"a": "1"}, "plugin", "mine", convert=True)
    assert made == {"a": "1"}


def test_an_option_without_a_name_is_none() -> None:
    def factory(option: int = 0, /) -> int:
        return option

    with pytest.raises(UnknownNameError, match="known: none"):
        call_factory(factory, {"option": 1}, "plugin", "mine")


def test_a_factory_that_raises_is_named_with_the_cause() -> None:
    def factory() -> None:
        raise ZeroDivisionError

    with pytest.raises(BackendError, match="backend 'mine': cannot be") as caught:
        call_factory(factory, {}, "backend", "mine")
    assert isinstance(caught.value.__cause__, ZeroDivisionError)


def test_a_factory_whose_options_cannot_be_read_is_named() -> None:
    factory = typed(int)
    factory.__signature__ = "nonsense"  # type: ignore[attr-defined]  # that is the point
    with pytest.raises(PluginError, match="its options cannot be read"):
        call_factory(factory, {}, "plugin", "mine")


@pytest.mark.parametrize(
    ("annotation", "text", "value"),
    [
        (int, "12", 12),
        (float, "1.5", 1.5),
        (float, "inf", float("inf")),
        (bool, "true", True),
        (bool, "No", False),
        (bool, "0", False),
        (str, "12", "12"),
        (Path, "a/b", Path("a/b")),
        (int | None, "12", 12),
        (Optional[Path], "a", Path("a")),  # noqa: UP045 - older packages write it so
        (int | bool, "true", True),
        (int | str, "12", 12),
        (int | str, "twelve", "twelve"),
        (None, "none", "none"),
        ("None", "none", "none"),
        ("int", "12", 12),
        ("int | None", "12", 12),
        ("pathlib.Path", "a", Path("a")),
        ("Unheard | None", "a", "a"),
        (list[int], "1", "1"),
        (object, "1", "1"),
    ],
)
def test_a_string_becomes_what_the_annotation_asks_for(
    annotation: object, text: str, value: object
) -> None:
    converted = convert(annotation, text)
    assert (type(converted), converted) == (type(value), value)


def test_only_strings_are_converted_and_only_where_somebody_asks() -> None:
    def factory(option, /, other=None):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - that is the point
        return option, other

    given: dict[str, object] = {"option": "12"}
    options = {"other": "12"}
    made = call_factory(partial(factory, 1), options, "plugin", "mine", convert=True)
    assert made == (1, "12")
    assert call_factory(typed(int), given, "plugin", "mine") == "12"
    given = {"option": 1.5}
    assert call_factory(typed(int), given, "plugin", "mine", convert=True) == 1.5


@pytest.mark.parametrize("value", [Path("a"), PurePath("a"), None, True])
def test_where_a_path_is_wanted_nothing_else_will_do(value: object) -> None:
    given, factory = {"option": value}, typed("Path | bool | None")
    assert call_factory(factory, given, "plugin", "mine", convert=True) is value
    with pytest.raises(ReplayError, match="option 'option' must be a path, not int"):
        call_factory(factory, {"option": 5}, "plugin", "mine", convert=True)


@pytest.mark.parametrize(
    ("annotation", "wanted"),
    [
        (int, "a whole number"),
        (float, "a number"),
        (bool, "true or false"),
        (int | bool | None, "a whole number or true or false"),
    ],
)
def test_a_bad_value_is_refused_with_what_was_wanted(
    annotation: object, wanted: str
) -> None:
    with pytest.raises(ReplayError) as caught:
        convert(annotation, "ten")
    assert str(caught.value) == (
        f"plugin 'mine': option 'option' must be {wanted}, not 'ten'"
    )


@pytest.mark.parametrize(
    ("factory", "can"),
    [
        (lambda location="home", **_: location, True),
        (lambda location, **_: location, False),
        (lambda **_: None, False),
        (lambda: None, False),
        (type, False),
        (5, False),
    ],
)
def test_a_location_with_a_default_need_not_be_given(
    factory: Callable[..., object], *, can: bool
) -> None:
    assert can_do_without_location(factory) is can


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "mine.py"
    path.write_text("told = []\ndef replay_text(message):\n    told.append(message)\n")
    return path


def test_a_file_is_a_plugin(file: Path) -> None:
    plugin = load_plugin(str(file))
    ReplayEngine([plugin]).replay(Session("s", events=[Text("a")]))
    assert [message.content for message in plugin.told] == ["a"]


def test_a_file_takes_no_options(file: Path) -> None:
    with pytest.raises(UnknownNameError, match="takes no options"):
        load_plugin(str(file), depth=1)
