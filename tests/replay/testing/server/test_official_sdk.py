"""The unchanged official SDK against our server."""

import asyncio
import json
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from llama_cloud import (
    AsyncLlamaCloud,
    AuthenticationError,
    LlamaCloud,
    NotFoundError,
    Stream,
)

from asking import PATIENCE, events_of
from replay.testing import LlamaCloudServer
from serving_process import ASKED, STREAM, Serve

IMAGE = {"source_id": "dfl-1", "attachment_name": "screenshots/page_7.jpg"}
RESULT = {"type": "tool_result", "call_id": "c", "name": "read", "result": None}


def client_of(server: LlamaCloudServer, **options: Any) -> LlamaCloud:  # noqa: ANN401 - those of the client
    options = {"api_key": "llx-test", "max_retries": 0, "timeout": PATIENCE, **options}
    return LlamaCloud(base_url=server.url, **options)


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
        kinds = ["text_delta", "text_delta", "text", "stop"]
        assert [each["type"] for each in events] == kinds
        session = chat.retrieve(made.session_id)
        assert [each.type for each in session.events] == ["user_input", *kinds]
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
    server = serve(faults="1x429=0.01 1x500 1xtruncate")
    with client_of(server, max_retries=5) as client:
        assert client.chat.get_summary("ses-hello").session_id == "ses-hello"
    assert [each.fault for each in server.requests] == ["429", "500", "truncate", None]


def test_a_stream_by_stream_cls_gives_each_event(serve: Serve) -> None:
    how: Any = {"cast_to": object, "stream": True, "stream_cls": Stream[object]}
    with client_of(serve()) as client:
        assert len([*client.post(STREAM, body=ASKED, **how)]) == 4


def test_a_strict_client_takes_a_recording_without_a_header(
    serve: Serve, tmp_path: Path
) -> None:
    path = tmp_path / "bare.json"
    path.write_text('[{"type": "text", "content": "Hi."}]', encoding="utf-8")
    with client_of(serve(path), _strict_response_validation=True) as client:
        chat: Any = client.chat
        assert len(chat.retrieve("bare").events) == 1
        assert chat.get_summary("bare").shared_access == "query"
        made = chat.create()
        with chat.with_streaming_response.stream(made.session_id, **ASKED) as answer:
            answer.read()
        assert chat.retrieve(made.session_id).events[0].type == "user_input"


def test_attachments_are_found_across_pages_and_fetched_without_a_key(
    serve: Serve, tmp_path: Path
) -> None:
    events = [{**RESULT, "image_attachment": IMAGE}]
    (tmp_path / "s.json").write_text(json.dumps(events), encoding="utf-8")
    folder = tmp_path / "attachments" / "dfl-1" / "screenshots"
    folder.mkdir(parents=True)
    (folder / "page_8.png").write_bytes(b"png")
    server = serve(tmp_path, api_key="llx-test", page_size=1)
    names = ["screenshots/page_7.jpg", "screenshots/page_8.png"]

    async def found() -> list[str]:
        async with AsyncLlamaCloud(base_url=server.url, api_key="llx-test") as client:
            attachments = client.beta.attachments
            listed = [each async for each in attachments.list(source_id="dfl-1")]
            assert [each.name for each in listed] == names
            with pytest.raises(NotFoundError):
                await attachments.get("screenshots/page_9.png", source_id="dfl-1")
            return [(await attachments.get(n, source_id="dfl-1")).url for n in names]

    made_up, recorded = map(httpx.get, asyncio.run(found()))
    assert made_up.content.startswith(b"\x89PNG")
    assert recorded.content == b"png"
    with client_of(server) as client:
        listed = client.beta.attachments.list(source_id="dfl-1")
        assert [each.name for each in listed] == names
        again = client.beta.attachments.get(names[1], source_id="dfl-1")
    assert httpx.get(again.url).content == b"png"


@pytest.mark.slow
def test_what_the_client_retrieves_is_what_was_recorded(
    serve: Serve, shared: Path
) -> None:
    folder = shared / "corpus" / "sessions"
    documents = [json.loads(each.read_bytes()) for each in folder.glob("*.json")]
    recorded = {each["session_id"]: each for each in documents}
    with client_of(serve(folder)) as client:
        assert {each.session_id for each in client.chat.list()} == set(recorded)
        for session_id, document in recorded.items():
            raw = client.chat.with_raw_response.retrieve(session_id)
            assert raw.http_response.json() == document
            assert raw.parse().to_dict() == document
