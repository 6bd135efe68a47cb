"""Tenants that are kept in the database. What changes takes effect at once, also on what is
connected to a running server. All raise BadSetting."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

from crdtchat.access.description import BadTenant, read_stored, read_tenant
from crdtchat.access.tenants import Tenant
from crdtchat.server.printing import note, print_line, print_table
from crdtchat.server.settings import BadSetting, Settings
from crdtchat.server.storage import is_missing
from crdtchat.server.upkeep import note_command, run_on_store
from crdtchat.stores.base import Store, StoredTenant

Flags = dict[str, Any]
Description = dict[str, Any]
_SIGNING = ("secrets", "public_keys", "jwks")
"""What says by which keys users are signed in."""
_NONE = "none"
"""What a flag says to leave nothing of what it names."""


def add_tenant(settings: Settings, flags: Flags) -> None:
    """Keep a tenant; print its sign-in secret, if it has one."""
    name: str = flags["name"]
    described = _described(flags)
    secret = ""
    if not described.get("public_keys") and not described.get("jwks"):
        secret = secrets.token_urlsafe(32)
        described["secrets"] = [secret]
    _check_unconfigured(settings, name)
    _check(name, described)

    async def work(store: Store) -> bool:
        tenants = await store.tenants()
        if not await store.put_tenant(StoredTenant(name, json.dumps(described)), over=""):
            raise BadSetting(f"there is a tenant {name}: see crdtchat tenant change and rotate")
        await note_command(store, name, "tenant-add", name)
        return len(tenants) == 0

    ends_the_demo = run_on_store(settings, work, makes=True) and not settings.tenants
    if secret:
        print_line(secret)
        note(f"tenant {name}: sign its users' tokens with this secret (HS256)")
    else:
        note(f"tenant {name} is open")
    if ends_the_demo:
        note("from the server's next start there is no demo tenant any more")


def change_tenant(settings: Settings, flags: Flags) -> None:
    """Put what is given in place of what a tenant had."""
    name, given = flags["name"], _described(flags)
    _check_unconfigured(settings, name)
    if not given:
        raise BadSetting("say what to change: --guests, --origin and so on")

    ended: list[str] = []

    def changed(before: Description) -> Description:
        described = {**before, **given}
        if given.get("jwks") or given.get("public_keys"):  # these come in place of a secret
            ended[:] = described.pop("secrets", [])
        if "limits" in given:  # each has a name, and those that are not named stay
            described["limits"] = {**before.get("limits", {}), **given["limits"]}
        _check(name, described)
        return described

    async def work(store: Store) -> None:
        await _rewrite(store, name, changed)
        await note_command(store, name, "tenant-change", name)

    run_on_store(settings, work)
    note(f"tenant {name} is changed")
    if ended:
        note(f"tenant {name}: who signed in by its secret is signed out")


def list_tenants(settings: Settings, flags: Flags) -> None:
    """Print all tenants, and where each is described."""
    rows = [_row_of(tenant, "configuration") for tenant in settings.tenants.values()]
    # Before the first start a configuration may be all there is.
    is_all = bool(rows) and is_missing(settings)
    for stored in [] if is_all else run_on_store(settings, lambda store: store.tenants()):
        if stored.name in settings.tenants:
            continue
        try:
            tenant = read_stored(stored.name, stored.description)
        except BadTenant as error:
            rows.append((stored.name, str(error)))
        else:
            rows.append(_row_of(tenant, "database"))
    print_table(("tenant", "guests", "sign-in", "origins", "described in"), rows)


def rotate_tenant(settings: Settings, flags: Flags) -> None:
    """Give a tenant a new sign-in secret, and print it."""
    name, secret = flags["name"], secrets.token_urlsafe(32)
    _check_unconfigured(settings, name)

    def rotated(described: Description) -> Description:
        if flags["now"]:
            kept = {name: described[name] for name in described if name not in _SIGNING}
            return {**kept, "secrets": [secret]}
        return {**described, "secrets": [secret, *described.get("secrets", [])[:1]]}

    async def work(store: Store) -> None:
        await _rewrite(store, name, rotated)
        await note_command(store, name, "tenant-rotate", name)

    run_on_store(settings, work)
    print_line(secret)
    if flags["now"]:
        note(f"tenant {name}: who signed in by an earlier secret, or a public key, is signed out")
    else:
        note(f"tenant {name}: the secret before stays valid until you rotate again")


def remove_tenant(settings: Settings, flags: Flags) -> None:
    """Close a tenant."""
    name = flags["name"]
    _check_unconfigured(settings, name)

    async def work(store: Store) -> None:
        if not await store.remove_tenant(name):
            raise _no_tenant(name)
        await note_command(store, name, "tenant-remove", name)

    run_on_store(settings, work)
    note(f"tenant {name} is closed and its tokens are gone; its pages are still on the disk")


def _described(flags: Flags) -> dict[str, Any]:
    """What the flags say of a tenant, as the configuration would."""
    found: dict[str, Any] = {}
    if flags["guests"] is not None:
        found["guests"] = False if flags["guests"] == "none" else flags["guests"]
    if flags["audience"] is not None:
        found["audience"] = "" if flags["audience"] == _NONE else flags["audience"]
    if flags["jwks"] is not None:
        jwks: Path = flags["jwks"]
        found["jwks"] = "" if str(jwks) == _NONE else str(jwks.absolute())
    if flags["origins"] is not None:
        found["origins"] = _listed("--origin", flags["origins"])
    if flags["public_keys"] is not None:
        paths = _listed("--public-key", flags["public_keys"])
        found["public_keys"] = [_read_file(Path(path)) for path in paths]
    if flags["page_versions"] is not None:
        found["page_versions"] = flags["page_versions"] == "yes"
    if flags["retention_days"] is not None:
        found["retention_days"] = flags["retention_days"]
    if flags["retention_holds"] is not None:
        found["retention_holds"] = _listed("--retention-hold", flags["retention_holds"])
    if flags["limits"] is not None:
        found["limits"] = dict(_limit(text) for text in flags["limits"])
    return found


async def _rewrite(store: Store, name: str, change: Callable[[Description], Description]) -> None:
    """Change what stands of a tenant when it is written, whatever another command did meanwhile."""
    kept = False
    while not kept:
        before = await _stored(store, name)
        tenant = StoredTenant(name, json.dumps(change(json.loads(before))))
        kept = await store.put_tenant(tenant, over=before)


async def _stored(store: Store, name: str) -> str:
    for tenant in await store.tenants():
        if tenant.name == name:
            return tenant.description
    raise _no_tenant(name)


def _check(name: str, described: dict[str, Any]) -> None:
    try:
        read_tenant(name, described)
    except BadTenant as error:
        raise BadSetting(str(error)) from None


def _check_unconfigured(settings: Settings, name: str) -> None:
    if name in settings.tenants:
        raise BadSetting(f"tenant {name} is described in the configuration: change it there")


def _listed(flag: str, given: list[str]) -> list[str]:
    """What a flag that may be repeated was given. Raises BadSetting."""
    if "" in given:
        raise BadSetting(f"{flag} is empty, as from a variable that is not set: say which")
    if _NONE not in given:
        return given
    if len(given) > 1:
        raise BadSetting(f"{flag} none stands alone: it leaves none of the others")
    return []


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
