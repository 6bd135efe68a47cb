"""`/api/v1/{tenant}/export` and `/import`: annotations out and in (docs/exchange.md)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from io import TextIOWrapper
from itertools import chain
from tempfile import SpooledTemporaryFile
from typing import IO

from anyio.to_thread import run_sync
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from crdtchat.access.gate import Gate
from crdtchat.access.roles import Action
from crdtchat.document.json_items import BrokenFile, JsonItems
from crdtchat.document.jsonld import PROFILE
from crdtchat.host.damage import Damage
from crdtchat.host.exporting import exported
from crdtchat.host.hub import Hub
from crdtchat.host.importing import import_items
from crdtchat.server.problem import Problem
from crdtchat.server.rest.answering import CACHING, plain_json
from crdtchat.server.rest.asking import (
    JSON_TYPES,
    admit,
    choice,
    page_of,
    require_all_pages,
    require_kind,
)

IMPORT_BYTES = 67_108_864
"""Of the largest file taken at once. A larger one comes in parts: what is known is passed over."""
IMPORT_TYPES = JSON_TYPES | {"application/jsonl", "application/x-ndjson"}
_IN_MEMORY = 1_048_576
_SENT_TOGETHER = 65_536


async def export_annotations(request: Request) -> Response:
    """`GET .../export?page=ID&user=ID`: as `crdtchat export` writes it, for owners."""
    hub: Hub = request.app.state.hub
    page = page_of(request) if "page" in request.query_params else None
    principal = (await admit(request, Action.ADMINISTER, page)).principal
    if page is None:
        require_all_pages(principal, "name the page")
    parts = exported(
        hub.store,
        principal.tenant,
        page=page,
        user=request.query_params.get("user"),
        damage=Damage() if page is None else None,
    )
    # The first part says whether it can be read at all, while the status can still tell.
    first = await anext(parts)
    return StreamingResponse(_together(first, parts), headers=CACHING, media_type=PROFILE)


async def import_annotations(request: Request) -> Response:
    """`POST .../import?page=ID&dryRun=true`: brings a file in, as `crdtchat import` does, and
    answers what was new, known and refused, and why. One at a time for each tenant."""
    hub: Hub = request.app.state.hub
    gate: Gate = request.app.state.gate
    page = page_of(request) if "page" in request.query_params else None
    principal = (await admit(request, Action.IMPORT, page)).principal
    if page is None:
        require_all_pages(principal, "name the page")
    damage = Damage() if page is None else None
    require_kind(request, IMPORT_TYPES, "send JSON or JSON lines, and say so in Content-Type")
    rehearse = choice(request, "dryRun", ("true", "false")) == "true"
    with (
        _only_one(request.app.state.importing, principal.tenant),
        SpooledTemporaryFile(_IN_MEMORY) as file,
    ):
        await _receive(request, file)
        text = TextIOWrapper(file, encoding="utf-8-sig")
        items = iter(JsonItems(text.read))
        try:
            # A file of spaces, or of one large item, takes seconds: in a thread, like the rest.
            first = await run_sync(next, items, None)
        except (BrokenFile, UnicodeDecodeError) as error:
            raise Problem(400, f"the body cannot be read: {error}") from None
        tally = await import_items(
            hub,
            principal.tenant,
            chain([] if first is None else [first], items),
            gate.importer(principal, page),
            page=page,
            rehearse=rehearse,
            damage=damage,
        )
    unread = {"unread": damage.pages} if damage is not None and damage.pages else {}
    return plain_json({"dryRun": rehearse, **tally.report(), **unread})


@contextmanager
def _only_one(importing: set[str], tenant: str) -> Iterator[None]:
    if tenant in importing:
        raise Problem(429, "another import of this tenant is under way", "rate-limited")
    importing.add(tenant)
    try:
        yield
    finally:
        importing.remove(tenant)


async def _receive(request: Request, file: IO[bytes]) -> None:
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > IMPORT_BYTES:
            raise Problem(413, f"at most {IMPORT_BYTES} bytes at once: bring it in parts")
        try:
            file.write(chunk)
        except OSError as error:  # behind `_IN_MEMORY` bytes
            raise Problem(
                503,
                f"the server has no room for so large a file while it reads it ({error.strerror}): "
                f"its operator has to look; bring it in parts of up to {_IN_MEMORY} bytes",
            ) from None
    file.seek(0)


async def _together(first: str, parts: AsyncIterator[str]) -> AsyncIterator[str]:
    """Fewer and larger parts."""
    gathered, size = [first], len(first)
    async for part in parts:
        gathered.append(part)
        size += len(part)
        if size >= _SENT_TOGETHER:
            yield "".join(gathered)
            gathered, size = [], 0
    yield "".join(gathered)
