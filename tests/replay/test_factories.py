"""Options, as a factory takes them and as a user types them."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Optional

import attrs
import pytest

from replay.errors import BackendError, PluginError, ReplayError, UnknownNameError
from replay.registry import call_factory, can_do_without_location


@attrs.define(eq=False)
class Counter:
    directory: Path
    depth: int = 3


def typed(annotation: object) -> Callable[..., object]:
    """Return a factory of one option, which returns what it was given."""

    def factory(option: object) -> object:
        return option

    factory.__annotations__["option"] = annotation
    return factory


def convert(annotation: object, text: str) -> object:
    """Return what becomes of an option that was typed."""
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


def test_a_string_stays_a_string_without_an_annotation() -> None:
    def factory(option, /, other=None):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - that is the point
        return option, other

    options = {"other": "12"}
    made = call_factory(partial(factory, 1), options, "plugin", "mine", convert=True)
    assert made == (1, "12")


def test_a_string_stays_a_string_where_nobody_asks_for_conversion() -> None:
    assert call_factory(typed(int), {"option": "12"}, "plugin", "mine") == "12"


def test_what_is_no_string_is_not_converted() -> None:
    options = {"option": 1.5}
    assert call_factory(typed(int), options, "plugin", "mine", convert=True) == 1.5


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
