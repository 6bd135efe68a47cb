"""`crdtchat doctor`: what is wrong with an installation, and how to mend it."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import ssl
import sys
import tempfile
import time
from collections.abc import Generator, Iterator, Mapping
from datetime import UTC, datetime
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from importlib import metadata
from pathlib import Path
from typing import Any, NamedTuple

from cryptography.x509 import load_pem_x509_certificate

from crdtchat.server.obstacle import obstacle
from crdtchat.server.pages import BUNDLE, version
from crdtchat.server.printing import print_line, tenant_line
from crdtchat.server.serve import raise_descriptors
from crdtchat.server.settings import (
    BadSetting,
    Settings,
    data_file,
    read_settings,
    unknown_variables,
)
from crdtchat.server.storage import has_tenants, is_missing, make_broker, shown
from crdtchat.server.upkeep import run_on_store
from crdtchat.stores.base import Store, StoreError
from crdtchat.stores.sqlite_check import faults_of

LITTLE_SPACE = 1 << 30
"""Bytes; with less left on the disk it is time to look."""
SLOW_SYNC_S = 0.05
SOON_S = 14 * 86_400
"""A certificate that ends within is worth a word."""
FEW_DESCRIPTORS = 4_096
PATIENCE_S = 5.0
"""How long whoever has the port may take to say that it is crdtchat."""


class Finding(NamedTuple):
    """One thing that was looked at."""

    level: str
    """ok, warn, or fail: with a `fail` crdtchat will not serve, or not safely."""
    words: str
    remedy: str = ""


def doctor(flags: Mapping[str, Any]) -> int:
    """Look at everything, print what is found; 1 if something has to be mended."""
    worst = 0
    for level, words, remedy in examine(flags):
        print_line(f"{level:<5} {words}")
        if remedy:
            print_line(f"      -> {remedy}")
        worst |= level == "fail"
    return worst


def examine(flags: Mapping[str, Any]) -> Iterator[Finding]:
    """All findings, in the order in which to mend them."""
    yield from _installation()
    for sentence in unknown_variables(os.environ):
        yield Finding("warn", sentence)
    try:
        settings = read_settings(flags, os.environ)
    except BadSetting as error:
        yield Finding("fail", f"the settings cannot be used: {error}")
        return
    if (yield from _storage(settings)):
        yield from _access(settings)
    yield from _network(settings)


def _installation() -> Iterator[Finding]:
    yield Finding("ok", f"crdtchat {version()}, Python {sys.version.split()[0]}")
    if BUNDLE.is_file():
        yield Finding("ok", "the interface is part of this installation")
    else:
        yield Finding(
            "fail",
            "the interface (crdtchat.js) is missing: pages cannot show threads",
            "install the wheel, or from the sources without CRDTCHAT_SKIP_UI",
        )
    if importlib.util.find_spec("jupyter_server") is not None:
        yield from _jupyter()


def _jupyter() -> Iterator[Finding]:
    for folder in (Path(sys.prefix), Path("/usr/local"), Path("/")):
        place = folder / "etc" / "jupyter" / "jupyter_server_config.d"
        if (place / "crdtchat_jupyter.json").is_file():
            server = metadata.version("jupyter_server")
            yield Finding("ok", f"enabled in Jupyter (jupyter_server {server})")
            return
    yield Finding(
        "warn",
        "Jupyter is installed here, crdtchat is not enabled in it",
        'pip install "crdtchat[jupyter]" in the environment that Jupyter runs in',
    )


def _storage(settings: Settings) -> Generator[Finding, None, bool]:
    """Answers whether the store can be asked for more."""
    try:
        if not settings.store:
            missing = is_missing(settings)
            yield from _disk(settings)
            path = data_file(settings)
            if missing:
                yield Finding("ok", f"{path.absolute()} will be made when the server starts")
                return True
            faults = faults_of(path)
            for fault in faults:
                yield Finding(
                    "fail",
                    f"{path} is damaged: {fault}",
                    "stop the server, keep a copy of the folder, restore the last backup",
                )
            if faults:
                return False
        tenants = run_on_store(settings, _count_tenants)
    except (BadSetting, StoreError) as error:
        yield Finding("fail", f"the store cannot be used: {error}")
        return False
    yield Finding("ok", f"{shown(settings)} can be read; tenants in it: {tenants}")
    return True


async def _count_tenants(store: Store) -> int:
    return len(await store.tenants())


def _disk(settings: Settings) -> Iterator[Finding]:
    place = settings.data
    while not place.exists():
        place = place.parent
    if not os.access(place, os.W_OK | os.X_OK):
        yield Finding(
            "fail",
            f"{place} cannot be written by this user",
            "chown it to the user that serves, or choose another folder with --data",
        )
        return
    if settings.data.exists() and settings.data.stat().st_mode & 0o077:
        yield Finding(
            "warn", f"others on this machine may read {settings.data}", f"chmod 700 {settings.data}"
        )
    free = shutil.disk_usage(place).free
    words = f"{free / (1 << 30):.1f} GiB left for {settings.data}"
    yield Finding("ok" if free > LITTLE_SPACE else "warn", words)
    try:
        took = _seconds_of_a_sync(place)
    except OSError as error:
        words = f"{place} takes no write: {error.strerror}"
        yield Finding("fail", words, "free some space, or raise the quota; then writing resumes")
        return
    words = f"the disk has a write for sure after {took * 1000:.1f} ms"
    if took > SLOW_SYNC_S:
        yield Finding("warn", words, "everybody waits for it; a local SSD takes about 1 ms")
    else:
        yield Finding("ok", words)


def _seconds_of_a_sync(folder: Path) -> float:
    """Of the middle one of five."""
    took = []
    with tempfile.TemporaryFile(dir=folder) as probe:
        for _ in range(5):
            probe.write(bytes(4_096))
            probe.flush()
            began = time.perf_counter()
            os.fsync(probe.fileno())
            took.append(time.perf_counter() - began)
    return sorted(took)[2]


def _access(settings: Settings) -> Iterator[Finding]:
    try:
        checked = settings.checked(stored=has_tenants(settings))
    except (BadSetting, StoreError) as error:
        yield Finding("fail", str(error))
        return
    for tenant in checked.tenants.values():
        yield Finding("ok", tenant_line(tenant))
        if "*" in tenant.origins:
            yield Finding(
                "warn",
                f"tenant {tenant.id} may be embedded by every page there is",
                "list the origins of your own pages",
            )


def _network(settings: Settings) -> Iterator[Finding]:
    few = raise_descriptors()
    yield Finding(
        "ok" if few >= FEW_DESCRIPTORS else "warn",
        f"{few:,} files and connections may be open",
        "" if few >= FEW_DESCRIPTORS else "LimitNOFILE=65536 in the unit, or ulimit -n 65536",
    )
    try:
        make_broker(settings)
    except BadSetting as error:
        yield Finding("fail", str(error))
    yield from _certificate(settings)
    place = f"{settings.host} port {settings.port}"
    found = obstacle(settings.host, settings.port)
    if found is None:
        yield Finding("ok", f"{place} is free")
    elif found.taken and (running := _running(settings)):
        yield Finding("ok", f"crdtchat {running} is running at {place}")
    else:
        yield Finding("fail", found.words, found.remedy)


def _running(settings: Settings) -> str:
    """The version of the crdtchat that listens where this one would; empty: none does."""
    connection = HTTPConnection(settings.host, settings.port, timeout=PATIENCE_S)
    if settings.tls_cert is not None:
        trusting = ssl.create_default_context()
        # It is asked by its address, which no certificate names, and told nothing.
        trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
        connection = HTTPSConnection(
            settings.host, settings.port, timeout=PATIENCE_S, context=trusting
        )
    try:
        connection.request("GET", "/health")
        found = json.load(connection.getresponse())
    except (OSError, HTTPException, ValueError):
        return ""
    finally:
        connection.close()
    return str(found.get("version", "")) if isinstance(found, dict) else ""


def _certificate(settings: Settings) -> Iterator[Finding]:
    try:
        settings.tls_context()
    except BadSetting as error:
        yield Finding("fail", str(error))
        return
    if settings.tls_cert is None:
        return
    ends = load_pem_x509_certificate(settings.tls_cert.read_bytes()).not_valid_after_utc
    words = f"{settings.tls_cert} is good until {ends:%Y-%m-%d}"
    left = (ends - datetime.now(UTC)).total_seconds()
    level = "ok" if left > SOON_S else "warn" if left > 0 else "fail"
    remedy = "renew it, then restart: clients reconnect by themselves"
    yield Finding(level, words, "" if level == "ok" else remedy)
