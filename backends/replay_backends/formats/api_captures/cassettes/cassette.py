"""A cassette: the HTTP requests and responses that a test recorded."""

import re
import sys
import zlib
from base64 import b64decode
from collections.abc import Mapping
from importlib import import_module
from typing import Any, Final

import attrs

from replay.authoring import parse_json, write_decoded
from replay.errors import DecodeError, UnrecognizedError
from replay_backends.formats.api_captures.cassettes.safe_yaml import read_yaml
from replay_backends.formats.head import Head
from replay_backends.formats.members import member
from replay_backends.formats.recording import Recording

_LISTS: Final = ("interactions", "http_interactions")
_YAML: Final = re.compile(r"^(?:(?:http_)?interactions:|- request:)", re.MULTILINE)
#: Python's own from 3.14 on.
_ZSTD_MODULE: Final = (
    "compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd"
)
_ZSTD: Final = b"\x28\xb5\x2f\xfd"
_MOST_UNPACKED: Final = 64 << 20  # bytes


@attrs.frozen
class Interaction:
    """A request and its response."""

    at: str
    #: What may be shown of it: others of its members hold keys.
    shown: Mapping[str, object]
    request: Any  #: its body, if that is JSON
    response: bytes  #: its body, unpacked
    time: object = None  #: when it was recorded

    @property
    def status(self) -> int:
        """Return the status of the response; 0: not recorded."""
        found = self.shown.get("status")
        return found if isinstance(found, int) else 0


def is_cassette(head: Head) -> bool:
    """Tell whether a recording that begins so is a cassette."""
    if head.layout == "other":
        return bool(_YAML.search(head.text)) and "request:" in head.text
    if head.layout == "list":
        return _are_interactions(head.records)
    for name in _LISTS:
        found = head.members.get(name)
        if isinstance(found, list):
            is_cut = not (found or head.is_whole)
            return '"request"' in head.text if is_cut else _are_interactions(found)
    return False


def interactions_in(recording: Recording) -> list[Interaction]:
    """Return the interactions of a cassette.

    Raises:
        UnrecognizedError: It isn't one.
        DecodeError: It is damaged.
        UnsupportedError: It is YAML, and PyYAML isn't installed.
    """
    if recording.head.layout == "other":
        value = read_yaml(recording)
    else:
        value = recording.document()
    found, at = value, ""
    for name in _LISTS:
        if isinstance(member(value, name), list):
            found, at = member(value, name), f"/{name}"
    if not isinstance(found, list):
        where, reason = "$", "no interactions are in it"
        raise UnrecognizedError(where, reason, recording.text.source)
    return [_interaction(f"{at}/{n}", each) for n, each in enumerate(found)]


def _are_interactions(found: object) -> bool:
    match found:
        case [{"request": dict(), "response": dict()}, *_]:
            return True
    return False


def _interaction(at: str, value: object) -> Interaction:
    request, response = member(value, "request"), member(value, "response")
    uri = member(request, "uri")
    return Interaction(
        at,
        {
            "method": member(request, "method"),
            "uri": re.sub(r"//[^/]*@|[?#].*", _without_keys, uri)
            if isinstance(uri, str)
            else None,
            "status": member(response, "status", "code"),
        },
        _json(_body(request)),
        _body(response),
        member(value, "recorded_at"),
    )


def _without_keys(found: re.Match[str]) -> str:
    return "//" if found[0].startswith("//") else ""


def _json(data: bytes) -> Any:  # noqa: ANN401 - JSON
    try:
        return parse_json(data).value
    except DecodeError:
        return None


def _body(side: object) -> bytes:
    """Return the body of a request or a response; empty: there is none that is read."""
    parsed = member(side, "parsed_body")
    body = member(side, "body") if parsed is None else parsed
    if parsed is None and isinstance(body, dict):
        if "string" in body:
            body = body["string"]
        elif isinstance(packed := body.get("base64_string"), str):
            body = _decoded(packed)
    if isinstance(body, bytes):
        return _unpacked(body)
    if isinstance(body, str):
        return body.encode("utf-8", "surrogatepass")
    return b"" if body is None else write_decoded(body)


def _decoded(text: str) -> bytes:
    try:
        return b64decode(text)
    except ValueError:
        return b""


def _unpacked(data: bytes) -> bytes:
    """Return a body as it was before it was packed; its headers may be wrong."""
    if data.startswith(_ZSTD):
        return _from_zstd(data)
    if not data.startswith((b"\x1f\x8b", b"x")):
        return data
    unpack = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)
    try:
        return unpack.decompress(data, _MOST_UNPACKED) or data
    except zlib.error:
        return data


def _from_zstd(data: bytes) -> bytes:
    zstd = import_module(_ZSTD_MODULE)
    try:
        unpacked: bytes = zstd.ZstdDecompressor().decompress(data, _MOST_UNPACKED)
    except zstd.ZstdError:
        return data
    return unpacked or data
