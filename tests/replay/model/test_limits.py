import pytest

from replay.model.limits import Limits


def test_the_limits_are_what_the_documents_promise() -> None:
    assert Limits() == Limits(
        event_bytes=64 * 1024**2, depth=200, response_bytes=256 * 1024**2
    )


@pytest.mark.parametrize("name", ["event_bytes", "depth", "response_bytes"])
def test_a_limit_below_one_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=name):
        Limits(**{name: 0})


@pytest.mark.parametrize("name", ["event_bytes", "depth", "response_bytes"])
def test_a_limit_of_one_is_allowed(name: str) -> None:
    assert getattr(Limits(**{name: 1}), name) == 1


def test_a_depth_that_python_cannot_copy_is_refused() -> None:
    with pytest.raises(ValueError, match="depth"):
        Limits(depth=501)


def test_the_deepest_depth_is_allowed() -> None:
    assert Limits(depth=500).depth == 500
