"""What we are compared with, as far as the benchmarks use it.

The peers are no dependencies, so type checkers need not find them: each is imported
when it is asked for, and takes its type from here.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from typing import Protocol


class Content(Protocol):
    """An event of the official SDK, if it has a text at all."""

    type: str
    content: str


class SessionDetail(Protocol):
    """The official SDK's session."""

    events: Sequence[Content]


class PartsManager(Protocol):
    """What pydantic-ai puts the parts of a response together with."""

    def handle_text_delta(
        self, *, vendor_part_id: str, content: str
    ) -> Iterable[object]:
        """Take in a piece, and yield events about it."""

    def get_parts(self) -> Sequence[Content]:
        """Return what has come together."""


def missing(modules: Iterable[str]) -> list[str]:
    """Return those of *modules* that are not installed."""
    return [module for module in modules if find_spec(module) is None]


def loads() -> dict[str, Callable[[bytes], object]]:
    """Return the fastest ways to decode JSON, by name."""
    return {
        "orjson.loads": import_module("orjson").loads,
        "msgspec.json.decode": import_module("msgspec").json.decode,
    }


def dumps() -> Callable[[object], bytes]:
    """Return orjson's encoder."""
    encode: Callable[[object], bytes] = import_module("orjson").dumps
    return encode


def parts_manager() -> Callable[[], PartsManager]:
    """Return what makes a manager for a response of pydantic-ai."""
    module = import_module("pydantic_ai._parts_manager")
    parameters = import_module("pydantic_ai.models").ModelRequestParameters()
    return partial(
        module.ModelResponsePartsManager, model_request_parameters=parameters
    )


def retrieve(body: bytes) -> Callable[[], SessionDetail]:
    """Return the official client's way from a response to a session.

    All of it is the client's own code; only the response is made up here.
    """
    httpx, llama_cloud = import_module("httpx"), import_module("llama_cloud")
    headers = {"content-type": "application/json"}

    def answer(_request: object) -> object:
        response: object = httpx.Response(200, headers=headers, content=body)
        return response

    client = llama_cloud.LlamaCloud(
        api_key="none",
        base_url="http://127.0.0.1",
        http_client=httpx.Client(transport=httpx.MockTransport(answer)),
    )
    get: Callable[[str], SessionDetail] = client.chat.retrieve
    return lambda: get("ses-benchmark")
