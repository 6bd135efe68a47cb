"""A hostile client: takes part as far as it is let, and attacks when it is told to."""

from __future__ import annotations

from crdtchat.document.replica import Replica
from crdtchat.stores.base import DocumentKey
from crdtchat.sync import message
from crdtchat.sync.session import Peer
from crdtchat.testing.simulator.attacks import ATTACKS, Arsenal
from crdtchat.testing.simulator.visitor import Surroundings, Visitor


class Intruder(Visitor):
    """Whatever the server says of not coming back, it comes back."""

    honest = False

    def __init__(
        self, around: Surroundings, who: str, key: DocumentKey, peer: Peer, *, v1: bool
    ) -> None:
        super().__init__(around, who, key, peer)
        self.v1 = v1
        self._client = around.chance.getrandbits(32) | 1 << 20
        self._replica = Replica(self._client)
        self._sent: list[bytes] = []
        self.dial()

    def attack(self, name: str) -> None:
        """Send what an attack of this name sends now."""
        around = self.around
        archive = around.witness.archives[self.key]
        room = self.connection.room if self.connection else None
        announced = [person.client for person in room.room.presence.named] if room else []
        clients = sorted({*archive.mirror.state_vector(), *filter(None, announced)})
        arsenal = Arsenal(
            chance=around.chance,
            replica=self._replica,
            v1=self.v1,
            client=self._client,
            user=self.peer.user,
            victims=tuple(user for user in archive.peers if user != self.peer.user),
            clients=tuple(client for client in clients if client != self._client),
            now=around.timeline.wall,
            overheard=tuple(self._sent[-8:]),
        )
        around.trace.note(self.who, f"attacks: {name}")
        for frame in ATTACKS[name](arsenal):
            self._sent.append(frame)
            self.send(frame)

    def opened(self) -> None:
        self._replica = Replica(self._client)
        if self.v1:
            self.send(message.encode_resync(0, 0, b"\x00"))
        else:
            self.send(message.encode_sync_step1(b"\x00"))

    def received(self, frame: bytes) -> None:
        match message.decode_from_server(frame):
            case message.Welcome(info):
                client = info["client"]
                assert isinstance(client, int)
                self._client = client
                self._replica = Replica(client)
            case message.Reject():
                self._replica = Replica(self._client)
                self.send(message.encode_resync(0, 0, b"\x00"))
            case (
                message.Batch(_, _, update) | message.SyncStep2(update) | message.SyncUpdate(update)
            ):
                self._replica.apply(update)

    def closed(self, code: int, reason: str) -> None:
        self.dial(again=True)
