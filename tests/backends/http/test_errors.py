"""Failures and refusals on the wire, each with a clear error."""

import gzip
import json
import pickle
import socket
import ssl
import subprocess
import sys
import threading
import zlib
from collections.abc import Callable
from datetime import UTC, datetime
from importlib import import_module

import pytest
import trustme

import replay
from chat_api import delta, document
from http_server import (
    KEY,
    PATIENCE,
    Request,
    Web,
    always,
    answer,
    head,
    in_turn,
    json_answer,
    reset,
    secure,
)

_ZSTD_MODULE = "compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd"
SESSION = document("ses-1", delta("Grüße"))
BODY = json.dumps(SESSION, ensure_ascii=False).encode()
GOOD = answer(BODY)
JSON = "Content-Type: application/json"
PORTAL = b"<html>\x1b[31m" + b"x" * 1000


def raised(source: replay.Source) -> replay.ReplayError:
    with pytest.raises(replay.ReplayError) as caught:
        source.session("ses-1")
    return caught.value


def chunked(*chunks: bytes) -> bytes:
    """Return a chunked answer without the last, empty chunk."""
    pieces = [b"%x\r\n%b\r\n" % (len(each), each) for each in chunks]
    return head(200, JSON, "Transfer-Encoding: chunked") + b"".join(pieces)


def waiting(data: bytes) -> Callable[[Request, socket.socket], None]:
    """Return a handler that sends *data*, then nothing while the client waits."""

    def handler(_: Request, connection: socket.socket) -> None:
        connection.sendall(data)
        connection.recv(1)

    return handler


def dripping(data: bytes) -> Callable[[Request, socket.socket], None]:
    """Return a handler that sends *data* a byte at a time, one every 50 ms."""
    pause = threading.Event()

    def handler(_: Request, connection: socket.socket) -> None:
        for i in range(len(data)):
            connection.sendall(data[i : i + 1])
            pause.wait(0.05)

    return handler


TRUNCATED = {
    "shorter than its Content-Length": always(GOOD[:-5]),
    "cut within a character": always(GOOD[: GOOD.index("ü".encode()) + 1]),
    "chunks that do not end": always(chunked(BODY)),
    "cut within a chunk": always(chunked(BODY)[:-9]),
    "a chunk size that is no number": always(chunked(BODY) + b"zz\r\n"),
    "reset within the body": reset(GOOD[:-5]),
    "half of a status line": always(b"HTT"),
    "a status line and no more": always(b"HTTP/1.1 200 OK\r\n"),
    "cut within a header": always(GOOD[: GOOD.index(b"Length")]),
    "cut before the line that ends the headers": always(head(200, JSON)[:-2]),
    "reset within a header": reset(GOOD[: GOOD.index(b"Length")]),
    "only early hints": always(head(103)),
    "closed without a byte": always(),
    "reset without a byte": reset(b""),
}
GARBLED = {
    "half of a word": b"hel",
    "no HTTP at all": b"hello\r\n\r\n",
    "HTTP/0.9": b"<html>hello</html>",
    "a status that is no number": b"HTTP/1.1 abc OK\r\n\r\n",
    "two Content-Lengths": answer(BODY, 200, "Content-Length: 3"),
    "a header of 70 KB": answer(BODY, 200, "X-Long: " + "x" * 70_000),
    "101 headers": answer(BODY, 200, *(f"X-{i}: x" for i in range(101))),
    "a flood of 1xx answers": b"HTTP/1.1 100 Continue\r\n\r\n" * 50_000 + GOOD,
    "six encodings": answer(BODY, 200, "Content-Encoding: " + "gzip, " * 5 + "gzip"),
    "no gzip data": answer(BODY, 200, "Content-Encoding: gzip"),
}
NOT_THE_SERVICE = {
    "a captive portal": answer(PORTAL, 200, "Content-Type: text/html"),
    "no content": answer(b"", 204),
    "accepted": answer(BODY, 202),
    "a part": answer(BODY, 206),
    "not modified": answer(b"", 304),
    "another protocol": answer(b"", 101),
    "status 999": answer(BODY, 999),
}
SLOW = {
    "nothing at all": waiting(b""),
    "half of the headers": waiting(GOOD[:20]),
    "half of the body": waiting(GOOD[:-5]),
    "a drip of headers": dripping(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 1000),
    "a drip of body": dripping(head(200, JSON) + b" " * 1000),
    "a drip of chunks": dripping(chunked(*[b" "] * 200)),
}


@pytest.mark.parametrize("name", TRUNCATED)
def test_an_answer_that_breaks_off_is_asked_for_again(
    web: Web, waits: list[float], name: str
) -> None:
    server = web.serve(TRUNCATED[name])
    error = raised(web.source(server))
    if "without" in name:
        assert type(error) is replay.BackendUnavailableError
    else:
        assert type(error) is replay.TruncatedResponseError
    assert len(server.requests) == 6
    assert len(waits) == 5


@pytest.mark.parametrize("bad", [GOOD[:-5], chunked(BODY), b""])
def test_an_answer_that_is_whole_the_second_time_is_the_answer(
    web: Web, waits: list[float], bad: bytes
) -> None:
    answers = iter([bad, GOOD])
    server = web.serve(lambda _, connection: connection.sendall(next(answers)))
    (event,) = web.source(server).session("ses-1").events
    assert event == replay.TextDelta("Grüße")
    assert len(waits) == 1


@pytest.mark.parametrize("cut", [1, 4, 8, 20])
@pytest.mark.parametrize("encoding", ["gzip", "deflate", "zstd", "gzip, gzip"])
def test_a_packed_body_that_ends_too_soon_is_asked_for_again(
    web: Web, waits: list[float], encoding: str, cut: int
) -> None:
    data = packed(encoding, BODY)
    data = packed("gzip", data[:-cut])[:-1] if "," in encoding else data[:-cut]
    header = f"Content-Encoding: {encoding}"
    server = web.serve(in_turn(answer(data, 200, header), GOOD))
    assert web.source(server).session("ses-1")
    assert len(waits) == 1
    error = raised(web.source(always(answer(data, 200, header))))
    assert type(error) is replay.TruncatedResponseError


def test_what_follows_a_packed_body_is_ignored(web: Web) -> None:
    data = answer(gzip.compress(BODY) + b"garbage", 200, "Content-Encoding: gzip")
    assert web.source(always(data)).session("ses-1")


@pytest.mark.parametrize("statuses", [[102], [103], [100, 100], [100, 102, 103, 199]])
def test_interim_answers_are_skipped(web: Web, statuses: list[int]) -> None:
    interim = b"".join(head(each, "Link: </x>; rel=preload") for each in statuses)
    kept = interim + answer(BODY, close=False)

    def handler(_: Request, connection: socket.socket) -> bool:
        connection.sendall(kept)
        return True

    server = web.serve(handler)
    source = web.source(server)
    assert source.session("ses-1") == source.session("ses-1")
    assert server.connections == 1


@pytest.mark.parametrize("name", GARBLED)
def test_an_answer_that_is_not_http_as_it_should_be_is_refused(
    web: Web, waits: list[float], name: str
) -> None:
    server = web.serve(always(GARBLED[name]))
    assert type(raised(web.source(server))) is replay.BadResponseError
    assert not waits


@pytest.mark.parametrize("name", NOT_THE_SERVICE)
def test_what_is_not_the_service_is_refused(
    web: Web, waits: list[float], name: str
) -> None:
    error = raised(web.source(always(NOT_THE_SERVICE[name])))
    assert type(error) is replay.BadResponseError
    assert len(str(error)) < 300
    assert name != "a captive portal" or "text/html: '<html>␛[31mxxx" in str(error)
    assert not waits


@pytest.mark.parametrize(
    "data",
    [
        answer(BODY[:-9]),
        head(200, JSON) + BODY[:-9],
    ],
    ids=["with a length", "without"],
)
def test_a_cut_that_http_does_not_see_is_seen_and_tried_once_more(
    web: Web, waits: list[float], data: bytes
) -> None:
    server = web.serve(always(data))
    assert type(raised(web.source(server))) is replay.DecodeError
    assert len(server.requests) == 2
    assert len(waits) == 1


@pytest.mark.parametrize("name", SLOW)
def test_a_slow_answer_ends_with_the_time_that_it_was_given(
    web: Web, name: str
) -> None:
    server = web.serve(SLOW[name])
    error = raised(web.source(server, timeout=0.5))
    assert isinstance(error, replay.DeadlineExceededError)
    assert "within 0.5 seconds" in str(error)
    assert len(server.requests) == 1


def test_a_port_where_nobody_listens_is_tried_again(
    web: Web, waits: list[float]
) -> None:
    server = web.serve(always())
    source = web.source(server)
    server.stop()
    assert type(raised(source)) is replay.BackendUnavailableError
    assert len(waits) == 5


def test_a_body_past_the_limit_is_refused_at_once(web: Web, waits: list[float]) -> None:
    server = web.serve(always(GOOD))
    source = web.source(server, limits=replay.Limits(response_bytes=len(BODY) - 1))
    error = raised(source)
    assert isinstance(error, replay.LimitExceededError)
    assert "response_bytes" in error.hint
    assert len(server.requests) == 1
    assert not waits
    limits = replay.Limits(response_bytes=len(BODY))
    assert web.source(server, limits=limits).session("ses-1")


def test_a_packed_body_is_unpacked_and_a_length_beside_chunks_no_matter(
    web: Web,
) -> None:
    for encoding in ("gzip", "deflate", "zstd", "gzip, gzip"):
        header = f"Content-Encoding: {encoding}"
        data = answer(packed(encoding, BODY), 200, header)
        assert len(web.source(always(data)).session("ses-1").events) == 1
    data = chunked(BODY).replace(b"\r\n", b"\r\nContent-Length: 3\r\n", 1)
    source = web.source(always(data + b"0\r\n\r\n"))
    assert len(source.session("ses-1").events) == 1


def packed(encodings: str, data: bytes) -> bytes:
    compress: dict[str, Callable[[bytes], bytes]] = {
        "gzip": gzip.compress,
        "deflate": zlib.compress,
        "zstd": import_module(_ZSTD_MODULE).compress,
    }
    for each in encodings.split(", "):
        data = compress[each](data)
    return data


def packer_of(encoding: str) -> Callable[[bytes], bytes]:
    if encoding == "zstd":
        compress: Callable[[bytes], bytes] = import_module(_ZSTD_MODULE).compress
        return compress
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    return lambda piece: packer.compress(piece) + packer.flush(zlib.Z_SYNC_FLUSH)


BOMB = """
import resource, sys, time, replay
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
limits = replay.Limits(response_bytes=64 << 20)
try:
    with replay.open(sys.argv[1], api_key="llx-0", limits=limits) as source:
        source.session("ses-1")
except replay.LimitExceededError:
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    print(grown // 1024, time.process_time())
"""


@pytest.mark.slow
@pytest.mark.parametrize("encodings", ["gzip", "gzip, gzip", "zstd"])
def test_a_bomb_of_10_gb_ends_at_the_limit_in_flat_memory(
    web: Web, encodings: str
) -> None:
    zeros = bytes(1 << 20)

    def bomb(_request: Request, connection: socket.socket) -> None:
        connection.sendall(head(200, JSON, f"Content-Encoding: {encodings}"))
        packers = [packer_of(each) for each in encodings.split(", ")]
        for _ in range(10 << 10):
            piece = zeros
            for packer in packers:
                piece = packer(piece)
            connection.sendall(piece)

    server = web.serve(bomb)
    done = subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-c", BOMB, server.url],
        capture_output=True,
        check=True,
        timeout=60,
    )
    megabytes, seconds = done.stdout.split()
    assert int(megabytes) < 60
    assert float(seconds) < 20


def test_a_good_certificate_is_taken(
    monkeypatch: pytest.MonkeyPatch, web: Web, authority: trustme.CA, trusted: str
) -> None:
    server = web.serve(always(GOOD), secure(authority))
    assert web.source(server, verify=trusted).session("ses-1")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", trusted)
    assert web.source(server).session("ses-1")


def bad_contexts(authority: trustme.CA) -> dict[str, ssl.SSLContext]:
    """Return TLS contexts of servers that must not be trusted."""
    past = datetime(2001, 1, 1, tzinfo=UTC)
    old = secure(authority)
    old.maximum_version = ssl.TLSVersion.TLSv1_1
    old.set_ciphers("ALL:@SECLEVEL=0")
    return {
        "another host's": secure(authority, "example.com"),
        "expired": secure(authority, not_after=past),
        "of an unknown authority": secure(trustme.CA()),
        "of TLS 1.1": old,
    }


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1_1:DeprecationWarning")
@pytest.mark.parametrize(
    "name", ["another host's", "expired", "of an unknown authority", "of TLS 1.1"]
)
@pytest.mark.usefixtures("waits")
def test_a_certificate_that_is_not_good_is_refused_at_once(
    web: Web, authority: trustme.CA, trusted: str, name: str
) -> None:
    server = web.serve(always(GOOD), bad_contexts(authority)[name])
    error = raised(web.source(server, verify=trusted))
    assert isinstance(error, replay.TLSError)
    assert "REQUESTS_CA_BUNDLE" in error.hint
    assert server.connections == 1
    assert not server.received


@pytest.mark.filterwarnings("ignore::urllib3.exceptions.InsecureRequestWarning")
def test_verification_can_be_turned_off_by_the_api(web: Web) -> None:
    server = web.serve(always(GOOD), secure(trustme.CA()))
    assert web.source(server, verify=False).session("ses-1")


def test_tls_to_a_plain_port_is_refused_at_once(waits: list[float]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def refuse() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.recv(1 << 16)
                connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        thread = threading.Thread(target=refuse, daemon=True)
        thread.start()
        url = f"https://127.0.0.1:{listening.getsockname()[1]}"
        with replay.open(url, api_key=KEY, timeout=PATIENCE) as source:
            assert isinstance(raised(source), replay.TLSError)
        thread.join(PATIENCE)
    assert not waits


def test_a_file_of_authorities_that_is_missing_is_named(
    web: Web, waits: list[float], authority: trustme.CA
) -> None:
    server = web.serve(always(GOOD), secure(authority))
    error = raised(web.source(server, verify="/no/such/file.pem"))
    assert isinstance(error, replay.TLSError)
    assert "/no/such/file.pem" in str(error)
    assert not waits


@pytest.mark.parametrize("location", ["https://example.com", "http://example.com"])
def test_a_dead_proxy_is_named_as_the_proxy_and_shows_no_password(
    monkeypatch: pytest.MonkeyPatch, waits: list[float], location: str, web: Web
) -> None:
    server = web.serve(always(b"HTTP/1.1 407 No\r\n\r\n"))
    proxy = f"http://user:s3cret@localhost:{server.port}"
    server.stop()
    for name in ("http_proxy", "https_proxy"):
        monkeypatch.setenv(name, proxy)
    with replay.open(location, api_key=KEY, allow_plain_http=True) as source:
        error = raised(source)
    assert isinstance(error, replay.BackendError)
    assert "the proxy failed" in str(error)
    assert "s3cret" not in str(error)
    assert len(waits) == 5


@pytest.mark.parametrize("earlier", [TimeoutError("s3cret"), ssl.SSLError("s3cret")])
@pytest.mark.parametrize("data", [b"", GOOD[:-5]])
def test_an_error_that_the_caller_is_handling_is_not_taken_for_what_went_wrong(
    web: Web, earlier: Exception, data: bytes
) -> None:
    source = web.source(always(data), retries=0)
    try:
        raise earlier
    except OSError:
        error = raised(source)
    kind = replay.TruncatedResponseError if data else replay.BackendUnavailableError
    assert type(error) is kind
    assert "s3cret" not in str(error)


def test_a_proxy_whose_url_is_malformed_shows_no_password(
    monkeypatch: pytest.MonkeyPatch, waits: list[float]
) -> None:
    for place in ("user:s3cret@[::1", "user:s3cret@a:port", "s3cret@"):
        monkeypatch.setenv("https_proxy", f"http://{place}")
        with replay.open("https://example.com", api_key=KEY) as source:
            error = raised(source)
        assert type(error) is replay.BackendError
        assert "or the proxy's, is malformed" in str(error)
        assert "s3cret" not in str(error)
    assert not waits


def test_a_cut_answer_is_tried_once_more_whatever_failed_before(
    web: Web, waits: list[float]
) -> None:
    server = web.serve(
        in_turn(answer(b"", 500), answer(BODY[:-9]), answer(b"", 503), GOOD)
    )
    assert web.source(server).session("ses-1")
    assert len(waits) == 3
    waits.clear()
    cut = answer(BODY[:-9])
    server = web.serve(in_turn(cut, answer(b"", 500), cut, GOOD))
    assert type(raised(web.source(server))) is replay.DecodeError
    assert len(waits) == 2


def test_a_time_may_have_no_end_and_must_be_one(web: Web) -> None:
    server = web.serve(always(GOOD))
    for timeout in (float("inf"), 1e10, 1e300):
        assert web.source(server, timeout=timeout).session("ses-1")
    for timeout in (float("nan"), 0.0, -1.0):
        with pytest.raises(replay.BackendError, match="'timeout' must be > 0"):
            web.source(server, timeout=timeout)


Refuse = Callable[[bytes], replay.BackendError]


@pytest.fixture
def refuse(web: Web) -> Refuse:
    """Return a function that gets an answer, and returns the error it leads to."""

    def refuse(data: bytes) -> replay.BackendError:
        with pytest.raises(replay.BackendError) as caught:
            web.source(always(data), retries=0).session("ses-1")
        return caught.value

    return refuse


def test_each_status_is_the_error_that_says_what_to_do(refuse: Refuse) -> None:
    kinds: dict[type[replay.BackendError], tuple[int, ...]] = {
        replay.InvalidRequestError: (400, 422),
        replay.AuthError: (401,),
        replay.PermissionDeniedError: (403,),
        replay.SessionNotFoundError: (404,),
        replay.BackendUnavailableError: (408, 409, 500, 503),
        replay.RateLimitedError: (429,),
        replay.BackendError: (402, 405, 410, 413, 499),
    }
    for kind, statuses in kinds.items():
        for status in statuses:
            error = refuse(json_answer({"detail": "No."}, status))
            assert type(error) is kind
            assert (error.status, error.detail) == (status, "No.")
            assert "No." in str(error)


def test_a_list_that_is_not_there_is_no_session(web: Web) -> None:
    with pytest.raises(replay.BackendError, match="404 Not Found") as caught:
        [*web.source(always(answer(b"", 404))).summaries()]
    assert type(caught.value) is replay.BackendError


def test_a_refusal_says_what_may_be_done(web: Web, refuse: Refuse) -> None:
    assert "there is no session 'ses-1'" in str(refuse(answer(b"", 404)))
    assert "shared_access" in refuse(answer(b"", 403)).hint
    hint = refuse(answer(b"", 401)).hint
    assert "the key came from api_key=" in hint
    assert "llamacloud-eu:" in hint
    keyless = raised(web.source(always(answer(b"", 401)), api_key=None))
    assert isinstance(keyless, replay.AuthError)
    assert "LLAMA_CLOUD_API_KEY and LLAMA_PARSE_API_KEY" in keyless.hint
    error = refuse(answer(b"", 429, "Retry-After: 90", "X-Request-Id: req-7"))
    assert isinstance(error, replay.RateLimitedError)
    assert (error.retry_after, error.retryable) == (90, True)
    assert error.request_id == "req-7"
    assert "request req-7" in str(error)


def test_what_is_invalid_is_listed(refuse: Refuse) -> None:
    item = {"loc": ["query", "page_size"], "msg": "too large", "type": "value_error"}
    error = refuse(json_answer({"detail": [item, "odd"]}, 422))
    assert isinstance(error, replay.InvalidRequestError)
    assert error.errors == (item,)
    assert "query.page_size: too large; odd" in str(error)


def test_a_detail_of_any_shape_is_kept(refuse: Refuse) -> None:
    details: list[object] = ["No.", None, 5, [], [[]], {"msg": "no"}]
    for detail in [*details, [{"loc": "body", "msg": 1}]]:
        error = refuse(json_answer({"detail": detail}, 422))
        assert isinstance(error, replay.InvalidRequestError)
        assert error.detail == detail


@pytest.mark.parametrize("depth", [100, 101, 900])
def test_a_detail_of_any_depth_can_be_pickled(refuse: Refuse, depth: int) -> None:
    body = b'{"detail": %b5%b}' % (b"[" * depth, b"]" * depth)
    error = refuse(answer(body, 422))
    assert pickle.loads(pickle.dumps(error)).detail == error.detail  # noqa: S301 - our own
    assert isinstance(error.detail, list) is (depth == 100)
    assert depth == 100 or "deeper than 100 levels" in str(error)


def test_what_a_refusal_says_is_shortened_and_made_safe(refuse: Refuse) -> None:
    name = "X-Request-Id: \x1b[31m" + "x" * 5000
    detail = "\x1b[31m\n" + "x" * 5000
    error = refuse(json_answer({"detail": detail}, 403, name))
    assert error.request_id == "␛[31m" + "x" * 75
    assert "␛[31m␊xxx" in str(error)
    assert len(str(error)) < 600
    assert error.detail == detail


def test_a_refusal_need_not_be_json(refuse: Refuse) -> None:
    long = json.dumps({"detail": "x" * (1 << 20)}).encode()
    for body in (
        b"",
        b"<html>",
        b"[]",
        b'"x"',
        b"\xff",
        b"[" * 100_000,
        b"{",
        long,
    ):
        for data in (answer(body, 422), answer(body + b"x" * 99, 422)[:-9]):
            error = refuse(data)
            assert isinstance(error, replay.InvalidRequestError)
            assert error.detail is None
