"""The layer that clients talk to: it passes requests on, and spoils answers."""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from types import MappingProxyType
from typing import Final, TypeAlias

import attrs
import h11

from replay.errors import UnknownNameError
from replay.serving import cut_deliveries, malformed_deliveries, packed_deliveries
from replay.serving.admission import Admission
from replay.serving.answers import Answer
from replay.serving.client_connection import ClientConnection
from replay.serving.client_requests import ClientRequest, RefusedRequestError
from replay.serving.faults import FAULT_HEADER, Fault, FaultQueue, parse_fault
from replay.serving.request_log import RecordedRequest, RequestLog
from replay.serving.stand_ins import error_answer, stand_in
from replay.serving.upstream import asked

_Delivery: TypeAlias = Callable[[ClientConnection, Answer, str | None], Awaitable[None]]

_DELIVERIES: Final[Mapping[str, _Delivery]] = MappingProxyType(
    {
        "bad-chunk": malformed_deliveries.bad_chunk,
        "close": cut_deliveries.close,
        "drip": cut_deliveries.drip,
        "drip-headers": cut_deliveries.drip_headers,
        "encodings": packed_deliveries.pack_repeatedly,
        "garbage": malformed_deliveries.garbage,
        "gzip": packed_deliveries.pack,
        "large-header": malformed_deliveries.large_header,
        "many-headers": malformed_deliveries.many_headers,
        "reset": cut_deliveries.reset,
        "stall": cut_deliveries.stall,
        "truncate": cut_deliveries.truncate,
        "two-lengths": malformed_deliveries.two_lengths,
        "wrong-length": cut_deliveries.wrong_length,
    }
)


@attrs.frozen(eq=False)
class Front:
    """Serves clients, each on a connection of its own.

    Args:
        port: Where the application listens, on loopback.
        admission: Who may ask for faults; the application asks it for all else.
        faults: What is to go wrong.
        log: Where to note what is asked.
    """

    port: int
    admission: Admission
    faults: FaultQueue
    log: RequestLog

    async def serve(self, connection: ClientConnection) -> None:
        """Answer a client's requests until one of the two has enough.

        The caller closes the connection.
        """
        with suppress(OSError, h11.LocalProtocolError):  # it has gone, or is not heard
            await self._answer_all(connection)

    async def _answer_all(self, connection: ClientConnection) -> None:
        try:
            while (request := await connection.receive()) is not None:
                await self._answer(connection, request)
        except RefusedRequestError as refused:
            await connection.refuse(error_answer(refused.status, refused.detail))

    async def _answer(
        self, connection: ClientConnection, request: ClientRequest
    ) -> None:
        record = self.log.add(request)
        try:
            fault = self._fault(request)
            answer = None if fault is None else stand_in(fault, request)
        except (UnknownNameError, ValueError) as error:
            fault, answer = None, error_answer(400, str(error))
        record.fault = None if fault is None else fault.name
        if answer is None:
            await self._pass_on(connection, request, record, fault)
        else:
            record.status = answer.status
            await connection.send(answer)

    async def _pass_on(
        self,
        connection: ClientConnection,
        request: ClientRequest,
        record: RecordedRequest,
        fault: Fault | None,
    ) -> None:
        stream_fault = fault.name if fault is not None and fault.is_of_stream else None
        async with asked(self.port, request, stream_fault) as answer:
            record.status = answer.status
            body = record.watch(answer.body) if answer.is_stream else answer.body
            await _deliver(connection, attrs.evolve(answer, body=body), fault)

    def _fault(self, request: ClientRequest) -> Fault | None:
        asked_for = request.header(FAULT_HEADER)
        if asked_for is not None and self._admits(request):
            return parse_fault(asked_for)
        is_post = request.method == b"POST"
        is_stream = is_post and request.path.endswith("/messages/stream")
        return self.faults.take(is_stream=is_stream)

    def _admits(self, request: ClientRequest) -> bool:
        host, key = map(request.header, ("host", "authorization"))
        return self.admission.refusal(request.path, host, key) is None


async def _deliver(
    connection: ClientConnection, answer: Answer, fault: Fault | None
) -> None:
    spoil = None if fault is None else _DELIVERIES.get(fault.name)
    if fault is None or spoil is None:
        await connection.send(answer)
    else:
        await spoil(connection, answer, fault.value)
