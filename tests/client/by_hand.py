"""A provider spoken to by hand, and what is said to it."""

from __future__ import annotations

from crdtchat.client.effects import Effect, Send
from crdtchat.client.intents import Operation
from crdtchat.client.provider import Phase, Provider
from crdtchat.document.records import Target
from crdtchat.document.replica import Replica, Write
from crdtchat.sync import message
from crdtchat.sync.encode import EMPTY_UPDATE
from crdtchat.sync.message import decode_from_client
from crdtchat.sync.tuning import Tuning
from tests.client.world import START, Client, Clock, Server

TARGET = Target("words", start_cp=0, end_cp=5)
WELCOME: dict[str, object] = {
    "protocol": 1,
    "principal": {"id": "ann", "name": "Ann", "role": "commenter", "guest": False},
    "token": None,
    "epoch": 1,
    "sequence": 0,
    "client": 5,
    "clock": 0,
    "lease": "nonce",
    "readonly": False,
    "limits": {"in_flight": 2},
    "heartbeat": 20,
}
WRITES: tuple[Write, ...] = (
    ("a", "anno", ("bob", START, "words", "", "", 0, 5)),
    ("c", "anno/cmnt", ("bob", START, "first")),
)


def world(*users: str, tuning: Tuning | None = None) -> tuple[Server, list[Client]]:
    server = Server(Clock(), tuning)
    clients = [
        Client(server, user, seed, "moderator" if user == "mod" else "commenter")
        for seed, user in enumerate(users)
    ]
    return server, clients


def frames(effects: list[Effect]) -> list[message.FromClient]:
    return [
        decode_from_client(effect.frame, v1=True) for effect in effects if isinstance(effect, Send)
    ]


def welcome(provider: Provider, **changes: object) -> list[Effect]:
    return provider.receive_frame(message.encode_welcome({**WELCOME, **changes}), START)


def joined(state: bytes = EMPTY_UPDATE, last: int = 0, **changes: object) -> Provider:
    provider = Provider()
    provider.receive_opened()
    welcome(provider, **changes)
    provider.receive_frame(message.encode_batch(0, last, state, []), START)
    assert provider.phase is Phase.LIVE
    return provider


def phase(provider: Provider) -> Phase:
    return provider.phase


def resolve(number: int, at: int = START) -> Operation:
    return Operation(bytes([number] * 16), at, (("s", "anno", (1, "", at)),))


def page() -> bytes:
    return Replica(client=9).write(WRITES)
