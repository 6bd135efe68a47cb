"""The first thing a v1 client hears (PROTOCOL section 4)."""

from __future__ import annotations

from crdtchat.sync.leases import Lease
from crdtchat.sync.limits import OPERATION
from crdtchat.sync.rules import Law
from crdtchat.sync.session import Peer
from crdtchat.sync.tuning import Tuning

PROTOCOL_VERSION = 1


def welcome(
    peer: Peer,
    lease: Lease,
    *,
    epoch: int,
    sequence: int,
    clock: int,
    law: Law,
    tuning: Tuning,
    now: int,
) -> dict[str, object]:
    """Who the client is here, what it has to write under, and its limits."""
    return {
        "protocol": PROTOCOL_VERSION,
        "schema": law.version,
        "principal": {
            "id": peer.user,
            "name": peer.name,
            "role": peer.role,
            "guest": peer.guest,
        },
        "epoch": epoch,
        "sequence": sequence,
        "client": lease.client,
        "clock": clock,
        "lease": lease.nonce,
        "readonly": not peer.may_comment,
        "limits": {
            "update_bytes": OPERATION.update_bytes,
            "comment_cp": peer.comment_cp or law.comment_cp,
            "in_flight": tuning.in_flight,
        },
        "heartbeat": tuning.heartbeat,
        "now": now,
    }
