"""Settings: flags over environment (`CRDTCHAT_*`) over a TOML file over defaults. Read once."""

from __future__ import annotations

import ssl
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from ipaddress import ip_network
from pathlib import Path
from typing import Any

from crdtchat.access.description import BadTenant, read_tenant
from crdtchat.access.hosts import ANY, BadHost, Hosts, check_name
from crdtchat.access.origins import LOOPBACK
from crdtchat.access.spelling import did_you_mean
from crdtchat.access.tenants import DEMO, Tenant, Tenants
from crdtchat.server.doors import DoorLimits, Network


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
    """Store URL: empty for SQLite under `data`, `postgresql://...`, or `memory:` for nothing that
    stays."""
    broker: str = ""
    """Redis URL by which the servers of one store talk; without, they look at the store."""
    workers: int = 1
    """Processes that serve the port."""
    drain_seconds: int | None = None
    """Over so many seconds a server that is asked to end sends its connections to others; None: 5
    with a broker, and without one, where there may be no others, at once."""
    metrics_token: str = ""
    """Opens `/metrics`; empty: only the demo shows them."""
    tls_cert: Path | None = None
    """Certificate chain (PEM); with `tls_key` the server speaks TLS itself."""
    tls_key: Path | None = None
    trusted_proxies: tuple[Network, ...] = ()
    """Reverse proxies whose X-Forwarded-For and X-Forwarded-Proto are believed."""
    allowed_hosts: tuple[str, ...] = ()
    """Names that the server is asked by, beside its machine's own."""
    connections: int = 10_000
    """Open TCP connections in all, as far as the system allows as many descriptors."""
    connections_per_address: int = 256
    """Open WebSockets of one address."""
    webhook_networks: tuple[Network, ...] = ()
    """Networks of the operator's own that webhooks may lead into, there without TLS too."""
    tenants: Tenants = field(default_factory=dict)
    """Empty: on loopback the demo tenant."""
    is_demo: bool = False
    """Whether nothing was configured: `checked` found it so."""

    @property
    def on_loopback(self) -> bool:
        """Whether only this machine can connect."""
        return self.host in LOOPBACK

    @property
    def hosts(self) -> Hosts:
        """Which names it answers to. On loopback, where readers' browsers are, none but those said;
        elsewhere, and behind proxies that were named, any, unless some were said."""
        anybody = not self.on_loopback or self.trusted_proxies
        return Hosts(self.allowed_hosts or ((ANY,) if anybody else ()))

    def tls_context(self) -> ssl.SSLContext | None:
        """How to speak TLS; None without a certificate. Raises BadSetting."""
        if self.tls_cert is None and self.tls_key is None:
            return None
        if self.tls_cert is None or self.tls_key is None:
            raise BadSetting("TLS needs both --tls-cert and --tls-key")
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.set_alpn_protocols(["http/1.1"])
        try:
            context.load_cert_chain(self.tls_cert, self.tls_key, self._passphrase)
        except (OSError, ssl.SSLError) as error:
            raise BadSetting(
                f"cannot use the certificate {self.tls_cert} with the key {self.tls_key}: {error}"
            ) from None
        return context

    def _passphrase(self) -> str:
        """Of the private key: without this OpenSSL asks the terminal, if there is one. Raises
        BadSetting."""
        raise BadSetting(
            f"the key {self.tls_key} has a passphrase, which nobody is there to type: take it off "
            f"with openssl pkey -in {self.tls_key} -out KEY, a file that only this user may read"
        )

    def door_limits(self, descriptors: int) -> DoorLimits:
        """Bounds of connections, of so many files that the process may open."""
        free = max(16, descriptors - _RESERVED)
        return DoorLimits(min(self.connections, free), self.connections_per_address)

    @property
    def drain(self) -> int:
        """Seconds over which connections are sent away at the end."""
        if self.drain_seconds is None:
            return _DRAIN_S if self.broker else 0
        return self.drain_seconds

    def checked(self, *, stored: bool) -> Settings:
        """Fill in the demo, or refuse what cannot be served, or would be open to the world by
        accident.

        `stored`: whether the database describes tenants. Raises BadSetting.
        """
        if self.workers > 1 and sys.platform != "linux":
            raise BadSetting(
                "several workers on one port need Linux: start servers on ports of their own "
                "behind a reverse proxy"
            )
        if self.tenants or stored:
            return self
        if not self.on_loopback:
            raise BadSetting(
                f"refusing to listen on {self.host} without configured access: add a tenant "
                "with crdtchat tenant add, or describe your tenants in a file ([tenants.NAME] "
                "with secret, guests, origins) and pass it with --config"
            )
        return replace(self, tenants=DEMO, is_demo=True)


_DRAIN_S = 5
_RESERVED = 128
"""Descriptors for the database, logs and what else is no connection."""
_NUMBERS = ("port", "workers", "connections", "connections_per_address", "drain_seconds")
_MAY_BE_0 = ("port", "drain_seconds")
_PATHS = ("data", "tls_cert", "tls_key")
_NEVER_EMPTY = ("host", *_PATHS)
"""As from a variable that is not set: all addresses, and the folder that one happens to be in."""
_NETWORKS = ("trusted_proxies", "webhook_networks")
_TEXTS = ("host", *_PATHS, "store", "broker", "metrics_token")
_PLAIN = (*_NUMBERS, *_NETWORKS, *_TEXTS, "allowed_hosts")
_OTHER_VARIABLES = ("config", "token", "url", "skip_ui")
"""Read by clients and by the build."""
_PREFIX = "CRDTCHAT_"
_BY_KUBERNETES = (
    " (Kubernetes sets it so where a service is called crdtchat: say enableServiceLinks: false)"
)


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
            hint = did_you_mean(unknown[0], (*_PLAIN, "tenants"))
            raise BadSetting(f"{path}: no setting is called {unknown[0]!r}{hint}")
        for name in _TEXTS:
            if not isinstance(table.get(name, ""), str):
                raise BadSetting(f"{path}: {name} is a text, in quotes")
        values.update(table)
    for name in _PLAIN:
        given = environment.get(f"{_PREFIX}{name.upper()}")
        if given is not None:
            values[name] = given
    values.update({name: flags[name] for name in _PLAIN if flags.get(name) is not None})
    for name in _NEVER_EMPTY:
        if values.get(name) == "":
            raise BadSetting(f"{name} is empty: say which, or leave it out for the default")
    for name in _NUMBERS:
        if name in values:
            values[name] = _number(name, values[name])
    for name in _PATHS:
        if name in values:
            values[name] = Path(values[name])
    for name in _NETWORKS:
        if name in values:
            values[name] = _networks(name, values[name])
    if "allowed_hosts" in values:
        values["allowed_hosts"] = _hosts(values["allowed_hosts"])
    return Settings(**values, tenants=tenants)


def unknown_variables(environment: Mapping[str, str]) -> list[str]:
    """A sentence about each variable that looks like a setting and is none."""
    known = [f"{_PREFIX}{name.upper()}" for name in (*_PLAIN, *_OTHER_VARIABLES)]
    return [
        f"the environment has {name}, which nothing reads{did_you_mean(name, known)}"
        for name in sorted(environment)
        if name.startswith(_PREFIX) and name not in known
    ]


def _number(name: str, value: Any) -> int:
    words = name.replace("_", " ")
    try:
        number = int(value) if isinstance(value, str) else value
    except ValueError:
        hint = _BY_KUBERNETES if value.startswith("tcp://") else ""
        raise BadSetting(f"the {words} must be a number, not {value!r}{hint}") from None
    if type(number) is not int:
        raise BadSetting(f"the {words} must be a whole number, not {value!r}")
    if name == "port" and not 0 <= number <= 65_535:
        raise BadSetting(f"port {number} is none: choose 1 to 65535, or 0 for any free one")
    least = 0 if name in _MAY_BE_0 else 1
    if number < least:
        raise BadSetting(f"the number of {words} must be at least {least}, not {number}")
    return number


def _networks(name: str, value: Any) -> tuple[Network, ...]:
    """Raises BadSetting."""
    what = f"{name.replace('_', ' ')} are addresses or networks, as 127.0.0.1,10.0.0.0/8"
    try:
        return tuple(ip_network(part.strip()) for part in _parts(value, what))
    except ValueError as error:
        raise BadSetting(f"{what}: {error}") from None


def _hosts(value: Any) -> tuple[str, ...]:
    """Raises BadSetting."""
    try:
        parts = _parts(value, "allowed hosts are names, as ['comments.example.org']")
        return tuple(check_name(part) for part in parts)
    except BadHost as error:
        raise BadSetting(f"allowed hosts: {error}") from None


def _parts(value: Any, what: str) -> list[str]:
    """A list, or one text with commas. Raises BadSetting with what they are, for anything else."""
    parts = value.split(",") if isinstance(value, str) else value
    if not isinstance(parts, list) or not all(isinstance(part, str) for part in parts):
        raise BadSetting(what)
    return parts


def _read_file(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise BadSetting(f"there is no configuration file {path}") from None
    except OSError as error:
        raise BadSetting(f"cannot read the configuration {path}: {error.strerror}") from None
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadSetting(f"{path} is not TOML in UTF-8: {error}") from None


def _tenants(tables: Any) -> dict[str, Tenant]:
    if not isinstance(tables, dict):
        raise BadSetting("[tenants] holds one table per tenant: [tenants.NAME]")
    try:
        return {name: read_tenant(name, table) for name, table in tables.items()}
    except BadTenant as error:
        raise BadSetting(str(error)) from None


FILE_NAME = "crdtchat.sqlite3"


def data_file(settings: Settings) -> Path:
    """The embedded database."""
    return settings.data / FILE_NAME
