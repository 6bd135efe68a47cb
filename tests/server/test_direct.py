"""The frames of the short way out are those of any WebSocket server."""

from __future__ import annotations

import pytest
from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.protocol import OPEN
from websockets.uri import parse_uri

from crdtchat.server.direct import _Encoder

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
