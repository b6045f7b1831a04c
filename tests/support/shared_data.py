"""The folder of test data beside the checkout."""

import os
from pathlib import Path


def shared_folder() -> Path:
    """Return the folder of shared test data, which may not be there."""
    beside_checkout = Path(__file__).resolve().parents[3] / "shared"
    return Path(os.environ.get("CHAT_REPLAY_SHARED") or beside_checkout)
