"""The official SDK, unchanged, against a server of ours."""

import asyncio
import json
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from llama_cloud import AsyncLlamaCloud, AuthenticationError, LlamaCloud, NotFoundError

from asking import PATIENCE, events_of
from replay.testing.server.server import LlamaCloudServer

Serve = Callable[..., LlamaCloudServer]
IMAGE = {"source_id": "dfl-1", "attachment_name": "screenshots/page_7.jpg"}
ASKED: dict[str, Any] = {"prompt": "Hello?", "index_ids": ["idx-1"]}


@contextmanager
def client_of(
    server: LlamaCloudServer,
    **options: Any,  # noqa: ANN401 - those of the client
) -> Iterator[LlamaCloud]:
    options = {"api_key": "llx-test", "max_retries": 0, "timeout": PATIENCE, **options}
    with LlamaCloud(base_url=server.url, **options) as client:
        yield client


@contextmanager
def chats_of(client: Any, namespace: str) -> Iterator[Any]:  # noqa: ANN401 - four classes of the SDK
    """Yield the resource, old or new; the old one warns that it has moved."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Moved out of beta", DeprecationWarning)
        yield client.chat if namespace == "chat" else client.beta.chat


@pytest.mark.parametrize("namespace", ["chat", "beta.chat"])
def test_the_client_does_all_that_it_can(serve: Serve, namespace: str) -> None:
    with client_of(serve(page_size=1)) as client, chats_of(client, namespace) as chat:
        made = chat.create(index_ids=["idx-1"])
        listed = [each.session_id for each in chat.list()]
        assert listed == ["ses-hello", made.session_id]
        with chat.with_streaming_response.stream(made.session_id, **ASKED) as answer:
            events = events_of(b"".join(answer.iter_bytes()))
        assert [each["type"] for each in events] == [
            *("text_delta", "text_delta", "text", "stop")
        ]
        session = chat.retrieve(made.session_id)
        assert [each.type for each in session.events][:2] == [
            *("user_input", "text_delta")
        ]
        assert chat.get_summary(made.session_id).generated_title == "Hello?"
        assert chat.delete(made.session_id) is None
        with pytest.raises(NotFoundError):
            chat.get_summary(made.session_id)


@pytest.mark.parametrize("namespace", ["chat", "beta.chat"])
def test_the_async_client_does_all_that_it_can(serve: Serve, namespace: str) -> None:
    server = serve(page_size=1)

    async def use() -> None:
        async with AsyncLlamaCloud(base_url=server.url, api_key="llx-test") as client:
            with chats_of(client, namespace) as chat:
                made = await chat.create()
                listed = [each.session_id async for each in chat.list()]
                assert listed == ["ses-hello", made.session_id]
                streaming = chat.with_streaming_response
                async with streaming.stream(made.session_id, **ASKED) as answer:
                    body = b"".join([data async for data in answer.iter_bytes()])
                assert len(events_of(body)) == 4
                session = await chat.retrieve(made.session_id)
                assert len(session.events) == 5
                summary = await chat.get_summary(made.session_id)
                assert summary.session_id == made.session_id
                await chat.delete(made.session_id)
                with pytest.raises(NotFoundError):
                    await chat.retrieve(made.session_id)

    asyncio.run(use())


def test_the_old_namespace_warns(serve: Serve) -> None:
    with client_of(serve()) as client, pytest.warns(DeprecationWarning, match="beta"):
        client.beta.chat.create()


def test_a_wrong_key_is_the_clients_own_error(serve: Serve) -> None:
    refused = pytest.raises(AuthenticationError, match="Invalid authentication token")
    with client_of(serve(api_key="llx-right")) as client, refused:
        client.chat.create()


@pytest.mark.slow
def test_the_client_retries_what_is_to_be_retried(serve: Serve) -> None:
    server = serve()
    server.fail_next("429=0.01")
    server.fail_next("500")
    server.fail_next("truncate")
    with client_of(server, max_retries=5) as client:
        assert client.chat.get_summary("ses-hello").session_id == "ses-hello"
    assert [each.fault for each in server.requests] == ["429", "500", "truncate", None]


def test_a_stream_by_stream_cls_gives_each_event(serve: Serve) -> None:
    from llama_cloud import Stream  # noqa: PLC0415 - only here

    path = "/api/v1/chat/ses-hello/messages/stream"
    with client_of(serve()) as client:
        events = client.post(
            path, cast_to=object, body=ASKED, stream=True, stream_cls=Stream[object]
        )
        assert len(list(events)) == 4


def test_a_strict_client_takes_a_recording_without_a_header(
    serve: Serve, tmp_path: Path
) -> None:
    path = tmp_path / "bare.json"
    path.write_text('[{"type": "text", "content": "Hi."}]', encoding="utf-8")
    strict = {"_strict_response_validation": True}
    with client_of(serve(path), **strict) as client:
        assert len(client.chat.retrieve("bare").events) == 1
        assert client.chat.get_summary("bare").shared_access == "query"
        made = client.chat.create()
        with client.chat.with_streaming_response.stream(
            made.session_id, **ASKED
        ) as answer:
            answer.read()
        assert client.chat.retrieve(made.session_id).events[0].type == "user_input"


@pytest.fixture
def with_image(tmp_path: Path) -> Path:
    """Return a directory of one session, whose tool returned an image."""
    result = {"type": "tool_result", "call_id": "c", "name": "read", "result": None}
    events = [{**result, "image_attachment": IMAGE}]
    (tmp_path / "s.json").write_text(json.dumps(events), encoding="utf-8")
    return tmp_path


def test_attachments_are_found_and_fetched_without_a_key(
    serve: Serve, with_image: Path
) -> None:
    with client_of(serve(with_image, api_key="llx-test")) as client:
        listed = client.beta.attachments.list(source_id="dfl-1")
        assert [each.name for each in listed] == ["screenshots/page_7.jpg"]
        found = client.beta.attachments.get("screenshots/page_7.jpg", source_id="dfl-1")
    image = httpx.get(found.url, timeout=PATIENCE)
    assert image.content.startswith(b"\x89PNG")


def test_the_async_client_finds_attachments_across_pages(
    serve: Serve, with_image: Path
) -> None:
    folder = with_image / "attachments" / "dfl-1" / "screenshots"
    folder.mkdir(parents=True)
    (folder / "page_8.png").write_bytes(b"png")
    server = serve(with_image, api_key="llx-test", page_size=1)

    async def use() -> None:
        async with (
            AsyncLlamaCloud(base_url=server.url, api_key="llx-test") as client,
            httpx.AsyncClient(timeout=PATIENCE) as bare,
        ):
            attachments = client.beta.attachments
            listed = [each async for each in attachments.list(source_id="dfl-1")]
            names = ["screenshots/page_7.jpg", "screenshots/page_8.png"]
            assert [each.name for each in listed] == names
            found = [await attachments.get(n, source_id="dfl-1") for n in names]
            images = [await bare.get(each.url) for each in found]
            assert images[0].content.startswith(b"\x89PNG")
            assert images[1].content == b"png"
            with pytest.raises(NotFoundError):
                await attachments.get("screenshots/page_9.png", source_id="dfl-1")

    asyncio.run(use())


@pytest.mark.slow
def test_what_the_client_retrieves_is_what_was_recorded(
    serve: Serve, shared: Path
) -> None:
    paths = sorted((shared / "corpus" / "sessions").glob("*.json"))
    recorded = {each["session_id"]: each for each in map(_document, paths)}
    with client_of(serve(shared / "corpus" / "sessions")) as client:
        assert {each.session_id for each in client.chat.list()} == set(recorded)
        for session_id, document in recorded.items():
            raw = client.chat.with_raw_response.retrieve(session_id)
            assert raw.http_response.json() == document
            assert raw.parse().to_dict() == document


def _document(path: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(path.read_bytes())
    return document
