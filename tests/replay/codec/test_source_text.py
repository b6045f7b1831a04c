"""A recording's text, wherever it is."""

import io

import pytest

from replay.codec.stored_history import SourceText
from replay.errors import BackendError, BackendUnavailableError


def test_what_the_system_refuses_names_the_text() -> None:
    text = SourceText(io.BytesIO, "it")
    with pytest.raises(BackendError) as caught, text.opened():
        raise OSError(5, "Input/output error")
    assert str(caught.value) == "it: input/output error"


def test_a_source_that_cannot_be_reached_is_told_as_it_is() -> None:
    error = BackendUnavailableError("there", "it does not answer")
    text = SourceText(io.BytesIO, "it")
    with pytest.raises(BackendUnavailableError) as caught, text.opened():
        raise error
    assert caught.value is error
