"""What a webhook is sent, and its signature (Standard Webhooks 1.0).

The receiver checks the signature with any library of that specification, and drops an id that it
has seen: an event may come more than once.
"""

from __future__ import annotations

import hmac
import json
import secrets
from base64 import b64decode, b64encode
from collections.abc import Sequence
from hashlib import sha256
from typing import Any

from crdtchat.document.events import EVENT_NAMES, event_json
from crdtchat.document.jsonld import iso
from crdtchat.stores.hooking import Delivery

SECRET_PREFIX = "whsec_"
_SECRET_BYTES = 32


def new_secret() -> str:
    """Make a signing secret."""
    return SECRET_PREFIX + b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()


def payload(delivery: Delivery, tenant: str) -> bytes:
    """The body of a delivery: the event as streams of events tell it."""
    event = delivery.event
    body = {
        "type": EVENT_NAMES[event.kind],
        "timestamp": iso(event.at),
        "data": event_json(event, tenant, delivery.page),
    }
    return _encode(body)


def trial_payload(tenant: str, now: int) -> bytes:
    """The body of a request that shows whether a webhook works."""
    return _encode({"type": "test", "timestamp": iso(now), "data": {"tenant": tenant}})


def _encode(body: dict[str, Any]) -> bytes:
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def signed_headers(secrets: Sequence[str], event_id: str, now: int, body: bytes) -> dict[str, str]:
    """The headers of a request sent at `now` (milliseconds since 1970), signed with each secret."""
    stamp = str(now // 1_000)
    content = b".".join((event_id.encode(), stamp.encode(), body))
    signatures = (
        b64encode(hmac.digest(b64decode(one.removeprefix(SECRET_PREFIX)), content, sha256)).decode()
        for one in secrets
    )
    return {
        "webhook-id": event_id,
        "webhook-timestamp": stamp,
        "webhook-signature": " ".join(f"v1,{signature}" for signature in signatures),
    }
