"""The exam of a store: what `crdtchat.stores.base` promises, as tests.

A store's test module subclasses `StoreContract` (pytest, anyio's plugin) and gives the fixture
`make_store`. Failures of disks and networks are each store's own; everything else is here.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from itertools import pairwise

import anyio
import pytest

from crdtchat.stores.base import (
    CONVERSATIONS,
    Append,
    Conflict,
    DocumentKey,
    Entry,
    Head,
    Lease,
    Loaded,
    Page,
    Store,
    StoreError,
    Token,
    Usage,
    usage_day,
)

KEY = DocumentKey("demo", "https://example.org/a?b=ż#🙂")
OTHER = DocumentKey("demo", "notebook.ipynb")

MakeStore = Callable[[], Store]
"""Makes a store that is not open yet; all of one test's work on the same data."""


def entry(number: int, size: int = 40) -> Entry:
    """Make an entry that no other number has, of `size` bytes."""
    update = (b"%d." % number + b"\0\xff" * size)[:size]
    return Entry(update, f"użytkownik-{number % 3}", 1_700_000_000_000 + number, b"%016d" % number)


def entries(first: int, last: int) -> tuple[Entry, ...]:
    """Make entries `first .. last`, both included."""
    return tuple(entry(number) for number in range(first, last + 1))


def append_of(key: DocumentKey, first: int, last: int) -> Append:
    """Append entries `first .. last` after `first - 1`, in the first epoch."""
    return Append(key, 1, first - 1, entries(first, last))


@asynccontextmanager
async def opened(store: Store) -> AsyncIterator[Store]:
    """Open for the block and close after it."""
    await store.open()
    try:
        yield store
    finally:
        await store.close()


class StoreContract:
    """Subclass with a fixture `make_store` that returns a `MakeStore`."""

    @pytest.fixture
    async def store(self, make_store: MakeStore) -> AsyncIterator[Store]:
        async with opened(make_store()) as store:
            yield store

    # The log

    async def test_a_document_nobody_wrote_is_empty(self, store: Store) -> None:
        assert await store.load(KEY) == Loaded()
        assert await store.since(KEY, 0) == ()
        assert await store.pages("demo") == []

    async def test_entries_come_back_as_they_were_appended(self, store: Store) -> None:
        assert await store.append([append_of(KEY, 1, 3)]) == [3]
        assert await store.append([append_of(KEY, 4, 4)]) == [4]
        assert await store.load(KEY) == Loaded(sequence=4, entries=entries(1, 4))

    async def test_every_byte_and_big_numbers_survive(self, store: Store) -> None:
        odd = Entry(bytes(range(256)) * 200, "ü\U0001f642\n'\"", 2**53, bytes(range(16)))
        bare = Entry(b"", "", 0, b"")
        leases = (Lease(0, "ü"), Lease(2**53 - 1, "", "ż"))
        await store.append([Append(KEY, 1, 0, (odd, bare), leases)])
        assert await store.load(KEY) == Loaded(sequence=2, entries=(odd, bare), leases=leases)

    async def test_an_append_elsewhere_than_at_the_end_conflicts(self, store: Store) -> None:
        await store.append([append_of(KEY, 1, 3)])
        before = await store.load(KEY)
        for epoch, after in ((1, 2), (1, 4), (1, 0), (2, 3), (0, 3)):
            lease = Lease(1, "u")
            wrong = Append(KEY, epoch, after, entries(8, 9), (lease,))
            assert await store.append([wrong]) == [Conflict(1, 3)]
        assert await store.load(KEY) == before

    async def test_a_new_document_starts_at_epoch_1_sequence_0(self, store: Store) -> None:
        for epoch, after in ((1, 1), (2, 0)):
            outcome = await store.append([Append(KEY, epoch, after, entries(1, 1))])
            assert outcome == [Conflict(1, 0)]
        assert await store.load(KEY) == Loaded()
        assert await store.append([append_of(KEY, 1, 1)]) == [1]

    async def test_a_conflict_of_one_leaves_the_others(self, store: Store) -> None:
        await store.append([append_of(KEY, 1, 1)])
        third = OTHER._replace(scope="team")
        outcome = await store.append(
            [append_of(OTHER, 1, 2), append_of(KEY, 3, 4), append_of(third, 1, 1)]
        )
        assert outcome == [2, Conflict(1, 1), 1]
        assert (await store.load(OTHER)).entries == entries(1, 2)
        assert (await store.load(KEY)).entries == entries(1, 1)
        assert (await store.load(third)).entries == entries(1, 1)

    async def test_appends_of_one_document_apply_in_order(self, store: Store) -> None:
        outcome = await store.append(
            [append_of(KEY, 1, 2), append_of(KEY, 1, 2), append_of(KEY, 3, 5)]
        )
        assert outcome == [2, Conflict(1, 2), 5]
        assert (await store.load(KEY)).entries == entries(1, 5)

    async def test_nothing_to_append_is_no_error(self, store: Store) -> None:
        assert await store.append([]) == []
        assert await store.append([Append(KEY, 1, 0, ())]) == [0]
        assert await store.load(KEY) == Loaded()

    async def test_keys_differing_in_any_part_are_other_documents(self, store: Store) -> None:
        keys = [
            DocumentKey("a", "b", "c"),
            DocumentKey("a", "bc", ""),
            DocumentKey("ab", "c", ""),
            DocumentKey("a", "b", ""),
            DocumentKey("a", "B", ""),
            DocumentKey("a", "b ", ""),
            DocumentKey("", "a", "b"),
            DocumentKey("a", "", "b"),
            DocumentKey("a", "ż", ""),
            DocumentKey("a", "z\u0307", ""),
        ]
        await store.append([Append(key, 1, 0, (entry(number),)) for number, key in enumerate(keys)])
        for number, key in enumerate(keys):
            assert (await store.load(key)).entries == (entry(number),)

    @pytest.mark.parametrize("text", ["\0", "a\0b", "\ud800", "x\udfff"])
    async def test_text_that_no_database_keeps_is_refused_before_anything_is_written(
        self, store: Store, text: str
    ) -> None:
        good = append_of(OTHER, 1, 1)
        for bad in (
            Append(DocumentKey(text, "p"), 1, 0, entries(1, 1)),
            Append(DocumentKey("t", text), 1, 0, entries(1, 1)),
            Append(DocumentKey("t", "p", text), 1, 0, entries(1, 1)),
            Append(KEY, 1, 0, (entry(1)._replace(principal=text),)),
            Append(KEY, 1, 0, entries(1, 1), (Lease(1, text),)),
            Append(KEY, 1, 0, entries(1, 1), (Lease(1, "u", text),)),
        ):
            with pytest.raises(StoreError, match="refuse it where it comes in") as caught:
                await store.append([good, bad])
            assert not caught.value.retry
        with pytest.raises(StoreError, match="refuse it where it comes in"):
            await store.load(DocumentKey("t", text))
        assert await store.load(OTHER) == Loaded()
        assert await store.append([good]) == [1]

    async def test_since_gives_what_is_missing(self, store: Store) -> None:
        await store.append([append_of(KEY, 1, 5)])
        assert await store.since(KEY, 0) == entries(1, 5)
        assert await store.since(KEY, 3) == entries(4, 5)
        assert await store.since(KEY, 5) == ()
        assert await store.since(KEY, 9) == ()

    async def test_who_knows_the_beginning_loads_the_rest(self, store: Store) -> None:
        lease = Lease(1, "ann", "n")
        await store.append([Append(KEY, 1, 0, entries(1, 5), (lease,))])
        await store.snapshot(KEY, 1, 2, b"state")
        rest = Loaded(1, 5, b"", 3, entries(4, 5), (lease,))
        assert await store.load(KEY, known=Head(1, 3)) == rest
        assert await store.load(KEY, known=Head(1, 5)) == replace(
            rest, snapshot_sequence=5, entries=()
        )
        whole = await store.load(KEY)
        for beyond in (Head(1, 1), Head(2, 3), Head(1, 6)):
            assert await store.load(KEY, known=beyond) == whole
        assert await store.load(OTHER, known=Head(1, 0)) == Loaded()

    async def test_writers_that_race_share_the_sequence_numbers(
        self, make_store: MakeStore
    ) -> None:
        """Invariant 2 of the design, for several tasks and two stores on one document."""
        won: list[tuple[int, Entry]] = []

        async def write(store: Store, writer: int) -> None:
            for number in range(writer * 100, writer * 100 + 6):
                outcome: int | Conflict = Conflict(1, 0)
                while isinstance(outcome, Conflict):
                    append = Append(KEY, outcome.epoch, outcome.sequence, (entry(number),))
                    (outcome,) = await store.append([append])
                won.append((outcome, entry(number)))

        async with opened(make_store()) as one, opened(make_store()) as two:
            async with anyio.create_task_group() as tasks:
                for writer in range(3):
                    tasks.start_soon(write, one, writer)
                    tasks.start_soon(write, two, writer + 3)
            loaded = await two.load(KEY)
        assert [sequence for sequence, _ in sorted(won, key=lambda pair: pair[0])] == [
            *range(1, 37)
        ]
        assert all(loaded.entries[sequence - 1] == written for sequence, written in won)
        for writer in range(6):
            mine = [sequence for sequence, e in won if int(e.broadcast_id) // 100 == writer]
            assert all(a < b for a, b in pairwise(mine))

    async def test_a_cancelled_append_is_whole_or_not_there(self, store: Store) -> None:
        sequence = 0
        for round_ in range(20):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(store.append, [append_of(KEY, sequence + 1, sequence + 3)])
                if round_ % 2:
                    await anyio.lowlevel.checkpoint()
                tasks.cancel_scope.cancel()
            loaded = await store.load(KEY)
            assert loaded.sequence in (sequence, sequence + 3)
            sequence = loaded.sequence
            assert loaded.entries == entries(1, sequence)
        assert await store.append([append_of(KEY, sequence + 1, sequence + 1)]) == [sequence + 1]

    # Leases

    async def test_leases_replace_by_client_id(self, store: Store) -> None:
        first = (Lease(7, "ann", "n1"), Lease(3, "bob"))
        await store.append([Append(KEY, 1, 0, entries(1, 1), first)])
        await store.append([Append(KEY, 1, 1, (), (Lease(7, "eve", "n2"),))])
        await store.append([Append(KEY, 1, 0, (), (Lease(3, "eve"),)), append_of(OTHER, 1, 1)])
        assert (await store.load(KEY)).leases == (Lease(3, "bob"), Lease(7, "eve", "n2"))
        assert (await store.load(OTHER)).leases == ()

    async def test_a_lease_alone_does_not_make_a_page(self, store: Store) -> None:
        assert await store.append([Append(KEY, 1, 0, (), (Lease(1, "ann"),))]) == [0]
        assert await store.load(KEY) == Loaded(leases=(Lease(1, "ann"),))
        assert await store.pages("demo") == []
        assert await store.append([append_of(KEY, 1, 1)]) == [1]

    # Snapshots

    async def test_a_snapshot_folds_the_entries_up_to_it(self, store: Store) -> None:
        await store.append([append_of(KEY, 1, 5), append_of(OTHER, 1, 2)])
        assert await store.snapshot(KEY, 1, 3, b"state at 3")
        folded = Loaded(1, 5, b"state at 3", 3, entries(4, 5))
        assert await store.load(KEY) == folded
        assert await store.since(KEY, 3) == entries(4, 5)
        with pytest.raises(StoreError) as caught:
            await store.since(KEY, 2)
        assert not caught.value.retry
        assert await store.append([append_of(KEY, 6, 6)]) == [6]
        assert await store.load(KEY) == replace(folded, sequence=6, entries=entries(4, 6))
        assert await store.snapshot(KEY, 1, 6, b"state at 6")
        assert await store.load(KEY) == Loaded(1, 6, b"state at 6", 6)
        assert await store.since(KEY, 6) == ()
        assert (await store.load(OTHER)).entries == entries(1, 2)

    async def test_a_snapshot_that_came_too_late_changes_nothing(self, store: Store) -> None:
        await store.append([append_of(KEY, 1, 5)])
        await store.snapshot(KEY, 1, 4, b"state at 4")
        before = await store.load(KEY)
        for epoch, sequence in ((1, 3), (0, 5), (2, 5)):
            assert not await store.snapshot(KEY, epoch, sequence, b"late")
        assert await store.load(KEY) == before

    async def test_a_snapshot_beyond_the_log_changes_nothing(self, store: Store) -> None:
        assert not await store.snapshot(KEY, 1, 0, b"nothing")
        await store.append([append_of(KEY, 1, 2)])
        assert not await store.snapshot(KEY, 1, 3, b"ahead")
        assert not await store.snapshot(KEY, 1, 0, b"nothing")
        assert not await store.snapshot(OTHER, 1, 1, b"unknown")
        assert await store.load(KEY) == Loaded(sequence=2, entries=entries(1, 2))
        assert await store.load(OTHER) == Loaded()

    # Pages

    async def test_pages_are_the_tenants_own_last_written_first(self, store: Store) -> None:
        scoped = OTHER._replace(scope="s")
        foreign = DocumentKey("other tenant", KEY.page)
        await store.append([append_of(KEY, 1, 3), append_of(OTHER, 1, 1), append_of(foreign, 1, 9)])
        await store.append([append_of(scoped, 1, 2), append_of(OTHER, 2, 4)])
        assert await store.pages("demo") == [
            Page(OTHER, 1, 4, entry(4).at),
            Page(KEY, 1, 3, entry(3).at),
            Page(scoped, 1, 2, entry(2).at),
        ]
        assert [page.key for page in await store.pages("other tenant")] == [foreign]
        assert await store.tenants_of_pages() == ["demo", "other tenant"]
        assert await store.pages("dem") == []

    # Tokens, usage, secrets

    async def test_tokens(self, store: Store) -> None:
        old = Token("t1", b"1" * 32, "demo", "viewer", "ann", "Ann Żak", created=5)
        new = Token("t2", b"2" * 32, "demo", "owner", "bob", "Bob", "docs/*", 9, 8)
        foreign = Token("t3", b"3" * 32, "other", "owner", "eve", "Eve", created=9)
        for token in (old, new, foreign):
            await store.add_token(token)
        assert await store.token(old.digest) == old
        assert await store.token(b"4" * 32) is None
        assert await store.tokens("demo") == [new, old]
        assert not await store.revoke_token("other", "t1")
        assert not await store.revoke_token("demo", "t9")
        assert await store.revoke_token("demo", "t1")
        assert await store.revoke_token("demo", "t1")
        assert await store.token(old.digest) == replace(old, revoked=True)
        assert await store.tokens("demo") == [new, replace(old, revoked=True)]
        assert await store.tokens("other") == [foreign]

    async def test_a_token_is_added_once(self, store: Store) -> None:
        token = Token("t1", b"1" * 32, "demo", "viewer", "ann", "Ann")
        await store.add_token(token)
        same_id = replace(token, digest=b"2" * 32, role="owner")
        for again in (same_id, replace(token, id="t2", role="owner")):
            with pytest.raises(StoreError) as caught:
                await store.add_token(again)
            assert not caught.value.retry
        assert await store.tokens("demo") == [token]

    async def test_usage_adds_up(self, store: Store) -> None:
        await store.add_usage([Usage("demo", "2024-02-29", {"operations": 2, "bytes": 10})])
        await store.add_usage(
            [
                Usage("demo", "2024-02-29", {"operations": 3}),
                Usage("demo", "2024-03-01", {"operations": 1}),
                Usage("demo", "2024-03-02", {}),
                Usage("other", "2024-03-01", {"operations": 9}),
            ]
        )
        leap = Usage("demo", "2024-02-29", {"operations": 5, "bytes": 10})
        march = Usage("demo", "2024-03-01", {"operations": 1})
        assert await store.usage("demo", "2024-02-01", "2024-03-31") == [leap, march]
        assert await store.usage("demo", "2024-03-01", "2024-03-01") == [march]
        assert await store.usage("demo", "2024-03-02", "2024-03-31") == []

    async def test_new_conversations_count_with_their_append_or_not_at_all(
        self, store: Store
    ) -> None:
        """Of the two writers that race, only the one that wins is counted."""
        first = replace(append_of(KEY, 1, 3), conversations=2)
        elsewhere = replace(append_of(OTHER, 1, 1), conversations=1)
        assert await store.append([first, first, elsewhere]) == [3, Conflict(1, 3), 1]
        day = usage_day(first.entries[-1].at)
        assert await store.usage("demo", day, day) == [Usage("demo", day, {CONVERSATIONS: 3})]

    async def test_a_secret_is_made_once_and_stays(self, make_store: MakeStore) -> None:
        found: set[bytes] = set()

        async def ask(store: Store) -> None:
            found.add(await store.secret("cookies"))

        async with opened(make_store()) as one, opened(make_store()) as two:
            async with anyio.create_task_group() as tasks:
                for store in (one, two, one, two):
                    tasks.start_soon(ask, store)
            assert len(found) == 1
            assert len(found.copy().pop()) == 32
            assert await one.secret("tokens") not in found
        async with opened(make_store()) as again:
            assert {await again.secret("cookies")} == found

    # Its life

    async def test_everything_survives_closing(self, make_store: MakeStore) -> None:
        token = Token("t1", b"1" * 32, "demo", "viewer", "ann", "Ann")
        async with opened(make_store()) as store:
            await store.append([Append(KEY, 1, 0, entries(1, 4), (Lease(1, "ann", "n"),))])
            await store.snapshot(KEY, 1, 2, b"state")
            await store.add_token(token)
            await store.add_usage([Usage("demo", "2024-03-01", {"operations": 1})])
            before = await store.load(KEY)
        async with opened(make_store()) as store:
            assert await store.load(KEY) == before
            assert await store.tokens("demo") == [token]
            assert len(await store.usage("demo", "2024-03-01", "2024-03-01")) == 1
            assert await store.append([append_of(KEY, 5, 5)]) == [5]

    async def test_unless_open_it_refuses(self, make_store: MakeStore) -> None:
        store = make_store()
        with pytest.raises(StoreError) as caught:
            await store.load(KEY)
        assert not caught.value.retry
        await store.open()
        await store.close()
        await store.close()
        for refused in (store.load(KEY), store.append([append_of(KEY, 1, 1)])):
            with pytest.raises(StoreError) as caught:
                await refused
            assert not caught.value.retry
