"""The short way in and out of a real server: frames as of any other, in their order."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path

import pytest
from websockets.asyncio.client import connect
from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.protocol import OPEN
from websockets.typing import Subprotocol
from websockets.uri import parse_uri

from crdtchat.bench.client import BenchClient
from crdtchat.bench.deliveries import Deliveries
from crdtchat.bench.door import Door
from crdtchat.bench.records import Writer
from crdtchat.server.direct import AT_ONCE, PART_BYTES, _Encoder, in_parts
from crdtchat.sync import message
from tests.raw_client import RawClient, raw_client
from tests.server_process import ServerProcess


@pytest.fixture
def anyio_backend() -> str:
    """The bench's client is a protocol of asyncio."""
    return "asyncio"


SIZES = (0, 1, 125, 126, 127, 65_535, 65_536, 70_000)


@pytest.mark.parametrize("size", SIZES)
def test_a_client_reads_what_was_written(size: int) -> None:
    encoder = _Encoder()
    client = ClientProtocol(parse_uri("ws://127.0.0.1/"), state=OPEN, max_size=None)
    payloads = [bytes([number]) * size for number in (1, 2)]
    for payload in (payloads[0], payloads[0], payloads[1], payloads[0]):
        client.receive_data(encoder.encode(payload))
    frames = client.events_received()
    assert [frame.opcode for frame in frames if isinstance(frame, Frame)] == [Opcode.BINARY] * 4
    assert [frame.data for frame in frames if isinstance(frame, Frame)] == [
        payloads[0],
        payloads[0],
        payloads[1],
        payloads[0],
    ]


@pytest.mark.parametrize("size", [1, PART_BYTES, PART_BYTES + 1, 2 * PART_BYTES, 140_000])
def test_a_client_reads_what_was_sent_in_parts(size: int) -> None:
    client = ClientProtocol(parse_uri("ws://127.0.0.1/"), state=OPEN, max_size=None)
    sent = bytes(number % 251 for number in range(size))
    for head, part in in_parts(sent):
        assert len(part) <= PART_BYTES
        client.receive_data(head + bytes(part))
    frames = [frame for frame in client.events_received() if isinstance(frame, Frame)]
    first, *rest = frames
    assert first.opcode is Opcode.BINARY
    assert {frame.opcode for frame in rest} <= {Opcode.CONT}
    assert [frame.fin for frame in frames] == [False] * len(rest) + [True]
    assert b"".join(bytes(frame.data) for frame in frames) == sent


class Awaited(Deliveries):
    """Says when so many have arrived."""

    def __init__(self, wanted: int) -> None:
        super().__init__()
        self._wanted = wanted
        self.all_here = asyncio.Event()

    def arrive(self, update: bytes, now: float, seen: bytearray) -> int:
        fresh = super().arrive(update, now, seen)
        if self.arrivals >= self._wanted:
            self.all_here.set()
        return fresh


async def test_a_burst_in_one_segment_is_taken_in_order(tmp_path: Path) -> None:
    """More messages than are taken at once: the rest queue, and none overtakes another."""
    server = ServerProcess(tmp_path / "data").start()
    try:
        path = f"/sync/demo/page?token={server.token('ann')}"
        port = int(server.url.rpartition(":")[2])
        operations = 5 * AT_ONCE
        deliveries = Awaited(operations)
        reader = await BenchClient.open(Door("127.0.0.1", port, path, v1=True), deliveries)
        hand = await BenchClient.open(Door("127.0.0.1", port, path))
        writer = Writer(1_000, "ann")
        for _ in range(operations):
            deliveries.send(writer.client, writer.clock, 0.0)
            hand.send_update(writer.create(1_700_000_000_000))
        await deliveries.all_here.wait()
        assert not hand.closed
        hand.hang_up()
        reader.hang_up()
    finally:
        server.stop()


async def test_a_reader_that_stops_gets_the_rest_when_it_goes_on(tmp_path: Path) -> None:
    """Its socket takes a frame in part, then nothing: no byte is lost, doubled or out of place."""
    server = ServerProcess(tmp_path / "data").start()
    try:
        async with raw_client(server.socket_url, "page", token=server.token("ann")) as ann:
            await ann.join()
            narrow = socket.create_connection(("127.0.0.1", int(server.url.rpartition(":")[2])))
            narrow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 131_072)
            url = f"{server.socket_url}/sync/demo/page?token={server.token('bob')}"
            async with connect(
                url,
                sock=narrow,
                subprotocols=[Subprotocol(message.SUBPROTOCOL)],
                compression=None,
                max_size=None,
                max_queue=1,
                ping_interval=None,
            ) as stream:
                bob = RawClient(stream)
                await bob.join()
                now = 1_700_000_000_000
                await ann.write(1, "a", "anno", ("ann", now, "words", "", "", 0, 5))
                comments = 500
                for number in range(comments):
                    text = f"{number:03}" + "x" * 9_000
                    value = ("ann", now, text)
                    await ann.write(2 + number, "c", f"anno/comm{number:03}", value)
                last = f"anno/comm{comments - 1:03}"
                while bob.replica.get("c", last) is None:
                    if isinstance(await bob.next(), message.ResyncRequest):
                        await bob.send(message.encode_resync(0, 0, b"\x00"))
                assert bob.replica.values("c") == ann.replica.values("c")
                assert len(bob.received) < comments, "what did not fit was dropped for a difference"
    finally:
        server.stop()
