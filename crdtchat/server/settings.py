"""Settings: flags over environment (`CRDTCHAT_*`) over a TOML file over defaults. Read once."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from crdtchat.access.description import BadTenant, read_tenant
from crdtchat.access.origins import LOOPBACK
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
    metrics_token: str = ""
    """Opens `/metrics`; empty: only the demo shows them."""
    tenants: Tenants = field(default_factory=dict)
    """Empty: on loopback the demo tenant."""

    @property
    def on_loopback(self) -> bool:
        """Whether only this machine can connect."""
        return self.host in LOOPBACK

    @property
    def is_demo(self) -> bool:
        """Whether nothing was configured."""
        return self.tenants is DEMO

    def checked(self, *, stored: bool) -> Settings:
        """Fill in the demo, or refuse what would be open to the world by accident.

        `stored`: whether the database describes tenants. Raises BadSetting.
        """
        if not 0 <= self.port <= 65_535:
            raise BadSetting(f"port {self.port} is none: choose 1 to 65535, or 0 for any free one")
        if self.tenants or stored:
            return self
        if not self.on_loopback:
            raise BadSetting(
                f"refusing to listen on {self.host} without configured access: add a tenant "
                "with crdtchat tenant add, or describe your tenants in a file ([tenants.NAME] "
                "with secret, guests, origins) and pass it with --config"
            )
        return replace(self, tenants=DEMO)


_PLAIN = ("host", "port", "data", "store", "metrics_token")


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
        for name in ("host", "data", "store"):
            if not isinstance(table.get(name, ""), str):
                raise BadSetting(f"{path}: {name} is a text, in quotes")
        values.update(table)
    for name in _PLAIN:
        given = environment.get(f"CRDTCHAT_{name.upper()}")
        if given is not None:
            values[name] = given
    values.update({name: flags[name] for name in _PLAIN if flags.get(name) is not None})
    if "port" in values:
        try:
            values["port"] = int(values["port"])
        except (ValueError, TypeError):
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
    try:
        return {name: read_tenant(name, table) for name, table in tables.items()}
    except BadTenant as error:
        raise BadSetting(str(error)) from None


def data_file(settings: Settings) -> Path:
    """The embedded database."""
    return settings.data / "crdtchat.sqlite3"
