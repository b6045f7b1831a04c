"""The index of a directory's sessions in the user's cache directory."""

import os
from hashlib import blake2b
from pathlib import Path


def cached_index(folder: Path) -> Path:
    """Return where a directory's index is, with XDG_CACHE_HOME set."""
    digest = blake2b(os.fsencode(folder.resolve()), digest_size=16).hexdigest()
    cache = Path(os.environ["XDG_CACHE_HOME"])
    return cache / "chat-replay" / f"{digest}.index.json"
