"""What the system refuses, told plainly."""

import errno
import os
from pathlib import Path

import pytest

from replay.errors import BackendError, DecodeError, os_errors_of


def test_what_the_system_refuses_names_the_source_and_the_reason() -> None:
    error = OSError(errno.EACCES, os.strerror(errno.EACCES))
    with pytest.raises(BackendError) as caught, os_errors_of("a.json"):
        raise error
    assert str(caught.value) == "a.json: permission denied"
    assert caught.value.__cause__ is error


def test_an_error_without_a_number_tells_what_it_says() -> None:
    with pytest.raises(BackendError, match=r"a\.json: not seekable"):  # noqa: SIM117, PT012 - one block would hide which raises
        with os_errors_of("a.json"):
            message = "Not seekable"
            raise OSError(message)


def test_a_name_that_no_file_can_have_is_refused() -> None:
    with pytest.raises(BackendError, match="embedded null"), os_errors_of("\0"):
        Path("\0").stat()


def test_errors_of_this_library_pass_as_they_are() -> None:
    error = DecodeError("$", "empty")
    with pytest.raises(DecodeError) as caught, os_errors_of("a.json"):
        raise error
    assert caught.value is error
