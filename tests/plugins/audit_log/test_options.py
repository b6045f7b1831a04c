"""What the plugin's options may be; test_plugin.py has those that are refused."""

import getpass

import pytest

from replay_plugins.audit_log.session_records import (
    check_numbers,
    check_words,
    login_name,
    name_of,
)


def test_words_and_numbers_that_are_known_are_taken() -> None:
    check_words(content="full", sync=5)
    check_numbers(sync="record", max_bytes=None, max_age=0.1)


def test_the_environment_cannot_name_another_actor(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("LOGNAME", "somebody")
    assert getpass.getuser() == "somebody"
    assert login_name() != "somebody"


def test_a_user_without_a_name_is_a_number() -> None:
    assert name_of(54321) == "user 54321"
