"""Page images."""

import logging
import socket
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
import trustme

import replay
from http_server import (
    KEY,
    Handler,
    Request,
    Server,
    Web,
    always,
    answer,
    in_turn,
    json_answer,
    secure,
)

IMAGE = replay.ImageAttachment("dfl-1", "screenshots/page_7.jpg")
PIXELS = b"\xff\xd8\xff" + bytes(1000)
SECRET = "X-Amz-Signature=s3cret"  # noqa: S105 - for a test
JPEG = answer(PIXELS, 200, "Content-Type: image/jpeg")


def later(seconds: float) -> str:
    return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat()


def presigned(url: str, expires_at: str | None = None) -> bytes:
    expires_at = later(3600) if expires_at is None else expires_at
    return json_answer({"url": url, "expires_at": expires_at, "form_fields": None})


@pytest.fixture
def images(web: Web) -> Server:
    return web.serve(always(JPEG))


def url_of(images: Server) -> str:
    return f"{images.url}/bucket/page_7.jpg?{SECRET}"


def test_an_image_comes_from_where_the_service_says_without_the_key(
    web: Web, images: Server
) -> None:
    server = web.serve(always(presigned(url_of(images))))
    source = web.source(server, project_id="p")
    for _ in range(3):
        assert source.attachment(IMAGE) == PIXELS
    (asked,) = server.requests  # the URL is used again while it lasts
    assert asked.target == (
        "/api/v1/beta/attachments/screenshots%2Fpage_7.jpg?project_id=p&source_id=dfl-1"
    )
    assert [each.target for each in images.requests] == [
        f"/bucket/page_7.jpg?{SECRET}"
    ] * 3
    assert not {"authorization", "cookie"} & {*images.requests[0].headers}
    assert KEY.encode() not in images.received
    source.attachment(replay.ImageAttachment("dfl-2", IMAGE.attachment_name))
    assert len(server.requests) == 2
    source.close()  # it forgets the URLs
    source.attachment(IMAGE)
    assert len(server.requests) == 3


@pytest.mark.parametrize(
    "expires_at",
    [later(-5), later(20), "2020-01-01T00:00:00", "soon", "2020-01-01T00:00:00Z"],
    ids=["just-ended", "ends-soon", "no-zone", "no-time", "long-ended"],
)
def test_a_url_that_ends_soon_is_used_once(
    web: Web, images: Server, expires_at: str
) -> None:
    server = web.serve(always(presigned(url_of(images), expires_at)))
    source = web.source(server)
    source.attachment(IMAGE)
    source.attachment(IMAGE)
    assert len(server.requests) == 2


def test_a_url_that_ended_before_its_time_is_asked_for_anew(web: Web) -> None:
    images = web.serve(in_turn(JPEG, answer(b"<Error/>", 403), JPEG))
    server = web.serve(always(presigned(url_of(images))))
    source = web.source(server)
    source.attachment(IMAGE)
    assert source.attachment(IMAGE) == PIXELS
    assert len(server.requests) == 2
    assert len(images.requests) == 3


def test_a_name_that_cannot_be_asked_for_is_refused_at_once(
    web: Web, waits: list[float]
) -> None:
    server = web.serve(always(presigned("https://10.0.0.1")))
    names = {"there is no page image": ["", ".", ".."], "cannot be made": ["x"]}
    for told, each in names.items():
        source_id = "\ud800" if each == ["x"] else "dfl-1"
        for name in each:
            with pytest.raises(replay.BackendError, match=told):
                web.source(server).attachment(replay.ImageAttachment(source_id, name))
    assert not server.requests
    assert not waits


@pytest.mark.parametrize(
    ("host", "told"),
    [
        ("a" * 64 + ".example.com", "isn't a host name"),
        ("a..example.com", "isn't a host name"),
        ("nowhere.invalid", "not found"),
    ],
)
def test_a_host_that_is_not_found_is_an_error(web: Web, host: str, told: str) -> None:
    server = web.serve(always(presigned(f"https://{host}/x?{SECRET}")))
    with pytest.raises(replay.BackendUnavailableError, match=told) as caught:
        web.source(server).attachment(IMAGE)
    assert "s3cret" not in str(caught.value)


def test_an_answer_without_a_url_is_refused(web: Web) -> None:
    with pytest.raises(replay.BackendError) as caught:
        web.source(always(answer(b"", 404))).attachment(IMAGE)
    assert caught.value.status == 404
    wrong = [{}, {"url": "https://a"}, {"url": 5, "expires_at": "2026-01-01"}]
    for value in ([], *wrong):
        with pytest.raises(replay.DecodeError, match="url and expires_at"):
            web.source(always(json_answer(value))).attachment(IMAGE)


def test_an_image_past_the_limit_is_refused(web: Web, images: Server) -> None:
    server = web.serve(always(presigned(url_of(images))))
    source = web.source(server, limits=replay.Limits(response_bytes=500))
    with pytest.raises(replay.LimitExceededError):
        source.attachment(IMAGE)


def test_a_download_is_tried_again(web: Web, waits: list[float]) -> None:
    images = web.serve(in_turn(answer(b"", 503), JPEG[:-9], JPEG))
    server = web.serve(always(presigned(url_of(images))))
    assert web.source(server).attachment(IMAGE) == PIXELS
    assert len(waits) == 2


def test_an_image_and_its_url_have_one_deadline(
    monkeypatch: pytest.MonkeyPatch, web: Web
) -> None:
    real, waits = time.monotonic, [0.0]
    monkeypatch.setattr("time.sleep", waits.append)
    monkeypatch.setattr("time.monotonic", lambda: real() + sum(waits))
    busy = answer(b"", 503, "Retry-After: 6")
    images = web.serve(in_turn(busy, JPEG))
    server = web.serve(in_turn(busy, presigned(url_of(images))))
    with pytest.raises(replay.BackendUnavailableError, match="503"):
        web.source(server, timeout=10.0).attachment(IMAGE)
    assert waits == [0.0, 6.0]


def test_a_download_follows_no_redirect(web: Web, images: Server) -> None:
    other = web.serve(always(answer(b"", 302, f"Location: {url_of(images)}")))
    server = web.serve(always(presigned(url_of(other))))
    with pytest.raises(replay.BackendError) as caught:
        web.source(server).attachment(IMAGE)
    assert caught.value.status == 302
    assert not images.requests


def test_a_private_address_is_refused_before_anything_is_sent(
    web: Web, waits: list[float]
) -> None:
    for place in (
        *("10.0.0.1", "192.168.1.1:8443", "169.254.169.254", "[fe80::1]", "[fd00::1]"),
        *("[::ffff:10.0.0.1]", "0.0.0.0", "224.0.0.1", "100.64.0.1", "0x0a000001"),  # noqa: S104 - asked, not bound
    ):
        with pytest.raises(replay.UnsafeRedirectError, match="not public"):
            web.source(always(presigned(f"https://{place}/x"))).attachment(IMAGE)
    assert not waits


def test_plain_http_to_another_machine_is_refused(web: Web) -> None:
    for host in ("example.com", "10.0.0.1"):
        with pytest.raises(replay.UnsafeRedirectError, match="plain http"):
            web.source(always(presigned(f"http://{host}/x"))).attachment(IMAGE)


def test_what_is_no_url_is_refused_and_not_shown(web: Web) -> None:
    for url in ("file:///etc/passwd", "", "gopher://localhost/x"):
        with pytest.raises(replay.BackendError, match="the URL of a page image"):
            web.source(always(presigned(url))).attachment(IMAGE)


@pytest.fixture
def remote(
    monkeypatch: pytest.MonkeyPatch, web: Web, authority: trustme.CA, trusted: str
) -> "Remote":
    """Return a function that opens a service that seems to be on another machine.

    A proxy stands for the network: it answers for the service, and images, whose host
    it doesn't serve, are on this machine.
    """

    def remote(**options: object) -> tuple[replay.Source, Server]:
        images = web.serve(always(JPEG), secure(authority))
        proxy = web.serve(always(presigned(url_of(images))))
        monkeypatch.setenv("http_proxy", proxy.url)
        monkeypatch.setenv("no_proxy", "localhost")
        location = "http://sessions.example.com"
        given: dict[str, object] = {"verify": trusted, "allow_plain_http": True}
        return replay.open(location, api_key=KEY, **given, **options), images

    return remote


Remote = Callable[..., tuple[replay.Source, Server]]


def test_this_machine_is_private_where_the_service_is_elsewhere(remote: Remote) -> None:
    source, images = remote()
    with source, pytest.raises(replay.UnsafeRedirectError, match="not public"):
        source.attachment(IMAGE)
    assert not images.connections
    source, _ = remote(allow_private_hosts=True)
    with source:
        assert source.attachment(IMAGE) == PIXELS


def test_a_name_that_leads_elsewhere_the_second_time_is_refused_unasked(
    monkeypatch: pytest.MonkeyPatch, remote: Remote
) -> None:
    source, images = remote()
    real = socket.getaddrinfo
    answers = iter(
        [[(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("93.184.216.34", 0))]]
    )

    def rebound(host: str, *args: object, **options: object) -> object:
        is_image = host == "localhost" and args[:1] == (None,)
        found = next(answers, None) if is_image else None
        return found or real(host, *args, **options)  # type: ignore[arg-type]  # passed on

    monkeypatch.setattr(socket, "getaddrinfo", rebound)
    with source, pytest.raises(replay.UnsafeRedirectError, match="not public"):
        source.attachment(IMAGE)
    assert not images.requests


def test_a_proxy_finds_the_address_where_there_is_one(
    monkeypatch: pytest.MonkeyPatch, web: Web, waits: list[float]
) -> None:
    proxy = web.serve(always(presigned("https://bucket.example.com/x")))
    for name in ("http_proxy", "https_proxy"):
        monkeypatch.setenv(name, proxy.url)
    with (
        replay.open(
            "http://a.example.com", api_key=KEY, allow_plain_http=True
        ) as source,
        pytest.raises(replay.BackendUnavailableError, match="no answer"),
    ):
        source.attachment(IMAGE)
    assert proxy.requests[1].method == "CONNECT"
    assert len(waits) == 5


def test_a_proxy_is_not_asked_for_a_private_address(
    monkeypatch: pytest.MonkeyPatch, web: Web
) -> None:
    proxy = web.serve(always())
    monkeypatch.setenv("https_proxy", proxy.url)
    monkeypatch.setenv("no_proxy", "example.com")
    for host in ("169.254.169.254", "0xa9fea9fe", "[fd00::1]"):
        with pytest.raises(replay.UnsafeRedirectError, match="not public"):
            web.source(always(presigned(f"https://{host}/x"))).attachment(IMAGE)
    assert not proxy.connections


def test_no_proxy_stands_before_images_on_this_machine(
    monkeypatch: pytest.MonkeyPatch, web: Web, images: Server
) -> None:
    proxy = web.serve(always(JPEG))
    monkeypatch.setenv("http_proxy", proxy.url)
    source = web.source(always(presigned(url_of(images))))
    assert source.attachment(IMAGE) == PIXELS
    assert not proxy.connections


def broken(_: Request, connection: socket.socket) -> None:
    """Send a header that urllib3 logs as unreadable."""
    connection.sendall(b"HTTP/1.1 403 No\r\nbad header\r\nX: y\r\n\r\n")


@pytest.mark.usefixtures("waits")
@pytest.mark.parametrize("handler", [always(answer(b"", 500)), always(), broken])
def test_the_url_is_in_no_log_and_no_error(
    web: Web, caplog: pytest.LogCaptureFixture, handler: Handler
) -> None:
    caplog.set_level(logging.DEBUG)
    server = web.serve(always(presigned(url_of(web.serve(handler)))))
    with pytest.raises(replay.BackendError) as caught:
        web.source(server).attachment(IMAGE)
    logging.getLogger("test").error("it failed", exc_info=caught.value)
    assert "attachments" in caplog.text
    assert "s3cret" not in caplog.text + repr(caught.value)
