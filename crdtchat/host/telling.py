"""What nodes tell each other, as bytes: a seal, a kind, and the rest.

The format is not PROTOCOL's: only nodes of one deployment read it. A kind or a version that a node
does not know is passed over, so that nodes of neighbouring versions run side by side.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from enum import IntEnum

from crdtchat.document.schema import SCHEMA_VERSION
from crdtchat.host.following import News
from crdtchat.stores.base import Append, DocumentKey, Entry, Lease
from crdtchat.sync.codes import Malformed
from crdtchat.sync.presence import Far
from crdtchat.sync.wire import expect_end, read_bytes, read_string, read_uint, sized, string, uint

_SEAL_BYTES = 16


class Kind(IntEnum):
    """What a message is about."""

    NEWS = 1
    PRESENCE = 2
    ASKED = 3
    """Somebody opened the page: who is there?"""
    ALIVE = 4
    GONE = 5
    LOW = 6
    """A node has little left of a budget."""
    LOAN = 7
    CONNECTIONS = 8
    """How many connections users have at a node."""


def topic_of(secret: bytes, *parts: str) -> str:
    """Where something is told: nobody without the secret learns from it what it is."""
    name = hashlib.blake2b("\0".join(parts).encode(), key=secret, digest_size=16)
    return f"crdtchat:{name.hexdigest()}"


def page_topic(secret: bytes, key: DocumentKey) -> str:
    """Where a page's nodes meet."""
    return topic_of(secret, "page", *key)


def seal(secret: bytes, topic: str, kind: Kind, body: bytes) -> bytes:
    """Make a message."""
    data = bytes((kind,)) + body
    return _seal(secret, topic, data) + data


def unseal(secret: bytes, topic: str, message: bytes) -> tuple[int, bytes]:
    """The kind and body of a message. Raises Malformed if it is nobody's of this deployment."""
    given, data = message[:_SEAL_BYTES], message[_SEAL_BYTES:]
    if not data or not hmac.compare_digest(given, _seal(secret, topic, data)):
        raise Malformed("not sealed by a node of this deployment")
    return data[0], data[1:]


def _seal(secret: bytes, topic: str, data: bytes) -> bytes:
    return hashlib.blake2b(topic.encode() + data, key=secret, digest_size=_SEAL_BYTES).digest()


def encode_news(append: Append) -> bytes:
    """What an append put into its page's log, and the version of the schema that it needs."""
    parts = [
        uint(SCHEMA_VERSION),
        uint(append.epoch),
        uint(append.after + 1),
        uint(len(append.entries)),
    ]
    for entry in append.entries:
        parts += [sized(entry.update), string(entry.principal), uint(entry.at)]
        parts.append(sized(entry.broadcast_id))
    parts.append(uint(len(append.leases)))
    for lease in append.leases:
        parts += [uint(lease.client), string(lease.user), string(lease.nonce)]
    return b"".join(parts)


def encode_presence(node: str, far: Far) -> bytes:
    """Who is on a page at a node."""
    return json.dumps([node, far.named, far.others], ensure_ascii=False).encode()


def decode_presence(body: bytes) -> tuple[str, Far]:
    """Read what `encode_presence` wrote. Raises Malformed."""
    try:
        node, named, others = json.loads(body)
        lines = [
            (int(number), str(user), str(name), dict(state), int(client))
            for number, user, name, state, client in named
        ]
        return str(node), Far(lines, {str(user): int(count) for user, count in others.items()})
    except (ValueError, TypeError, AttributeError) as error:
        raise Malformed(f"no presence: {error}") from None


def decode_news(body: bytes) -> News | None:
    """Read what `encode_news` wrote; None if it takes a newer node to understand it.

    Raises Malformed.
    """
    needed, at = read_uint(body, 0)
    if needed > SCHEMA_VERSION:
        return None
    epoch, at = read_uint(body, at)
    first, at = read_uint(body, at)
    count, at = read_uint(body, at)
    entries = []
    for _ in range(count):
        update, at = read_bytes(body, at)
        principal, at = read_string(body, at)
        time, at = read_uint(body, at)
        broadcast_id, at = read_bytes(body, at)
        entries.append(Entry(update, principal, time, broadcast_id))
    count, at = read_uint(body, at)
    leases = []
    for _ in range(count):
        client, at = read_uint(body, at)
        user, at = read_string(body, at)
        nonce, at = read_string(body, at)
        leases.append(Lease(client, user, nonce))
    expect_end(body, at)
    return News(epoch, first, tuple(entries), tuple(leases))
