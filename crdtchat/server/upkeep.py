"""Commands that work on the store without a server."""

from __future__ import annotations

import re
import secrets
import sys
import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import anyio

from crdtchat.access import tokens
from crdtchat.access.principal import GUEST_PREFIX
from crdtchat.document.schema import is_user
from crdtchat.host import page_versions
from crdtchat.host.folding import replica_of
from crdtchat.server.serve import make_store
from crdtchat.server.settings import BadSetting, Settings
from crdtchat.stores.base import Store, StoreError, Token

_UNITS = {"m": 60_000, "h": 3_600_000, "d": 86_400_000}


def create_token(settings: Settings, flags: dict[str, Any]) -> int:
    """Make an API token and print its secret."""
    user = flags["user"] or f"api-{secrets.token_hex(4)}"
    if not is_user(user) or user.startswith(GUEST_PREFIX):
        raise BadSetting(
            f"{user!r} cannot be a user id: up to 128 characters without / and not "
            f"beginning with {GUEST_PREFIX}"
        )
    now = time.time_ns() // 1_000_000
    secret = tokens.new_api_secret()
    token = Token(
        id=secrets.token_hex(6),
        digest=tokens.digest(secret),
        tenant=flags["tenant"],
        role=flags["role"],
        user=user,
        name=tokens.clean_name(flags["name"] or user),
        pages=flags["page"],
        expires=now + _duration(flags["ttl"]) if flags["ttl"] else 0,
        created=now,
    )
    run_on_store(settings, lambda store: store.add_token(token))
    sys.stdout.write(f"{secret}\n")
    sys.stderr.write(f"token {token.id}: {user} as {token.role}; the secret is shown only now\n")
    return 0


def compact(settings: Settings, tenant: str) -> int:
    """Fold the log of every page of a tenant into a snapshot."""
    run_on_store(settings, partial(_compact_pages, tenant=tenant))
    return 0


async def _compact_pages(store: Store, tenant: str) -> None:
    pages = await store.pages(tenant)
    for page in pages:
        loaded = await store.load(page.key)
        if not loaded.entries:
            continue
        replica = replica_of(loaded)
        await store.snapshot(page.key, loaded.epoch, loaded.sequence, replica.state())
        await page_versions.tidy(store, page.key, replica, time.time_ns() // 1_000_000)
    sys.stdout.write(f"{len(pages)} pages of {tenant} are compact\n")


def run_on_store(settings: Settings, work: Callable[[Store], Awaitable[None]]) -> None:
    """Open the settings' store for some work. Raises BadSetting for what the store refuses."""

    async def main() -> None:
        store = make_store(settings)
        await store.open()
        try:
            await work(store)
        finally:
            await store.close()

    try:
        anyio.run(main)
    except StoreError as error:
        raise BadSetting(str(error)) from None


def _duration(text: str) -> int:
    match = re.fullmatch(r"(\d{1,6})([mhd])", text)
    if match is None:
        raise BadSetting(f"{text!r} is no duration: say 30d, 12h or 45m")
    return int(match[1]) * _UNITS[match[2]]
