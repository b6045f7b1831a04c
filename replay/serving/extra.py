"""The extra that serving needs."""

from importlib import import_module
from typing import Final

from replay.errors import UnsupportedError

_WHAT: Final = "replay serve"


def require_extra() -> None:
    """Check that what serving needs is installed.

    Raises:
        UnsupportedError: It is not.
    """
    for name in ("starlette", "uvicorn"):
        try:
            import_module(name)
        except ImportError as error:
            reason = f"{name} is needed, and cannot be imported"
            hint = 'pip install "chat-replay[serve]"'
            raise UnsupportedError(_WHAT, reason, hint) from error
