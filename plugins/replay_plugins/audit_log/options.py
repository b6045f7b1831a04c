"""What the plugin's options may be."""

import os
import pwd
from typing import Final, get_args

from replay import UnknownNameError
from replay_plugins.audit_log.content import ContentPolicy
from replay_plugins.audit_log.policy import Sync, SyncWord

_WORDS: Final = {"content": get_args(ContentPolicy), "sync": get_args(SyncWord)}


def login_name() -> str:
    """Return the name of the user whom this process runs as."""
    return name_of(os.getuid())


def name_of(user: int) -> str:
    """Return the name of a user; of one who has none, the number."""
    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:
        return f"user {user}"


def check_words(*, content: str, sync: Sync) -> None:
    """Refuse policies that are not known.

    Raises:
        UnknownNameError: There is no such policy.
    """
    for option, word in (("content", content), ("sync", sync)):
        known = _WORDS[option]
        if isinstance(word, str) and word not in known:
            reason = f"there is no {option} {word!r}"
            raise UnknownNameError(reason, f"known: {', '.join(known)}")


def check_numbers(**numbers: float | str | None) -> None:
    """Refuse numbers that are not above zero; words and None are passed over.

    Raises:
        ValueError: A number is zero or below.
    """
    for name, number in numbers.items():
        if isinstance(number, int | float) and not number > 0:
            message = f"{name} must be above zero, not {number!r}"
            raise ValueError(message)
