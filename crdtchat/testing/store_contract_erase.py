"""The exam of a store, second part: erasing. Subclassed like `StoreContract`."""

from __future__ import annotations

from crdtchat.stores.base import Append, Conflict, Erasure, Grant, Head, Lease, Loaded, Store, Token
from crdtchat.testing.store_contract import KEY, OTHER, StoreContract, append_of, entries


class ErasingContract(StoreContract):
    """What `Store.erase` and its companions promise."""

    async def test_an_erasure_leaves_the_new_state_and_nothing_else(self, store: Store) -> None:
        await store.append([Append(KEY, 1, 0, entries(1, 3), (Lease(4, "ann", "n"),))])
        await store.append([append_of(OTHER, 1, 2)])
        await store.snapshot(KEY, 1, 2, b"old")
        assert await store.erase(Erasure(KEY, 1, 3, b"new")) == 2
        expected = Loaded(epoch=2, sequence=4, snapshot=b"new", snapshot_sequence=4)
        assert await store.load(KEY) == expected
        assert await store.since(KEY, 4) == ()
        assert (await store.load(OTHER)).entries == entries(1, 2)

    async def test_an_epoch_may_leap(self, store: Store) -> None:
        await store.append([append_of(KEY, 1, 3)])
        assert await store.erase(Erasure(KEY, 1, 3, b"new", next_epoch=700)) == 700
        assert await store.append([append_of(KEY, 4, 4)]) == [Conflict(700, 4)]
        expected = Loaded(epoch=700, sequence=4, snapshot=b"new", snapshot_sequence=4)
        assert await store.load(KEY) == expected

    async def test_an_erasure_of_what_moved_on_conflicts(self, store: Store) -> None:
        await store.append([append_of(KEY, 1, 3)])
        before = await store.load(KEY)
        for epoch, sequence in ((1, 2), (1, 4), (2, 3), (0, 3)):
            assert await store.erase(Erasure(KEY, epoch, sequence, b"")) == Conflict(1, 3)
        assert await store.erase(Erasure(OTHER, 1, 0, b"")) == Conflict(1, 0)
        assert await store.load(KEY) == before
        assert await store.revision() == 0

    async def test_writers_of_the_old_epoch_are_told(self, store: Store) -> None:
        await store.append([append_of(KEY, 1, 3)])
        await store.erase(Erasure(KEY, 1, 3, b"new"))
        assert await store.append([append_of(KEY, 4, 4)]) == [Conflict(2, 4)]
        assert not await store.snapshot(KEY, 1, 3, b"old")
        assert await store.append([Append(KEY, 2, 4, entries(5, 6))]) == [6]
        assert await store.snapshot(KEY, 2, 5, b"newer")
        loaded = await store.load(KEY)
        assert (loaded.epoch, loaded.snapshot, loaded.entries) == (2, b"newer", entries(6, 6))

    async def test_heads_and_the_revision_tell_of_erasures(self, store: Store) -> None:
        await store.append([append_of(KEY, 1, 1), append_of(OTHER, 1, 1)])
        never = KEY._replace(tenant="never")
        assert await store.heads([OTHER, never, KEY]) == [Head(1, 1), Head(1, 0), Head(1, 1)]
        before = await store.revision()
        await store.erase(Erasure(KEY, 1, 1, b""))
        await store.erase(Erasure(KEY, 2, 2, b""))
        assert await store.heads([OTHER, never, KEY]) == [Head(1, 1), Head(), Head(3, 3)]
        assert await store.revision() > before
        assert await store.heads([]) == []

    async def test_scrubbing_changes_nothing_that_is_kept(self, store: Store) -> None:
        await store.append([append_of(KEY, 1, 3), append_of(OTHER, 1, 2)])
        await store.erase(Erasure(KEY, 1, 3, b"new"))
        before = [await store.load(key) for key in (KEY, OTHER)]
        for _ in range(2):
            await store.scrub()
            assert not await store.unscrubbed()
            assert [await store.load(key) for key in (KEY, OTHER)] == before

    async def test_a_users_tokens_are_removed_with_their_names(self, store: Store) -> None:
        def token(number: int, tenant: str, user: str) -> Token:
            return Token(str(number), bytes([number]), tenant, "commenter", user, "A Name")

        await store.add_token(token(1, "demo", "ann"))
        await store.add_token(token(2, "demo", "ann"))
        await store.add_token(token(3, "demo", "bob"))
        await store.add_token(token(4, "other", "ann"))
        before = await store.revision()
        assert await store.remove_user("demo", "ann") == 2
        assert await store.remove_user("demo", "ann") == 0
        assert [one.id for one in await store.tokens("demo")] == ["3"]
        assert [one.id for one in await store.tokens("other")] == ["4"]
        assert await store.token(b"\1") is None
        assert await store.revision() > before

    async def test_a_removed_users_grant_goes_and_open_connections_are_told(
        self, store: Store
    ) -> None:
        await store.put_grant(Grant("demo", "ann", "moderator"))
        newest, _ = await store.access_changes(-1)
        assert await store.remove_user("demo", "ann") == 0
        assert await store.grants() == []
        assert (await store.access_changes(newest))[1] == {"demo"}
