"""What a hostile client may send (DESIGN section 5). Each attack answers the frames to send."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from crdtchat.document.ids import new_annotation_id
from crdtchat.document.replica import Replica, Write
from crdtchat.sync import message
from crdtchat.sync.awareness import AwarenessState, encode_awareness
from crdtchat.sync.encode import encode_deletion, encode_write
from crdtchat.sync.statevector import encode_state_vector
from crdtchat.sync.wire import uint

FUTURE_MS = 3_600_000
_HUGE = 2**53 - 1


@dataclass(slots=True)
class Arsenal:
    """What an attacker knows and can do."""

    chance: Random
    replica: Replica
    """What it was sent, and what it wrote in good form; attacks are written into copies."""
    v1: bool
    client: int
    """The id it may write under."""
    user: str
    victims: tuple[str, ...]
    """Other users."""
    clients: tuple[int, ...]
    """Client ids of others."""
    now: int
    overheard: tuple[bytes, ...]
    """Frames that it sent before."""

    def frame(self, update: bytes) -> bytes:
        """As an operation of its subprotocol."""
        if self.v1:
            return message.encode_operation(self.chance.randbytes(16), update)
        return message.encode_sync_update(update)

    def write(self, *writes: Write, client: int | None = None) -> bytes:
        """The update of writing this, under its own or another id."""
        twin = Replica(self.client if client is None else client)
        twin.apply(self.replica.state())
        return twin.write(writes)

    def annotation(self, author: str, at: int) -> Write:
        """A record as good as any, but for its author and time."""
        aid = new_annotation_id(self.chance.randbytes)
        return ("a", aid, (author, at, "words", "", "", 0, 5))

    def some_key(self, root: str) -> str | None:
        """A key that holds something now."""
        keys = sorted(self.replica.values(root))
        return self.chance.choice(keys) if keys else None


def forged_author(at: Arsenal) -> list[bytes]:
    """Signed as somebody else."""
    return [at.frame(at.write(at.annotation(at.chance.choice(at.victims), at.now)))]


def foreign_client(at: Arsenal) -> list[bytes]:
    """Own words under a client id of somebody else, the server's or none."""
    client = at.chance.choice((*at.clients, 1, at.chance.randrange(2, 2**32)))
    return [at.frame(at.write(at.annotation(at.user, at.now), client=client))]


def clock_gap(at: Arsenal) -> list[bytes]:
    """The second of two updates."""
    twin = Replica(at.client)
    twin.apply(at.replica.state())
    twin.write([at.annotation(at.user, at.now)])
    return [at.frame(twin.write([at.annotation(at.user, at.now)]))]


def foreign_delete(at: Arsenal) -> list[bytes]:
    """Delete records, or items nobody wrote yet, by delete set."""
    key = at.some_key("c")
    if key is not None and at.chance.random() < 0.5:
        return [at.frame(at.write(("c", key, None)))]
    client = at.chance.choice(at.clients or (1,))
    return [at.frame(encode_deletion([(client, at.chance.randrange(40))]))]


def foreign_edit(at: Arsenal) -> list[bytes]:
    """Other words for somebody else's comment, signed by them or by oneself."""
    key = at.some_key("c")
    if key is None:
        return []
    value = at.replica.get("c", key)
    if not isinstance(value, tuple):
        return []
    author = at.chance.choice((value[0], at.user))
    return [at.frame(at.write(("c", key, (author, *value[1:2], "changed by force"))))]


def foreign_tombstone(at: Arsenal) -> list[bytes]:
    """Delete somebody else's annotation or comment in good form, or react in their name."""
    key = at.some_key(at.chance.choice("ac"))
    if key is None:
        return []
    if "/" in key and at.chance.random() < 0.3:
        return [at.frame(at.write(("r", f"{key}/{at.chance.choice(at.victims)}", "+")))]
    return [at.frame(at.write(("d", key, (at.user, at.now))))]


def from_the_future(at: Arsenal) -> list[bytes]:
    """Dated an hour ahead."""
    return [at.frame(at.write(at.annotation(at.user, at.now + FUTURE_MS)))]


def server_name(at: Arsenal) -> list[bytes]:
    """Attest a name oneself."""
    return [at.frame(at.write(("u", at.user, ("The Owner",))))]


def well_meant(at: Arsenal) -> list[bytes]:
    """An operation that is in order, if the role allows it; sent twice."""
    frame = at.frame(at.replica.write([at.annotation(at.user, at.now)]))
    return [frame, frame]


def stale_origin(at: Arsenal) -> list[bytes]:
    """An item behind one that does not exist, or behind another key's."""
    origin = (at.chance.choice(at.clients or (1,)), at.chance.randrange(60))
    clock = at.chance.randrange(4)
    value = (at.user, at.now, "behind")
    update = encode_write(at.client, clock, root="c", key="", value=value, origin=origin)
    return [at.frame(update)]


def mutated(at: Arsenal) -> list[bytes]:
    """A real operation with some bytes changed, cut out or doubled."""
    writes = [at.annotation(at.user, at.now)]
    key = at.some_key("c")
    if key is not None:
        reply = f"{key.split('/')[0]}/{at.chance.getrandbits(40):010x}"
        writes.append(("c", reply, (at.user, at.now, "x")))
    update = bytearray(at.write(*writes))
    for _ in range(at.chance.randint(1, 4)):
        place = at.chance.randrange(len(update))
        kind = at.chance.randrange(4)
        if kind == 0:
            update[place] ^= 1 << at.chance.randrange(8)
        elif kind == 1:
            update[place] = at.chance.choice((0, 1, 0x7F, 0x80, 0xFF))
        elif kind == 2 and len(update) > 1:
            del update[place]
        else:
            update.insert(place, at.chance.randrange(256))
    return [at.frame(bytes(update))]


def garbage(at: Arsenal) -> list[bytes]:
    """Any bytes at all."""
    kind = at.chance.choice((0, 1, 3, 64, 65, 66, 67, 68, 69, 70, 255))
    return [uint(kind) + at.chance.randbytes(at.chance.randrange(24)), b""]


def forged_awareness(at: Arsenal) -> list[bytes]:
    """States of others, other names, ids to come, clocks without end."""
    client = at.chance.choice((*at.clients, at.client, *range(1, 12), _HUGE))
    clock = at.chance.choice((0, 1, 100, 2**32, _HUGE - 1, _HUGE))
    state: dict[str, object] | None = {"user": {"id": at.victims[0], "name": "The Owner"}, "x": 1}
    if at.chance.random() < 0.3:
        state = None
    update = encode_awareness([AwarenessState(client, clock, state)])
    return [message.encode_awareness_message(update), b"\x03"]


def odd_presence(at: Arsenal) -> list[bytes]:
    """Presence of other shapes."""
    info = at.chance.choice(
        (
            {"typing": "x" * 400},
            {"typing": 5, "selection": [True, None]},
            {"selection": [_HUGE * 8, -1]},
            {"people": 99, "connections": 99, "full": True, "here": []},
            {"user": {"id": at.victims[0]}},
        )
    )
    text = json.dumps(info).encode()
    return [b"\x45" + uint(len(text)) + text]


def odd_join(at: Arsenal) -> list[bytes]:
    """Join with a state vector or sequence number that cannot be."""
    clients = (*at.clients, at.client, _HUGE, 2**33)
    numbers = (0, 1, 2**31, 2**32, 2**33 + 1, _HUGE)
    vector = {
        at.chance.choice(clients): at.chance.choice(numbers) for _ in range(at.chance.randrange(4))
    }
    encoded = encode_state_vector(vector)
    if at.chance.random() < 0.2:
        encoded = b"\x80\x80\x80\x80\x02"
    if at.v1 and at.chance.random() < 0.7:
        epoch = at.chance.choice((0, 1, 1, 2))
        return [message.encode_resync(epoch, at.chance.choice(numbers), encoded)]
    return [message.encode_sync_step1(encoded)]


def own_everything(at: Arsenal) -> list[bytes]:
    """Answer sync step 1 as if everything were one's own."""
    return [message.encode_sync_step2(at.replica.state())]


def replayed(at: Arsenal) -> list[bytes]:
    """Something sent before, once more."""
    return [at.chance.choice(at.overheard)] if at.overheard else []


ATTACKS: dict[str, Callable[[Arsenal], list[bytes]]] = {
    attack.__name__: attack
    for attack in (
        forged_author,
        foreign_client,
        clock_gap,
        foreign_delete,
        foreign_edit,
        foreign_tombstone,
        from_the_future,
        server_name,
        well_meant,
        stale_origin,
        mutated,
        garbage,
        forged_awareness,
        odd_presence,
        odd_join,
        own_everything,
        replayed,
    )
}
