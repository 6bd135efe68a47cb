"""State vectors: what a replica has, as next clock per client id."""

from __future__ import annotations

from collections.abc import Mapping

from crdtchat.sync.codes import Malformed
from crdtchat.sync.limits import Limits
from crdtchat.sync.wire import expect_end, read_uint, uint


def decode_state_vector(data: bytes, limits: Limits) -> dict[int, int]:
    """Decode strictly. Five bytes can claim 2^29 entries: the claim is held against the size."""
    count, at = read_uint(data, 0)
    if count > limits.state_vector_clients or count * 2 > len(data):
        raise Malformed("state vector claims more entries than it has")
    vector: dict[int, int] = {}
    for _ in range(count):
        client, at = read_uint(data, at)
        clock, at = read_uint(data, at)
        if client in vector:
            raise Malformed("state vector names a client twice")
        vector[client] = clock
    expect_end(data, at)
    return vector


def encode_state_vector(vector: Mapping[int, int]) -> bytes:
    """Encode with ids in descending order, as Yjs does: equal vectors are equal bytes."""
    parts = [uint(len(vector))]
    for client in sorted(vector, reverse=True):
        parts += [uint(client), uint(vector[client])]
    return b"".join(parts)
