"""Settings: flags over environment (`CRDTCHAT_*`) over a TOML file over defaults. Read once."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from crdtchat.access.origins import LOOPBACK, BadOrigin, check_pattern
from crdtchat.access.roles import Role
from crdtchat.access.tenants import DEMO, Tenant, Tenants


class BadSetting(Exception):
    """A setting cannot be used; the text is one sentence with the remedy."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What `crdtchat serve` runs with."""

    host: str = "127.0.0.1"
    port: int = 8000
    data: Path = Path("crdtchat-data")
    """Directory of the embedded database."""
    store: str = ""
    """Store URL: empty for SQLite under `data`, or `memory:` for nothing that stays."""
    tenants: Tenants = field(default_factory=dict)
    """Empty: on loopback the demo tenant."""

    @property
    def on_loopback(self) -> bool:
        """Whether only this machine can connect."""
        return self.host in LOOPBACK

    def checked(self) -> Settings:
        """Fill in the demo, or refuse what would be open to the world by accident."""
        if not 0 <= self.port <= 65_535:
            raise BadSetting(f"port {self.port} is none: choose 1 to 65535, or 0 for any free one")
        if self.tenants:
            return self
        if not self.on_loopback:
            raise BadSetting(
                f"refusing to listen on {self.host} without configured access: describe your "
                "tenants in a file ([tenants.NAME] with secret, guests, origins) and pass it "
                "with --config"
            )
        return Settings(self.host, self.port, self.data, self.store, DEMO)


_PLAIN = ("host", "port", "data", "store")


def read_settings(flags: Mapping[str, Any], environment: Mapping[str, str]) -> Settings:
    """Merge all sources. `flags` holds only what was given. Raises BadSetting."""
    path = flags.get("config") or environment.get("CRDTCHAT_CONFIG")
    values: dict[str, Any] = {}
    tenants: dict[str, Tenant] = {}
    if path:
        table = _read_file(Path(path))
        tenants = _tenants(table.pop("tenants", {}))
        unknown = sorted(set(table) - set(_PLAIN))
        if unknown:
            raise BadSetting(f"{path}: no setting is called {unknown[0]!r}")
        values.update(table)
    for name in _PLAIN:
        given = environment.get(f"CRDTCHAT_{name.upper()}")
        if given is not None:
            values[name] = given
    values.update({name: flags[name] for name in _PLAIN if flags.get(name) is not None})
    if "port" in values:
        try:
            values["port"] = int(values["port"])
        except ValueError:
            raise BadSetting(f"the port must be a number, not {values['port']!r}") from None
    if "data" in values:
        values["data"] = Path(values["data"])
    return Settings(**values, tenants=tenants)


def _read_file(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise BadSetting(f"there is no configuration file {path}") from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadSetting(f"cannot read {path}: {error}") from None


def _tenants(tables: Any) -> dict[str, Tenant]:
    if not isinstance(tables, dict):
        raise BadSetting("[tenants] holds one table per tenant: [tenants.NAME]")
    return {name: _tenant(name, table) for name, table in tables.items()}


def _tenant(name: str, table: Any) -> Tenant:
    if not isinstance(table, dict):
        raise BadSetting(f"[tenants.{name}] is a table")
    if "/" in name or not name.isprintable() or not name:
        raise BadSetting(f"a tenant cannot be called {name!r}: use letters, digits, - and _")
    known = {"guests", "secret", "secrets", "origins", "page_versions"}
    unknown = sorted(set(table) - known)
    if unknown:
        raise BadSetting(f"[tenants.{name}] has no setting {unknown[0]!r}; it has {sorted(known)}")
    guests = table.get("guests", False)
    if guests is not False and guests not in (Role.VIEWER, Role.COMMENTER):
        raise BadSetting(f"[tenants.{name}] guests is false, 'viewer' or 'commenter'")
    secrets = [table["secret"]] if "secret" in table else []
    secrets += table.get("secrets", [])
    if not all(isinstance(secret, str) and len(secret) >= 32 for secret in secrets):
        raise BadSetting(f"[tenants.{name}] secrets are texts of at least 32 characters")
    origins = table.get("origins", [])
    if not isinstance(origins, list) or not all(isinstance(origin, str) for origin in origins):
        raise BadSetting(f"[tenants.{name}] origins is a list like ['https://example.org']")
    try:
        patterns = tuple(check_pattern(origin) for origin in origins)
    except BadOrigin as error:
        raise BadSetting(f"[tenants.{name}] {error}") from None
    if not isinstance(table.get("page_versions", True), bool):
        raise BadSetting(f"[tenants.{name}] page_versions is true or false")
    return Tenant(
        name,
        guests=Role(guests) if guests else None,
        secrets=tuple(secrets),
        origins=patterns,
        page_versions=table.get("page_versions", True),
    )


def data_file(settings: Settings) -> Path:
    """The embedded database."""
    return settings.data / "crdtchat.sqlite3"
