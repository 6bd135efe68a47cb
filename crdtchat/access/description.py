"""A tenant as it is described: a table in the configuration, or the same as JSON in the store."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from crdtchat.access.keys import BadKey, Key, public_key, read_key_set, secret_key
from crdtchat.access.origins import BadOrigin, check_pattern
from crdtchat.access.roles import Role
from crdtchat.access.spelling import did_you_mean
from crdtchat.access.tenants import DEFAULT_LIMITS, Limits, Tenant

SECRET_CHARACTERS = 32
"""The least of a sign-in secret: 256 bits, as RFC 7518 section 3.2 asks for."""
LIMIT_NAMES = tuple(field.name for field in fields(Limits))
_NAME = re.compile(r"[\w.-]{1,64}")
_SETTINGS = (
    *("audience", "guests", "jwks", "limits", "origins", "page_versions", "public_keys"),
    *("retention_days", "retention_holds"),
    *("secret", "secrets"),
)


class BadTenant(ValueError):
    """A description that cannot be used; the text is one sentence with the remedy."""


def check_name(name: str) -> None:
    """Raises BadTenant for what cannot be a tenant's name."""
    if _NAME.fullmatch(name) is None or not name.strip("."):
        raise BadTenant(f"a tenant cannot be called {name!r}: use letters, digits, - and _")


def read_tenant(name: str, table: object) -> Tenant:
    """Read a description, and see that its key set can be used. Raises BadTenant."""
    tenant = _described(name, table)
    if tenant.key_set:
        try:
            read_key_set(Path(tenant.key_set))
        except BadKey as error:
            raise BadTenant(f"[tenants.{name}] {error}") from None
    return tenant


def _described(name: str, table: object) -> Tenant:
    check_name(name)
    if not isinstance(table, dict):
        raise BadTenant(f"[tenants.{name}] is a table")
    unknown = sorted(set(table) - set(_SETTINGS))
    if unknown:
        hint = did_you_mean(unknown[0], _SETTINGS)
        raise BadTenant(f"[tenants.{name}] has no setting {unknown[0]!r}{hint}")
    try:
        return Tenant(
            name,
            guests=_guests(table),
            keys=_keys(table),
            key_set=_text(table, "jwks"),
            audience=_text(table, "audience"),
            origins=tuple(check_pattern(one) for one in _texts(table, "origins")),
            limits=_limits(table),
            page_versions=_flag(table, "page_versions", True),
            retention_days=_days(table),
            retention_holds=tuple(_texts(table, "retention_holds")),
        )
    except (BadKey, BadOrigin, BadTenant) as error:
        raise BadTenant(f"[tenants.{name}] {error}") from None


def read_stored(name: str, description: str) -> Tenant:
    """Read a description out of the store. Raises BadTenant.

    Its key set is not looked at: that file changes under a running server, whose directory knows
    what to do when it cannot be read.
    """
    try:
        table = json.loads(description)
    except ValueError:
        raise BadTenant(f"tenant {name}: its description cannot be read") from None
    return _described(name, table)


def _guests(table: Mapping[str, Any]) -> Role | None:
    guests = table.get("guests", False)
    if guests is False:
        return None
    if guests not in (Role.VIEWER, Role.COMMENTER):
        raise BadTenant("guests is false, 'viewer' or 'commenter'")
    return Role(guests)


def _keys(table: Mapping[str, Any]) -> tuple[Key, ...]:
    secrets = [_text(table, "secret")] if "secret" in table else []
    secrets += _texts(table, "secrets")
    if any(len(secret) < SECRET_CHARACTERS for secret in secrets):
        raise BadTenant(f"secrets are texts of at least {SECRET_CHARACTERS} characters")
    keys: list[Key] = [secret_key(secret) for secret in secrets]
    return (*keys, *(public_key(pem) for pem in _texts(table, "public_keys")))


def _limits(table: Mapping[str, Any]) -> Limits:
    limits = table.get("limits", {})
    if not isinstance(limits, dict):
        raise BadTenant("limits is a table: [tenants.NAME.limits]")
    for name, value in limits.items():
        if name not in LIMIT_NAMES:
            raise BadTenant(f"there is no limit {name!r}{did_you_mean(name, LIMIT_NAMES)}")
        if type(value) is not int or value < 0:
            raise BadTenant(f"the limit {name} is a number, or 0 for none")
    return replace(DEFAULT_LIMITS, **limits)


def _text(table: Mapping[str, Any], name: str) -> str:
    value = table.get(name, "")
    if not isinstance(value, str):
        raise BadTenant(f"{name} is a text")
    return value


def _days(table: Mapping[str, Any]) -> int:
    days = table.get("retention_days", 0)
    if type(days) is not int or not 0 <= days <= 36_500:
        raise BadTenant("retention_days is a number of days, or 0 for ever")
    return days


def _flag(table: Mapping[str, Any], name: str, default: bool) -> bool:
    value = table.get(name, default)
    if not isinstance(value, bool):
        raise BadTenant(f"{name} is true or false")
    return value


def _texts(table: Mapping[str, Any], name: str) -> list[str]:
    value = table.get(name, [])
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        example = {"origins": "['https://example.org']"}.get(name, "['...']")
        raise BadTenant(f"{name} is a list of texts, like {example}")
    return value
