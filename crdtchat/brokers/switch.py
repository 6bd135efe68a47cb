"""The middle of `LocalBroker`s: passes on what each of them publishes to all others that asked."""

from __future__ import annotations

import socket
from collections import defaultdict

import anyio
from anyio.abc import SocketStream
from anyio.streams.buffered import BufferedByteReceiveStream

from crdtchat.brokers.local import GONE, Kind, Outgoing, read_frame


class Switch:
    """Holds nothing but subscriptions. A reader that stands still delays nobody else."""

    def __init__(self) -> None:
        self._readers: dict[str, set[Outgoing]] = defaultdict(set)

    async def serve(self, connection: socket.socket) -> None:
        """Pass messages of one broker on, both ways, until it is gone."""
        stream = await SocketStream.from_socket(connection)
        own = Outgoing()
        try:
            async with stream, anyio.create_task_group() as tasks:
                tasks.start_soon(own.write, stream)
                incoming = BufferedByteReceiveStream(stream)
                while True:
                    frame = await read_frame(incoming)
                    readers = self._readers[frame.topic]
                    match frame.kind:
                        case Kind.SUBSCRIBE:
                            readers.add(own)
                        case Kind.UNSUBSCRIBE:
                            readers.discard(own)
                        case Kind.MESSAGE:
                            encoded = frame.encode()
                            for reader in readers:
                                if reader is not own:
                                    reader.put(encoded)
                    if not readers:
                        del self._readers[frame.topic]
        except* GONE:
            pass
        finally:
            for topic, readers in list(self._readers.items()):
                readers.discard(own)
                if not readers:
                    del self._readers[topic]
