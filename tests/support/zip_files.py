"""Zip files, valid ones and others."""

import gzip
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path


def document(session_id: str, text: str = "Yes.") -> bytes:
    event = {"type": "text", "content": text}
    return json.dumps({"session_id": session_id, "events": [event]}).encode()


#: Files of sessions, two of which share an id.
FILES = {
    "sub0/x.json": document("c", "0"),
    "sub1/x.json": document("b", "1"),
    "sub2/x.json.gz": gzip.compress(document("a", "2")),
    "sub3/x.jsonl": document("b", "3") + b"\n" + document("d", "4"),
    "list.json": b'[{"type": "text", "content": "Yes."}]',
}


def write_zip(path: Path, files: Mapping[str, bytes], *, packed: bool = True) -> Path:
    packing = zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED
    with zipfile.ZipFile(path, "w", packing) as file:
        for name, data in files.items():
            info = zipfile.ZipInfo(name)
            info.filename = name  # as it is, even if it leads outside
            info.compress_type = packing
            file.writestr(info, data)
    return path


def encrypted(data: bytes) -> bytes:
    """Return a zip file of one member that claims to be encrypted."""
    changed = bytearray(data)
    changed[data.index(b"PK\3\4") + 6] |= 1
    changed[data.index(b"PK\1\2") + 8] |= 1
    return bytes(changed)
