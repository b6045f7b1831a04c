"""Who has to go when clients are too many."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from starlette.types import ASGIApp

from asking import PATIENCE, request_bytes
from replay.testing.server.api import Admission
from replay.testing.server.faults import Fault, FaultQueue
from replay.testing.server.front import Clients, Front, most_clients
from replay.testing.server.request_log import RequestLog

REQUEST = request_bytes("GET", "/", "Connection: close")


async def no_app(*_: object) -> None:
    """End without an answer."""


@asynccontextmanager
async def room_for(
    most: int,
    patience: float,
    *faults: Fault,
    app: ASGIApp = no_app,
) -> AsyncIterator[int]:
    """Yield the port of a server that answers with faults, or asks an application."""
    admission = Admission(None, is_local=True)
    front = Front(app, admission, FaultQueue(faults), RequestLog())
    clients = Clients(front, PATIENCE, most, patience)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(0)
        accepting = asyncio.create_task(clients.accept_from(listening))
        yield listening.getsockname()[1]
        accepting.cancel()
        await clients.drop()


async def answer_to(port: int, request: bytes) -> bytes:
    """Return what a client gets; nothing where it is turned away."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(request)
        return await reader.read()
    except ConnectionResetError:
        return b""
    finally:
        writer.close()


async def come(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Return the connection of a client that is known, and asks for nothing."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request_bytes("GET", "/"))
    assert await reader.readuntil(b"}")
    return reader, writer


def test_who_asks_for_nothing_makes_room_the_longest_first() -> None:
    async def use() -> tuple[bytes, bytes]:
        async with room_for(2, 0.0, Fault("503")) as port:
            first, first_writer = await come(port)
            second, second_writer = await come(port)
            answer = await answer_to(port, REQUEST)
            rest = await first.read()
            second_writer.write(REQUEST)
            later = await second.read()
            first_writer.close()
            second_writer.close()
            return answer + rest, later

    answer, later = asyncio.run(asyncio.wait_for(use(), PATIENCE))
    assert answer.startswith(b"HTTP/1.1 503 ")
    assert answer.count(b"HTTP/1.1") == 1
    assert later.startswith(b"HTTP/1.1 503 ")


@pytest.mark.parametrize("patience", [0.0, PATIENCE])
def test_there_is_room_up_to_the_number(patience: float) -> None:
    async def use() -> tuple[bytes, bytes]:
        async with room_for(2, patience, Fault("503")) as port:
            first, writer = await come(port)
            answer = await answer_to(port, REQUEST)
            writer.write(REQUEST)
            kept = await first.read()
            writer.close()
            return answer, kept

    for answer in asyncio.run(asyncio.wait_for(use(), PATIENCE)):
        assert answer.startswith(b"HTTP/1.1 503 ")


def test_who_has_just_come_keeps_the_place() -> None:
    async def use() -> tuple[bytes, bytes]:
        async with room_for(1, PATIENCE, Fault("503")) as port:
            reader, writer = await come(port)
            turned_away = await answer_to(port, REQUEST)
            writer.write(REQUEST)
            kept = await reader.read()
            writer.close()
            return turned_away, kept

    turned_away, kept = asyncio.run(asyncio.wait_for(use(), PATIENCE))
    assert turned_away == b""
    assert kept.startswith(b"HTTP/1.1 503 ")


def test_who_is_being_answered_keeps_the_place() -> None:
    async def use() -> bytes:
        asked = asyncio.Event()

        async def be_silent(*_: object) -> None:
            asked.set()
            await asyncio.Event().wait()

        async with room_for(1, 0.0, app=be_silent) as port:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(REQUEST)
            await asked.wait()
            turned_away = await answer_to(port, REQUEST)
            writer.close()
        return turned_away

    assert asyncio.run(asyncio.wait_for(use(), PATIENCE)) == b""


def test_a_client_learns_when_the_application_is_gone() -> None:
    async def use() -> bytes:
        async with room_for(1, 0.0) as port:
            return await answer_to(port, REQUEST)

    assert asyncio.run(asyncio.wait_for(use(), PATIENCE)) == b""


def test_who_cannot_be_let_in_now_is_let_in_later() -> None:
    async def use() -> bytes:
        admission = Admission(None, is_local=True)
        front = Front(no_app, admission, FaultQueue([Fault("503")]), RequestLog())
        clients = Clients(front, PATIENCE, 1)
        with socket.socket() as deaf:
            deaf.bind(("127.0.0.1", 0))
            deaf.settimeout(0)
            accepting = asyncio.create_task(clients.accept_from(deaf))
            await asyncio.sleep(0)
            deaf.listen()
            answer = await answer_to(deaf.getsockname()[1], REQUEST)
            accepting.cancel()
            await clients.drop()
        return answer

    answer = asyncio.run(asyncio.wait_for(use(), PATIENCE))
    assert answer.startswith(b"HTTP/1.1 503 ")


def test_the_system_has_files_for_some_clients() -> None:
    assert most_clients() >= 16
