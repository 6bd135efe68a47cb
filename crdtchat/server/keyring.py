"""Who may come in, kept in the database: tenants, API tokens, roles. Takes effect at once, also on
what is connected to a running server."""

from __future__ import annotations

import json
import re
import secrets
import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from crdtchat.access import tokens
from crdtchat.access.description import BadTenant, read_stored, read_tenant
from crdtchat.access.principal import GUEST_PREFIX
from crdtchat.access.tenants import Tenant
from crdtchat.document.schema import is_user
from crdtchat.server.settings import BadSetting, Settings
from crdtchat.server.upkeep import note_command, run_on_store
from crdtchat.stores.base import Grant, Store, StoredTenant, Token

Flags = dict[str, Any]
_UNITS = {"m": 60_000, "h": 3_600_000, "d": 86_400_000}


def add_tenant(settings: Settings, flags: Flags) -> None:
    """Keep a tenant; print its sign-in secret, if it has one."""
    name: str = flags["name"]
    described: dict[str, Any] = {
        "guests": flags["guests"] or False,
        "origins": flags["origins"],
        "public_keys": [_read_file(path) for path in flags["public_keys"]],
        "jwks": str(flags["jwks"].absolute()) if flags["jwks"] else "",
        "audience": flags["audience"] or "",
        "limits": dict(_limit(text) for text in flags["limits"]),
    }
    secret = ""
    if not described["public_keys"] and not described["jwks"]:
        secret = secrets.token_urlsafe(32)
        described["secrets"] = [secret]
    described = {key: value for key, value in described.items() if value}
    _check_unconfigured(settings, name)
    try:
        read_tenant(name, described)
    except BadTenant as error:
        raise BadSetting(str(error)) from None

    async def work(store: Store) -> None:
        if any(tenant.name == name for tenant in await store.tenants()):
            raise BadSetting(f"there is a tenant {name}: remove it first, or rotate its secret")
        await store.put_tenant(StoredTenant(name, json.dumps(described)))
        await note_command(store, name, "tenant-add", name)

    run_on_store(settings, work)
    if secret:
        _print(secret)
        _note(f"tenant {name}: sign its users' tokens with this secret (HS256)")
    else:
        _note(f"tenant {name} is open")


def list_tenants(settings: Settings, flags: Flags) -> None:
    """Print all tenants, and where each is described."""

    async def work(store: Store) -> None:
        rows = [_row_of(tenant, "configuration") for tenant in settings.tenants.values()]
        for stored in await store.tenants():
            if stored.name in settings.tenants:
                continue
            try:
                tenant = read_stored(stored.name, stored.description)
            except BadTenant as error:
                rows.append((stored.name, str(error)))
            else:
                rows.append(_row_of(tenant, "database"))
        _print_table(("tenant", "guests", "sign-in", "origins", "described in"), rows)

    run_on_store(settings, work)


def rotate_tenant(settings: Settings, flags: Flags) -> None:
    """Give a tenant a new sign-in secret, and print it."""
    name, secret = flags["name"], secrets.token_urlsafe(32)
    _check_unconfigured(settings, name)

    async def work(store: Store) -> None:
        stored = [tenant for tenant in await store.tenants() if tenant.name == name]
        if not stored:
            raise _no_tenant(name)
        described = json.loads(stored[0].description)
        before = [] if flags["now"] else described.get("secrets", [])[:1]
        described["secrets"] = [secret, *before]
        await store.put_tenant(StoredTenant(name, json.dumps(described)))
        await note_command(store, name, "tenant-rotate", name)

    run_on_store(settings, work)
    _print(secret)
    if flags["now"]:
        _note(f"tenant {name}: who signed in by an earlier secret is signed out")
    else:
        _note(f"tenant {name}: the secret before stays valid until you rotate again")


def remove_tenant(settings: Settings, flags: Flags) -> None:
    """Close a tenant."""
    name = flags["name"]
    _check_unconfigured(settings, name)

    async def work(store: Store) -> None:
        if not await store.remove_tenant(name):
            raise _no_tenant(name)
        await note_command(store, name, "tenant-remove", name)

    run_on_store(settings, work)
    _note(f"tenant {name} is closed and its tokens are gone; its pages are still on the disk")


def create_token(settings: Settings, flags: Flags) -> None:
    """Make an API token and print its secret."""
    user = flags["user"] or f"api-{secrets.token_hex(4)}"
    _check_user(user)
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
        await store.add_token(token)
        await note_command(store, token.tenant, "token-create", token.id)

    run_on_store(settings, work)
    _print(secret)
    _note(f"token {token.id}: {user} as {token.role}; the secret is shown only now")


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
        _print_table(("token", "user", "role", "pages", "made", "valid"), rows)

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
    _note(f"token {token} is revoked")


def set_role(settings: Settings, flags: Flags) -> None:
    """Give a user a role."""
    grant = Grant(flags["tenant"], flags["user"], flags["role"])
    if not is_user(grant.user):
        raise BadSetting(f"{grant.user!r} cannot be a user id")

    async def work(store: Store) -> None:
        await store.put_grant(grant)
        await note_command(store, grant.tenant, "role-set", grant.user)

    run_on_store(settings, work)
    _note(f"{grant.user} is {grant.role} in tenant {grant.tenant}")


def clear_role(settings: Settings, flags: Flags) -> None:
    """Let a user's tokens say the role again."""
    tenant, user = flags["tenant"], flags["user"]

    async def work(store: Store) -> None:
        if not await store.remove_grant(tenant, user):
            raise BadSetting(f"{user} was given no role in tenant {tenant}: there is none to clear")
        await note_command(store, tenant, "role-clear", user)

    run_on_store(settings, work)
    _note(f"{user}'s tokens say the role again")


def list_roles(settings: Settings, flags: Flags) -> None:
    """Print the roles given in a tenant."""

    async def work(store: Store) -> None:
        rows = [(grant.user, grant.role) for grant in await store.grants(flags["tenant"])]
        _print_table(("user", "role"), rows)

    run_on_store(settings, work)


COMMANDS: dict[str, Callable[[Settings, Flags], None]] = {
    command.__name__: command
    for command in (
        *(add_tenant, list_tenants, rotate_tenant, remove_tenant),
        *(create_token, list_tokens, revoke_token),
        *(set_role, clear_role, list_roles),
    )
}
"""What `crdtchat.server.cli_access` calls by name. All raise BadSetting."""


def _check_unconfigured(settings: Settings, name: str) -> None:
    if name in settings.tenants:
        raise BadSetting(f"tenant {name} is described in the configuration: change it there")


def _check_user(user: str) -> None:
    if not is_user(user) or user.startswith(GUEST_PREFIX):
        raise BadSetting(
            f"{user!r} cannot be a user id: up to 128 characters without / and not "
            f"beginning with {GUEST_PREFIX}"
        )


def _limit(text: str) -> tuple[str, int]:
    name, _, number = text.partition("=")
    if not (number.isascii() and number.isdecimal()):
        raise BadSetting(f"{text!r} is no limit: say NAME=N, as user_operations_per_minute=300")
    return name, int(number)


def _no_tenant(name: str) -> BadSetting:
    return BadSetting(f"no tenant is called {name}: see crdtchat tenant list")


def _read_file(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadSetting(f"cannot read {path}: {error}") from None


def _row_of(tenant: Tenant, where: str) -> tuple[str, ...]:
    ways = [key.algorithm for key in tenant.keys] + (["key set"] if tenant.key_set else [])
    signing = ", ".join(dict.fromkeys(ways)) or "API tokens"
    return (tenant.id, tenant.guests or "-", signing, " ".join(tenant.origins) or "-", where)


def _print_table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> None:
    lines = [head, *rows]
    widths = [max(len(line[at]) for line in lines if at < len(line)) for at in range(len(head))]
    for line in lines:
        cells = (cell.ljust(width) for cell, width in zip(line, widths, strict=False))
        _print("  ".join(cells).rstrip())


def _print(text: str) -> None:
    sys.stdout.write(f"{text}\n")


def _note(text: str) -> None:
    sys.stderr.write(f"{text}\n")


def _duration(text: str) -> int:
    match = re.fullmatch(r"(\d{1,6})([mhd])", text)
    if match is None:
        raise BadSetting(f"{text!r} is no duration: say 30d, 12h or 45m")
    return int(match[1]) * _UNITS[match[2]]


def _day(time_ms: int) -> str:
    return datetime.fromtimestamp(time_ms / 1000, UTC).strftime("%Y-%m-%d")


def _until(expires: int, now: int) -> str:
    if not expires:
        return "always"
    return f"until {_day(expires)}" if expires > now else "expired"
