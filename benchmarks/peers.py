"""The libraries we are compared with, as far as the benchmarks use them.

They aren't dependencies, so type checkers needn't find them: each is imported on
demand, and takes its type from here.
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
    """pydantic-ai's accumulator of the parts of a response."""

    def handle_text_delta(
        self, *, vendor_part_id: str, content: str
    ) -> Iterable[object]:
        """Add a piece, and yield events about it."""

    def get_parts(self) -> Sequence[Content]:
        """Return the parts accumulated so far."""


def missing(modules: Iterable[str]) -> list[str]:
    """Return the *modules* that aren't installed."""
    return [module for module in modules if find_spec(module) is None]


def loads() -> dict[str, Callable[[bytes], object]]:
    """Return the fastest JSON decoders, by name."""
    return {
        "orjson.loads": import_module("orjson").loads,
        "msgspec.json.decode": import_module("msgspec").json.decode,
    }


def dumps() -> Callable[[object], bytes]:
    """Return orjson's encoder."""
    encode: Callable[[object], bytes] = import_module("orjson").dumps
    return encode


def agentpile_load() -> Callable[[str], Iterable[object]]:
    """Return agentpile's reader of files."""
    load: Callable[[str], Iterable[object]] = import_module("agentpile").load
    return load


def parts_manager() -> Callable[[], PartsManager]:
    """Return a factory of pydantic-ai's managers, one for each response."""
    module = import_module("pydantic_ai._parts_manager")
    parameters = import_module("pydantic_ai.models").ModelRequestParameters()
    return partial(
        module.ModelResponsePartsManager, model_request_parameters=parameters
    )


def retrieve(body: bytes) -> Callable[[], SessionDetail]:
    """Return a function in which the official client turns a response into a session.

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
