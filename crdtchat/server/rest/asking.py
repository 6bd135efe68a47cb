"""What a request brings: who asks, about which page, with which body, on which condition."""

from __future__ import annotations

import json
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from urllib.parse import quote
from uuid import UUID

from starlette.requests import Request

from crdtchat.access.gate import Admission, Gate, NoTenant
from crdtchat.access.origins import PROGRAM, From
from crdtchat.access.page_ids import PAGE_CHARACTERS, is_page_id
from crdtchat.access.principal import Denied, Principal
from crdtchat.access.roles import Action
from crdtchat.document import ids
from crdtchat.host.hub import Hub
from crdtchat.server.credentials import credentials
from crdtchat.server.doors import address_key
from crdtchat.server.guest_tokens import tell
from crdtchat.server.problem import Problem
from crdtchat.stores.base import DocumentKey
from crdtchat.sync.codes import TooFast
from crdtchat.sync.session import Peer

BODY_BYTES = 131_072
"""Of the largest body read."""
ATTESTED = "crdtchat.principal"
"""Name of the ASGI scope extension by which a program that has signed its user in itself says who
asks. Only the server that runs the app can set it."""
JSON_TYPES = frozenset(
    {"application/json", "application/ld+json", "application/merge-patch+json"},
)


@dataclass(frozen=True, slots=True)
class Asked:
    """An admitted request about one page."""

    hub: Hub
    gate: Gate
    admission: Admission
    key: DocumentKey
    sender: From = PROGRAM

    @property
    def peer(self) -> Peer:
        """Who asks, as a room sees them."""
        return self.gate.peer(self.principal)

    @property
    def principal(self) -> Principal:
        """Who asks."""
        return self.admission.principal

    @property
    def moderates(self) -> bool:
        """Whether they are shown what moderators hid."""
        return self.principal.may(Action.MODERATE, self.key.page)

    @property
    def now(self) -> int:
        """Milliseconds since 1970."""
        return self.hub.sources.now().wall


async def ask(request: Request, action: Action) -> Asked:
    """Admit a request about the page it names. Raises Problem, StoreError."""
    page = page_of(request)
    admission = await admit(request, action, page)
    key = DocumentKey(admission.principal.tenant, page)
    state = request.app.state
    sender = PROGRAM
    if admission.attested is None:
        sender = From(request.headers.get("origin"), request.headers.get("host", ""))
    return Asked(state.hub, state.gate, admission, key, sender)


def page_of(request: Request) -> str:
    """The page that a request names. Raises Problem."""
    page = request.query_params.get("page", "")
    if not is_page_id(page):
        raise Problem(400, f"name the page: ?page=ID, of at most {PAGE_CHARACTERS} characters")
    return page


async def admit(request: Request, action: Action, page: str | None = None) -> Admission:
    """Admit a request to a tenant, and to one page of it. Raises Problem, StoreError."""
    gate: Gate = request.app.state.gate
    hub: Hub = request.app.state.hub
    name = request.path_params["tenant"]
    attested: Principal | None = request.scope.get("extensions", {}).get(ATTESTED)
    try:
        tenant = gate.tenant(name)
    except NoTenant:
        raise Problem(404, "there is no such tenant") from None
    if attested is not None:
        admission = _admit_attested(gate, attested, name, action, page)
        _charge_read(request, admission.principal)
        return admission
    origin = request.headers.get("origin")
    if not tenant.allows_origin(origin, request.headers.get("host", "")):
        raise Problem(403, f"pages of {origin} may not use this tenant")
    try:
        admission = await gate.admit(
            tenant,
            token=credentials(request, tenant),
            name=request.query_params.get("name", ""),
            now=hub.sources.now().wall,
            page=page,
            action=action,
        )
    except Denied as denied:
        key, now = DocumentKey(tenant.id, page or ""), hub.sources.now().wall
        hub.counters.refusals.note_denied(key, denied, now, "rest")
        raise Problem(403 if denied.forbidden else 401, denied.reason) from None
    _charge_read(request, admission.principal)
    if admission.is_new and action is not Action.READ:
        tell(request.scope, admission.token)
    return admission


def _charge_read(request: Request, principal: Principal) -> None:
    """Take a read out of the budget of who asks. Raises TooFast."""
    if request.method not in ("GET", "HEAD"):
        return  # a write is charged where it is made
    gate: Gate = request.app.state.gate
    hub: Hub = request.app.state.hub
    reader, now = reader_of(request, principal), hub.sources.now().steady
    wait_s = gate.reads.take(gate.tenant(principal.tenant), reader, now)
    if wait_s:
        raise TooFast(wait_s)


def reader_of(request: Request, principal: Principal) -> str:
    """Who reads: a user, or the address of guests. Whoever likes becomes another guest, and is one
    anew with each request without a token."""
    if not principal.guest:
        return principal.user
    return f"/{address_key(request.client.host if request.client else '')}"


def require_all_pages(principal: Principal, remedy: str) -> None:
    """Raises Problem (403) for somebody whose token is for some pages only."""
    if "*" not in principal.pages:
        raise Problem(403, f"this token is for some pages only: {remedy}")


def _admit_attested(
    gate: Gate, attested: Principal, tenant: str, action: Action, page: str | None
) -> Admission:
    if attested.tenant != tenant:
        raise Problem(404, "there is no such tenant")
    try:
        return gate.admit_attested(attested, page=page, action=action)
    except Denied as denied:
        raise Problem(403, denied.reason) from None


async def read_body(request: Request) -> dict[str, Any]:
    """The JSON object that was sent. Raises Problem."""
    require_kind(request, JSON_TYPES, "send JSON, with Content-Type: application/json")
    size = 0
    chunks: list[bytes] = []
    async for chunk in request.stream():
        size += len(chunk)
        if size > BODY_BYTES:
            raise Problem(413, f"at most {BODY_BYTES} bytes")
        chunks.append(chunk)
    try:
        body = json.loads(b"".join(chunks))
    except (ValueError, RecursionError):
        raise Problem(400, "the body is not JSON") from None
    if not isinstance(body, dict):
        raise Problem(400, "the body is not a JSON object")
    return body


def require_kind(request: Request, kinds: Collection[str], remedy: str) -> None:
    """Raises Problem (415) unless the body is of one of these media types, and not compressed."""
    if request.headers.get("content-encoding", "identity").strip().lower() != "identity":
        plain = {"Accept-Encoding": "identity"}  # RFC 9110 section 12.5.3
        raise Problem(415, "send the body as it is, without Content-Encoding", headers=plain)
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in kinds:
        raise Problem(415, remedy)


def broadcast_id(value: object) -> bytes:
    """The 16 bytes of a body's `broadcastId`, or fresh ones. Raises Problem."""
    if value is None:
        return ids.new_broadcast_id(secrets.token_bytes)
    try:
        return UUID(str(value)).bytes
    except ValueError:
        raise Problem(422, "broadcastId is a UUID", "bad-value") from None


def derived(purpose: str, asked: Asked, operation: bytes) -> ids.RandomBytes:
    """Bytes for new ids that a repeated request finds again: no other user or page has the same.

    So a request is idempotent by its broadcastId for as long as the record stands, whatever
    became of the log entry meanwhile.
    """
    parts = (
        purpose.encode(),
        *(part.encode() for part in asked.key),
        asked.principal.user.encode(),
    )
    seed = b"".join(len(part).to_bytes(4, "big") + part for part in (*parts, operation))
    digest = sha256(seed).digest()
    return lambda count: digest[:count]


def number(request: Request, name: str, default: int, allowed: range) -> int:
    """A number of the query. Raises Problem."""
    text = request.query_params.get(name)
    if text is None:
        return default
    if text.isascii() and text.isdecimal() and len(text) < 16 and int(text) in allowed:
        return int(text)
    raise Problem(400, f"{name} is a number from {allowed.start} to {allowed.stop - 1}")


def choice(request: Request, name: str, allowed: Collection[str]) -> str:
    """A word of the query, or empty. Raises Problem."""
    text = request.query_params.get(name, "")
    if text and text not in allowed:
        raise Problem(400, f"{name} is one of {', '.join(allowed)}")
    return text


def own_path(request: Request) -> str:
    """The path that was asked for, encoded; without the query, which may hold a token."""
    return quote(request.scope["path"])


def etag_of(content: bytes) -> str:
    """A strong ETag of bytes."""
    return f'"{sha256(content).hexdigest()[:20]}"'


def is_known(request: Request, etag: str) -> bool:
    """Whether `If-None-Match` names what the asker has already (RFC 9110 section 13.1.2)."""
    header = request.headers.get("if-none-match")
    return header is not None and (header.strip() == "*" or etag in _etags(header, weak=True))


def is_conditional(request: Request) -> bool:
    """Whether a change is to happen only to what who asks has seen."""
    return "if-match" in request.headers


def require_match(request: Request, etag: str) -> None:
    """Raises Problem (412) unless what a change is conditional on holds: `If-Match` and
    `If-None-Match`, where given (RFC 9110 section 13.2.2)."""
    header = request.headers.get("if-match")
    if header is not None and header.strip() != "*" and etag not in _etags(header, weak=False):
        raise Problem(412, "it was changed meanwhile: read it again")
    if is_known(request, etag):
        raise Problem(412, "it is what If-None-Match says that it is not")


def _etags(header: str, *, weak: bool) -> set[str]:
    found = {part.strip() for part in header.split(",")}
    return {part.removeprefix("W/") for part in found} if weak else found
