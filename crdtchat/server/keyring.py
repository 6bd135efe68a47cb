"""API tokens and roles, kept in the database. What changes takes effect at once, also on what is
connected to a running server. All raise BadSetting."""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from crdtchat.access import tokens
from crdtchat.access.principal import GUEST_PREFIX
from crdtchat.document.schema import IMPORT_PREFIX, is_user
from crdtchat.server.printing import note, print_line, print_table
from crdtchat.server.settings import BadSetting, Settings
from crdtchat.server.tenant_keeping import (
    add_tenant,
    change_tenant,
    list_tenants,
    remove_tenant,
    rotate_tenant,
)
from crdtchat.server.upkeep import (
    check_tenant,
    known_tenants,
    note_command,
    require_tenant,
    run_on_store,
)
from crdtchat.stores.base import Grant, Store, Token

Flags = dict[str, Any]
_UNITS = {"m": 60_000, "h": 3_600_000, "d": 86_400_000}


def create_token(settings: Settings, flags: Flags) -> None:
    """Make an API token and print its secret."""
    user = flags["user"] or f"api-{secrets.token_hex(4)}"
    _check_user(user)
    check_tenant(flags["tenant"])
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

    async def work(store: Store) -> None:
        known = await known_tenants(settings, store)
        await store.add_token(token)
        await note_command(store, token.tenant, "token-create", token.id)
        print_line(secret)
        note(f"token {token.id}: {user} as {token.role}; the secret is shown only now")
        _note_unknown(token.tenant, known)

    run_on_store(settings, work, makes=True)


def list_tokens(settings: Settings, flags: Flags) -> None:
    """Print a tenant's tokens."""
    now = time.time_ns() // 1_000_000

    async def work(store: Store) -> None:
        rows = [
            (
                *(token.id, token.user, token.role, token.pages, _day(token.created)),
                "revoked" if token.revoked else _until(token.expires, now),
            )
            for token in await store.tokens(flags["tenant"])
        ]
        if not rows:
            await require_tenant(settings, store, flags["tenant"])
        print_table(("token", "user", "role", "pages", "made", "valid"), rows)

    run_on_store(settings, work)


def revoke_token(settings: Settings, flags: Flags) -> None:
    """End a token."""
    tenant, token = flags["tenant"], flags["id"]

    async def work(store: Store) -> None:
        if not await store.revoke_token(tenant, token):
            raise BadSetting(
                f"tenant {tenant} has no token {token}: see crdtchat token list --tenant {tenant}"
            )
        await note_command(store, tenant, "token-revoke", token)

    run_on_store(settings, work)
    note(f"token {token} is revoked")


def set_role(settings: Settings, flags: Flags) -> None:
    """Give a user a role."""
    grant = Grant(flags["tenant"], flags["user"], flags["role"])
    check_tenant(grant.tenant)
    if not is_user(grant.user):
        raise BadSetting(f"{grant.user!r} cannot be a user id")

    async def work(store: Store) -> None:
        known = await known_tenants(settings, store)
        await store.put_grant(grant)
        await note_command(store, grant.tenant, "role-set", f"{grant.user}/{grant.role}")
        note(f"{grant.user} is {grant.role} in tenant {grant.tenant}")
        _note_unknown(grant.tenant, known)

    run_on_store(settings, work, makes=True)


def clear_role(settings: Settings, flags: Flags) -> None:
    """Let a user's tokens say the role again."""
    tenant, user = flags["tenant"], flags["user"]

    async def work(store: Store) -> None:
        if not await store.remove_grant(tenant, user):
            raise BadSetting(f"{user} was given no role in tenant {tenant}: there is none to clear")
        await note_command(store, tenant, "role-clear", user)

    run_on_store(settings, work)
    note(f"{user}'s tokens say the role again")


def list_roles(settings: Settings, flags: Flags) -> None:
    """Print the roles given in a tenant."""

    async def work(store: Store) -> None:
        rows = [(grant.user, grant.role) for grant in await store.grants(flags["tenant"])]
        if not rows:
            await require_tenant(settings, store, flags["tenant"])
        print_table(("user", "role"), rows)

    run_on_store(settings, work)


COMMANDS: dict[str, Callable[[Settings, Flags], None]] = {
    command.__name__: command
    for command in (
        *(add_tenant, change_tenant, list_tenants, rotate_tenant, remove_tenant),
        *(create_token, list_tokens, revoke_token),
        *(set_role, clear_role, list_roles),
    )
}
"""What `crdtchat.server.cli_access` calls by name."""


def _note_unknown(tenant: str, known: set[str]) -> None:
    if tenant not in known:
        note(f"no tenant is called {tenant} here yet: see crdtchat tenant add, --config")


def _check_user(user: str) -> None:
    if not is_user(user) or user.startswith((GUEST_PREFIX, IMPORT_PREFIX)):
        raise BadSetting(
            f"{user!r} cannot be a user id: up to 128 characters without / and not "
            f"beginning with {GUEST_PREFIX} or {IMPORT_PREFIX}"
        )


def _duration(text: str) -> int:
    match = re.fullmatch(r"([1-9][0-9]{0,5})([mhd])", text)
    if match is None:
        raise BadSetting(f"{text!r} is no duration: say 30d, 12h or 45m")
    return int(match[1]) * _UNITS[match[2]]


def _day(time_ms: int) -> str:
    return datetime.fromtimestamp(time_ms / 1000, UTC).strftime("%Y-%m-%d")


def _until(expires: int, now: int) -> str:
    if not expires:
        return "always"
    return f"until {_day(expires)}" if expires > now else "expired"
