"""The guard and the directory in one process: races and failures that servers seldom meet."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import anyio
import pytest
from anyio.lowlevel import checkpoint

from crdtchat.access import guard as guard_module
from crdtchat.access import tokens
from crdtchat.access.description import LIMIT_NAMES, read_tenant
from crdtchat.access.directory import Directory
from crdtchat.access.gate import Admission, Gate, NoTenant
from crdtchat.access.guard import Guard, Guarded
from crdtchat.access.origins import PROGRAM, From
from crdtchat.access.roles import Role
from crdtchat.access.tenants import Tenant
from crdtchat.stores.base import Grant, StoredTenant, StoreUnavailable, Token
from crdtchat.stores.memory import MemoryData, MemoryStore
from crdtchat.sync.codes import CloseCode
from tests.access.signing import new_signer, write_key_set

NOW = 1_700_000_000_000
SECRET = "cct_ann"
TOKEN = Token("t1", tokens.digest(SECRET), "docs", "commenter", "ann", "Ann", "page-*")


class FailingStore(MemoryStore):
    """Cannot be read when told so."""

    failing = False

    async def token(self, digest: bytes) -> Token | None:
        if self.failing:
            raise StoreUnavailable("the disk is gone")
        return await super().token(digest)


class AwayStore(MemoryStore):
    """Is away for some looks, for one reason and then for another."""

    looks = 0

    async def access_changes(self, after: int) -> tuple[int, frozenset[str]]:
        self.looks += 1
        if 2 < self.looks <= 20:
            raise StoreUnavailable("no answer" if self.looks <= 10 else "starting")
        return await super().access_changes(after)


async def test_a_store_that_is_away_is_told_of_once(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The log had a line for each look, four a second for a whole night."""
    monkeypatch.setattr(guard_module, "INTERVAL_S", 0.0)
    store = AwayStore()
    await store.open()
    guard = Guard(Gate(Directory({}, store), store), lambda: NOW)
    with caplog.at_level(logging.INFO):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(guard.run)
            while store.looks < 30:
                await checkpoint()
            tasks.cancel_scope.cancel()
    assert [record.getMessage() for record in caplog.records] == [
        "revocations cannot be read: no answer",
        "revocations cannot be read: starting",
        "this is over: revocations cannot be read",
    ]


class World:
    """A tenant `docs`, a token of Ann's, and what became of her connections."""

    def __init__(self) -> None:
        self.data = MemoryData()
        self.store = FailingStore(self.data)
        self.directory = Directory({"docs": Tenant("docs")}, self.store)
        self.gate = Gate(self.directory, self.store)
        self.now = NOW
        self.guard = Guard(self.gate, lambda: self.now)

    async def open(self) -> World:
        await self.store.open()
        await self.store.add_token(TOKEN)
        await self.directory.refresh()
        return self

    async def admit(self, page: str = "page-1") -> Admission:
        tenant = self.gate.tenant("docs")
        return await self.gate.admit(tenant, token=SECRET, name="", now=self.now, page=page)


async def stored(**description: object) -> World:
    """The same with the tenant in the database."""
    world = World()
    world.directory = Directory({}, world.store)
    world.gate = Gate(world.directory, world.store)
    world.guard = Guard(world.gate, lambda: world.now)
    await world.store.open()
    await world.store.put_tenant(StoredTenant("docs", json.dumps(description)))
    return await world.open()


def verdict(guarded: Guarded) -> CloseCode | None:
    found: list[CloseCode] = []
    guarded.attach(lambda code, reason: found.append(code))
    return found[0] if found else None


async def test_who_came_in_by_what_was_known_before_is_looked_at_again() -> None:
    """Admitted before the change was taken in, under guard only after it."""
    world = await World().open()
    admission = await world.admit()
    await world.store.revoke_token("docs", "t1")
    await world.guard.look()
    with world.guard.guarding(admission, "page-1") as late:
        assert verdict(late) is None
        await world.guard.look()
        assert verdict(late) is CloseCode.SIGN_IN


async def test_a_store_that_cannot_be_read_postpones_and_forgets_nothing() -> None:
    world = await World().open()
    with world.guard.guarding(await world.admit(), "page-1") as ann:
        await world.store.revoke_token("docs", "t1")
        world.store.failing = True
        for _ in range(2):
            with pytest.raises(StoreUnavailable):
                await world.guard.look()
        assert verdict(ann) is None
        world.store.failing = False
        await world.guard.look()
        assert verdict(ann) is CloseCode.SIGN_IN


async def test_a_grant_leaves_who_is_that_already() -> None:
    world = await World().open()
    with world.guard.guarding(await world.admit(), "page-1") as ann:
        await world.store.put_grant(Grant("docs", "ann", "commenter"))
        await world.store.put_grant(Grant("docs", "bob", "owner"))
        await world.guard.look()
        assert verdict(ann) is None
        await world.store.put_grant(Grant("docs", "ann", "moderator"))
        await world.guard.look()
        assert verdict(ann) is CloseCode.CHANGED
    assert (await world.admit()).principal.role is Role.MODERATOR


@pytest.mark.parametrize(
    ("changed", "wanted"),
    [
        ({"limits": {"annotations_per_page": 5}}, CloseCode.CHANGED),
        ({"limits": {"annotations_per_day": 5}}, CloseCode.CHANGED),
        ({"limits": {"comment_characters": 5}}, CloseCode.CHANGED),
        ({"limits": dict.fromkeys(LIMIT_NAMES, 0)}, CloseCode.CHANGED),
        ({"page_versions": False}, CloseCode.CHANGED),
        # What is counted is counted by what holds at the moment.
        ({"limits": {"user_operations_per_minute": 5, "connections": 5}}, None),
        ({"guests": "viewer", "origins": ["https://docs.example.org"]}, None),
    ],
)
async def test_who_came_in_on_other_terms_comes_in_again(
    changed: dict[str, object], wanted: CloseCode | None
) -> None:
    """They went by those that they began with, for as long as they were connected."""
    world = await stored()
    with world.guard.guarding(await world.admit(), "page-1") as ann:
        await world.store.put_tenant(StoredTenant("docs", json.dumps(changed)))
        await world.guard.look()
        assert verdict(ann) is wanted


@pytest.mark.parametrize(
    ("sender", "wanted"),
    [
        (From("https://old.example.org", "comments.example.org"), CloseCode.FORBIDDEN),
        (From("https://docs.example.org", "comments.example.org"), None),
        (From("https://comments.example.org", "comments.example.org"), None),
        (PROGRAM, None),
    ],
)
async def test_pages_of_an_origin_that_is_taken_away_are_left(
    sender: From, wanted: CloseCode | None
) -> None:
    """They stayed connected for as long as they were open."""
    world = await stored(origins=["https://old.example.org", "https://docs.example.org"])
    with world.guard.guarding(await world.admit(), "page-1", sender) as ann:
        description = json.dumps({"origins": ["https://docs.example.org"]})
        await world.store.put_tenant(StoredTenant("docs", description))
        await world.guard.look()
        assert verdict(ann) is wanted


async def test_expiry_and_those_who_left() -> None:
    """The list of what expires does not grow with those who come and go."""
    world = await World().open()
    world.data.tokens["t1"] = TOKEN.__class__(
        *(TOKEN.id, TOKEN.digest, "docs", "viewer", "ann", "Ann", "*", NOW + 1_000)
    )
    for _ in range(5_000):
        with world.guard.guarding(await world.admit(), "page-1"):
            pass
    assert len(world.guard._expiring) <= 1_001
    with world.guard.guarding(await world.admit(), "page-1") as ann:
        world.now += 999
        await world.guard.look()
        assert verdict(ann) is None
        world.now += 1
        await world.guard.look()
        assert verdict(ann) is CloseCode.SIGN_IN
    assert not world.guard._expiring


async def test_who_left_is_not_ended_when_their_token_expires() -> None:
    """Their session is not there any more, and to end it would end the guard, and so the server."""
    world = await World().open()
    world.data.tokens["t1"] = TOKEN.__class__(
        *(TOKEN.id, TOKEN.digest, "docs", "viewer", "ann", "Ann", "*", NOW + 1_000)
    )
    ended: list[CloseCode] = []
    with world.guard.guarding(await world.admit(), "page-1") as left:
        left.attach(lambda code, reason: ended.append(code))
    world.now += 1_000
    await world.guard.look()
    assert not ended


async def test_the_configuration_stands_above_the_database() -> None:
    world = await World().open()
    await world.store.put_tenant(StoredTenant("docs", '{"guests": "viewer"}'))
    await world.store.put_tenant(StoredTenant("blog", '{"guests": "viewer"}'))
    await world.store.put_tenant(StoredTenant("odd", '{"guests": "king"}'))
    await world.guard.look()
    assert world.gate.tenant("docs").guests is None
    assert world.gate.tenant("blog").guests is Role.VIEWER
    with pytest.raises(NoTenant):
        world.gate.tenant("odd")
    assert sorted(tenant.id for tenant in world.directory) == ["blog", "docs"]


async def test_a_stored_tenant_stays_while_its_key_set_cannot_be_read(tmp_path: Path) -> None:
    """Whatever is changed meanwhile, of whichever tenant: it was gone until the next change."""
    path, signer = tmp_path / "keys.json", new_signer("EdDSA", "one")
    write_key_set(path, signer)
    store = MemoryStore()
    await store.open()
    description = json.dumps({"jwks": str(path)})
    await store.put_tenant(StoredTenant("docs", description))
    directory = Directory({}, store)
    await directory.refresh()

    def kids() -> list[str]:
        tenant = directory.find("docs")
        assert tenant is not None
        return [key.kid for key in directory.keys(tenant)]

    assert kids() == ["one"]
    path.write_text("half a fi")
    for name in ("blog", "docs"):
        await store.put_tenant(StoredTenant(name, description))
        await directory.refresh()
        assert kids() == ["one"]
    path.unlink()
    directory = Directory({}, store)
    await directory.refresh()
    assert kids() == []
    write_key_set(path, new_signer("ES256", "two"))
    assert "docs" in await directory.refresh()
    assert kids() == ["two"]


async def test_a_key_set_that_cannot_be_read_leaves_the_keys(tmp_path: Path) -> None:
    path, signer = tmp_path / "keys.json", new_signer("EdDSA", "one")
    write_key_set(path, signer)
    store = MemoryStore()
    await store.open()
    directory = Directory({"docs": read_tenant("docs", {"jwks": str(path)})}, store)
    assert await directory.refresh() == {"docs"}
    tenant = directory.find("docs")
    assert tenant is not None
    known = directory.keys(tenant)
    assert [key.kid for key in known] == ["one"]
    assert await directory.refresh() == set()
    path.write_text("half a fi")
    assert await directory.refresh() == set()
    assert directory.keys(tenant) == known
    path.unlink()
    assert await directory.refresh() == set()
    assert directory.keys(tenant) == known
    write_key_set(path, new_signer("ES256", "two"))
    assert await directory.refresh() == {"docs"}
    assert [key.kid for key in directory.keys(tenant)] == ["two"]
