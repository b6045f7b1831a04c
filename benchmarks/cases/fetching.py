"""The speed of fetching many sessions from a slow server."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final

import replay
from benchmarks import inputs
from benchmarks.clock import time_in_turn
from benchmarks.figures import Figure, figure
from benchmarks.plan import Plan

ANSWER_TAKES: Final = 0.05  #: seconds, for one session
EVENTS: Final = 206  #: of each session: one turn
LIST: Final = "/api/v1/chat"


def fetching(plan: Plan) -> Iterator[Figure]:
    """Compare iterating a source with asking it for one session after the other."""
    with _server(plan.fetched) as url, replay.open(url) as source:
        ours, theirs = time_in_turn(
            partial(_all_at_once, source),
            partial(_one_at_a_time, source),
            seconds=plan.seconds,
        )
    yield figure(
        "fetching/50-ms-server",
        "one at a time",
        ours,
        theirs,
        events=plan.fetched * EVENTS,
        aim="at most 0.2",
        note=f"{plan.fetched} sessions are fetched, as many at once as by default.",
    )


def _all_at_once(source: replay.Source) -> int:
    return sum(1 for _ in source.sessions())


def _one_at_a_time(source: replay.Source) -> int:
    ids = (summary.session_id for summary in source.summaries())
    return sum(1 for _ in map(source.session, ids))


@contextmanager
def _server(sessions: int) -> Iterator[str]:
    """Serve a number of sessions within the block, and yield the URL."""
    items = [{**inputs.HEADER, "session_id": f"ses-{i}"} for i in range(sessions)]
    pause = threading.Event()
    session = json.loads(inputs.document(EVENTS))
    sessions_by_path = {
        f"{LIST}/{each['session_id']}": json.dumps({**session, **each}).encode()
        for each in items
    }

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # or each answer would take 40 ms more

        def do_GET(self) -> None:
            """Answer with the list at once, or with a session after a pause."""
            body = json.dumps({"items": items}).encode()
            if self.path != LIST:
                pause.wait(ANSWER_TAKES)
                body = sessions_by_path[self.path.partition("?")[0]]
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Log nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
