"""The store and the broker that the settings name."""

from __future__ import annotations

import anyio

from crdtchat.brokers.base import Broker
from crdtchat.brokers.memory import SilentBroker
from crdtchat.server.settings import BadSetting, Settings, data_file
from crdtchat.stores.base import Store, StoreError
from crdtchat.stores.memory import MemoryStore
from crdtchat.stores.sqlite import SqliteStore
from crdtchat.stores.sqlite_errors import explain_os

_POSTGRES = ("postgresql://", "postgres://")


def make_store(settings: Settings) -> Store:
    """Make it; it is not open yet. Raises BadSetting."""
    if not settings.store:
        return SqliteStore(data_file(settings))
    if settings.store == "memory:":
        return MemoryStore()
    if settings.store.startswith(_POSTGRES):
        return _postgres(settings.store)
    name = settings.store.partition("://")[0]  # the rest may hold a password
    raise BadSetting(
        f"no store is called {name!r}: leave it out for SQLite, or say memory: or "
        "postgresql://user:password@host/database"
    )


def _postgres(url: str) -> Store:
    try:
        from crdtchat.stores.postgres import PostgresStore
    except ImportError:
        raise BadSetting(
            "a store in PostgreSQL needs its driver: pip install 'crdtchat[postgres]'"
        ) from None
    try:
        return PostgresStore(url)
    except StoreError as error:
        raise BadSetting(str(error)) from None


def make_broker(settings: Settings, local: Broker | None = None) -> Broker | None:
    """Make it; None: this is the only process that serves the store. Raises BadSetting.

    `local`: between the workers of this machine.
    """
    if settings.workers > 1 and settings.store == "memory:":
        raise BadSetting("a store in memory is one process' own: leave --workers out")
    if not settings.broker:
        if local is not None:
            return local
        return SilentBroker() if settings.store.startswith(_POSTGRES) else None
    if settings.store == "memory:":
        raise BadSetting("a store in memory is one process' own: there is nobody to talk to")
    try:
        from crdtchat.brokers.redis import RedisBroker
        from crdtchat.brokers.redis_address import SCHEMES, BadBroker
    except ImportError:
        raise BadSetting(
            "a broker on Redis needs its client: pip install 'crdtchat[redis]'"
        ) from None
    if not settings.broker.startswith(SCHEMES):
        name = settings.broker.partition("://")[0]
        raise BadSetting(
            f"no broker is called {name!r}: say redis://host, rediss://host, redis+cluster://host "
            "or redis+sentinel://host/name"
        )
    try:
        return RedisBroker(settings.broker)
    except BadBroker as error:
        raise BadSetting(str(error)) from None


def shown(settings: Settings) -> str:
    """Where the data lies, without a password."""
    if settings.store.startswith(_POSTGRES):
        return f"PostgreSQL, {settings.store.rpartition('@')[2].partition('?')[0]}"
    return settings.store or str(data_file(settings).absolute())


def is_missing(settings: Settings) -> bool:
    """Whether the embedded database is used, and nothing has made it yet. Raises BadSetting where
    nothing can make it, or this user may not look."""
    if settings.store:
        return False
    path = data_file(settings)
    try:
        path.stat()
    except FileNotFoundError:
        return True
    except OSError as error:
        raise BadSetting(str(explain_os(error, path))) from None
    return False


def has_tenants(settings: Settings) -> bool:
    """Whether the store describes tenants. Makes no file where there is none. Raises BadSetting."""
    if settings.store == "memory:" or is_missing(settings):
        return False

    async def look() -> bool:
        store = make_store(settings)
        try:
            await store.open()
            return bool(await store.tenants())
        finally:
            await store.close()

    try:
        return anyio.run(look)
    except StoreError as error:
        raise BadSetting(str(error)) from None
