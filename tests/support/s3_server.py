"""A real S3-compatible local server, which can refuse requests as a test asks."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import attrs
from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    create_backend_app,
)
from werkzeug.serving import WSGIRequestHandler, make_server

if TYPE_CHECKING:
    from collections.abc import Iterable
    from wsgiref.types import StartResponse, WSGIEnvironment

#: Keys for the server, which accepts any.
KEYS = {"AWS_ACCESS_KEY_ID": "AKIACANARYKEY", "AWS_SECRET_ACCESS_KEY": "s3cr3t-CANARY"}
ENVIRONMENT = {
    **KEYS,
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": "/dev/null",
    "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
}


@attrs.define
class S3Server:
    """A running server, and the requests that it got."""

    url: str
    #: The status and S3's code for refused requests; None: the server answers.
    refusal: "Callable[[WSGIEnvironment], tuple[str, str] | None] | None" = None
    asked: list[str] = attrs.field(factory=list)  #: methods and paths


@attrs.frozen
class Bucket:
    """A bucket that is empty at first, and its server."""

    server: S3Server
    name: str
    calls: Any  # s3fs has no types

    @property
    def url(self) -> str:
        return f"s3://{self.name}"

    def put(self, path: str, data: bytes) -> None:
        # The path is kept as it is: some releases of s3fs strip a slash at its end.
        self.calls.call_s3("put_object", Bucket=self.name, Key=path, Body=data)

    def get(self, path: str) -> bytes:
        return bytes(self.calls.cat_file(f"{self.name}/{path}"))

    def paths(self) -> list[str]:
        found = self.calls.find(self.name)
        return [each.removeprefix(f"{self.name}/") for each in found]


class _Silent(WSGIRequestHandler):
    def log(self, *_: object) -> None:
        """Log nothing."""


@contextmanager
def s3_server() -> Iterator[S3Server]:
    """Run a server that is empty at first."""
    backend = DomainDispatcherApplication(create_backend_app)
    server = S3Server("")

    def application(
        environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> "Iterable[bytes]":
        server.asked.append(f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}")
        refused = server.refusal(environ) if server.refusal else None
        if refused is None:
            return backend(environ, start_response)  # type: ignore[no-any-return]
        status, code = refused
        environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        start_response(status, [("Content-Type", "application/xml")])
        if environ["REQUEST_METHOD"] == "HEAD":
            return []
        body = f"<Error><Code>{code}</Code><Message>Refused.</Message></Error>"
        return [body.encode()]

    serving = make_server(
        "127.0.0.1", 0, application, threaded=True, request_handler=_Silent
    )
    server.url = f"http://127.0.0.1:{serving.server_port}"
    thread = threading.Thread(target=serving.serve_forever)
    thread.start()
    try:
        yield server
    finally:
        serving.shutdown()
        thread.join()
        serving.server_close()
