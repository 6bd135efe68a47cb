"""Page versions in SQLite, beyond the contract."""

from __future__ import annotations

import os
import zlib
from contextlib import closing
from hashlib import sha256
from pathlib import Path

from crdtchat.stores.base import PageVersion, Put
from crdtchat.stores.sqlite import SqliteStore
from crdtchat.stores.sqlite_file import connect
from crdtchat.stores.sqlite_schema import MIGRATIONS, migrate
from crdtchat.testing.store_contract import KEY, append_of, entries, opened


async def test_a_file_of_the_first_schema_gains_them(tmp_path: Path) -> None:
    path = tmp_path / "crdtchat.db"
    path.touch()
    with closing(connect(path, 5_000)) as connection:
        migrate(connection, path, MIGRATIONS[:1])
    async with opened(SqliteStore(path)) as store:
        await store.append([append_of(KEY, 1, 2)])
        assert (await store.load(KEY)).entries == entries(1, 2)
        version = PageVersion("v", sha256(b"").digest(), "ann", 1, 0, zlib.compress(b""))
        assert await store.put_version(KEY, version, 1) is Put.STORED


async def test_an_erased_text_is_gone_from_the_disk(tmp_path: Path) -> None:
    path = tmp_path / "crdtchat.db"
    kept, erased = (os.urandom(20_000).replace(b"\0", b"x") for _ in range(2))
    async with opened(SqliteStore(path)) as store:
        await store.append([append_of(KEY, 1, 1)])
        for at, text in enumerate((kept, erased)):
            version = PageVersion(str(at), sha256(text).digest(), "ann", at, len(text), text)
            await store.put_version(KEY, version, 2)
        assert await store.keep_versions(KEY, {"0"}, 5) == 1
    found = path.read_bytes()
    assert kept[5_000:5_100] in found
    for start in range(0, len(erased) - 100, 500):
        assert erased[start : start + 100] not in found
