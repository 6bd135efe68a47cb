"""The welcome, read strictly into a type."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

from crdtchat.document.schema import SCHEMA_VERSION
from crdtchat.sync.codes import Malformed
from crdtchat.sync.limits import OPERATION
from crdtchat.sync.wire import MAX_UINT

_T = TypeVar("_T", str, int, bool)

IN_FLIGHT = 256
HEARTBEAT_S = 20.0


@dataclass(frozen=True, slots=True)
class Principal:
    """Who the server says this client is."""

    id: str
    name: str
    role: str
    guest: bool


@dataclass(frozen=True, slots=True)
class Greeting:
    """What a welcome grants to one connection."""

    principal: Principal
    token: str
    """A new guest token to keep; empty if there is none."""
    epoch: int
    sequence: int
    client: int
    """Leased client id; write under no other."""
    clock: int
    """Its next clock, on the server."""
    lease: str
    """Nonce with which the lease can be continued."""
    readonly: bool
    update_bytes: int
    comment_cp: int
    """Longest comment in code points; 0 if the server does not say."""
    in_flight: int
    heartbeat_s: float
    now: int
    """The server's time, in milliseconds since 1970; 0 if it does not say."""
    page_versions: bool = False
    """Whether the server keeps the texts that annotations are made on."""


def read_greeting(info: Mapping[str, object]) -> Greeting:
    """Read a welcome's JSON. Raises Malformed if what the client lives by is missing or mistyped;
    unknown members are passed over."""
    if _take(info, "protocol", int) != 1:
        raise Malformed("a protocol this client does not speak")
    if _take(info, "schema", int, SCHEMA_VERSION) > SCHEMA_VERSION:
        raise Malformed("documents of a schema newer than this client")
    principal = info.get("principal")
    limits = info.get("limits", {})
    if not isinstance(principal, dict) or not isinstance(limits, dict):
        raise Malformed("welcome without principal or limits")
    token = info.get("token")
    heartbeat = info.get("heartbeat", HEARTBEAT_S)
    if not isinstance(heartbeat, int | float) or not 0 < heartbeat < 86_400:
        raise Malformed("welcome with a strange heartbeat")
    in_flight = _take(limits, "in_flight", int, IN_FLIGHT)
    if in_flight < 1:
        raise Malformed("welcome that allows no operation")
    return Greeting(
        principal=Principal(
            _take(principal, "id", str),
            _take(principal, "name", str, ""),
            _take(principal, "role", str, ""),
            _take(principal, "guest", bool, False),
        ),
        token=token if isinstance(token, str) else "",
        epoch=_take(info, "epoch", int),
        sequence=_take(info, "sequence", int),
        client=_take(info, "client", int),
        clock=_take(info, "clock", int),
        lease=_take(info, "lease", str),
        readonly=_take(info, "readonly", bool, False),
        update_bytes=_take(limits, "update_bytes", int, OPERATION.update_bytes),
        comment_cp=_take(limits, "comment_cp", int, 0),
        in_flight=in_flight,
        heartbeat_s=float(heartbeat),
        now=_take(info, "now", int, 0),
        page_versions=_take(info, "page_versions", bool, False),
    )


def _take(info: Mapping[str, object], name: str, kind: type[_T], default: _T | None = None) -> _T:
    value = info.get(name, default)
    if type(value) is not kind:
        raise Malformed(f"welcome without {name}")
    if isinstance(value, int) and not 0 <= value <= MAX_UINT:
        raise Malformed(f"welcome with a strange {name}")
    return value
