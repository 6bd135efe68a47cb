"""Any store against `MemoryStore`, by random histories (Hypothesis).

What the two answer, and what they keep, must be the same after every step, reopening included.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager, ExitStack
from typing import Any

from anyio.from_thread import start_blocking_portal
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from crdtchat.stores.base import (
    Append,
    DocumentKey,
    Entry,
    Erasure,
    Head,
    Lease,
    Store,
    StoreError,
    Token,
    Usage,
)
from crdtchat.stores.memory import MemoryStore

FreshData = Callable[[], AbstractContextManager[Callable[[], Store]]]
"""Lends empty data: a maker of (not yet open) stores that all work on it."""

_KEYS = [DocumentKey("t", "p"), DocumentKey("t", "p", "s"), DocumentKey("u", "p")]
_TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=5)
_ENTRY = st.builds(
    Entry, st.binary(max_size=40), _TEXT, st.integers(0, 2**53), st.binary(max_size=16)
)
_LEASE = st.builds(Lease, st.integers(0, 5) | st.integers(0, 2**53 - 1), _TEXT, _TEXT)
_DAY = st.sampled_from(["2024-02-28", "2024-02-29", "2024-03-01"])
_TOKEN = st.builds(
    Token,
    id=st.sampled_from("abc"),
    digest=st.binary(min_size=1, max_size=1),
    tenant=st.sampled_from("tu"),
    role=_TEXT,
    user=_TEXT,
    name=_TEXT,
    created=st.integers(0, 3),
)
# Where an append or a snapshot aims, relative to the end of the log: mostly right.
_AIM = st.sampled_from([0, 0, 0, 0, -1, 1])

_Share = tuple[DocumentKey, int, int, list[Entry], list[Lease]]
_SHARE = st.tuples(
    st.sampled_from(_KEYS), _AIM, _AIM, st.lists(_ENTRY, max_size=3), st.lists(_LEASE, max_size=2)
)


class StoreMachine(RuleBasedStateMachine):
    """Subclass with `fresh_data` and `backend`; its `TestCase` is the test."""

    fresh_data: FreshData
    backend = "asyncio"

    @initialize()
    def start(self) -> None:
        self.stack = ExitStack()
        self.make = self.stack.enter_context(type(self).fresh_data())
        self.portal = self.stack.enter_context(start_blocking_portal(self.backend))
        self.model: Store = MemoryStore()
        self.portal.call(self.model.open)
        self.store = self.make()
        self.portal.call(self.store.open)
        self.ends = dict.fromkeys(_KEYS, 0)
        self.epochs = dict.fromkeys(_KEYS, 1)

    def teardown(self) -> None:
        if hasattr(self, "stack"):
            with self.stack:
                self.portal.call(self.store.close)

    def both(self, call: Callable[[Store], Awaitable[Any]]) -> Any:
        """Call the store and the model; check that they answer alike and return the answer."""

        async def outcome(store: Store) -> Any:
            try:
                return await call(store)
            except StoreError as error:
                return ("refused", error.retry)

        async def outcomes() -> tuple[Any, Any]:
            return await outcome(self.store), await outcome(self.model)

        # One hop to the event loop: it costs more than the calls.
        ours, expected = self.portal.call(outcomes)
        assert ours == expected
        return ours

    @rule(shares=st.lists(_SHARE, max_size=4))
    def append(self, shares: list[_Share]) -> None:
        appends = []
        ends = dict(self.ends)
        for key, wrong_epoch, wrong_after, entries, leases in shares:
            after = ends[key] + wrong_after
            epoch = self.epochs[key] + wrong_epoch
            appends.append(Append(key, epoch, after, tuple(entries), tuple(leases)))
            if not wrong_epoch and not wrong_after:
                ends[key] += len(entries)
        outcomes = self.both(lambda store: store.append(appends))
        for append, outcome in zip(appends, outcomes, strict=True):
            self.ends[append.key] = outcome if isinstance(outcome, int) else outcome.sequence
        assert self.ends == ends

    @rule(key=st.sampled_from(_KEYS), wrong_epoch=_AIM, back=st.integers(-1, 4), state=st.binary())
    def snapshot(self, key: DocumentKey, wrong_epoch: int, back: int, state: bytes) -> None:
        sequence = self.ends[key] - back
        epoch = self.epochs[key] + wrong_epoch
        self.both(lambda store: store.snapshot(key, epoch, sequence, state))

    @rule(key=st.sampled_from(_KEYS), wrong_epoch=_AIM, wrong_end=_AIM, state=st.binary())
    def erase(self, key: DocumentKey, wrong_epoch: int, wrong_end: int, state: bytes) -> None:
        epoch, sequence = self.epochs[key] + wrong_epoch, self.ends[key] + wrong_end
        erasure = Erasure(key, epoch, sequence, state)
        outcome = self.both(lambda store: store.erase(erasure))
        if isinstance(outcome, int):
            self.epochs[key] = outcome
            self.ends[key] += 1
        self.both(lambda store: store.revision())

    @rule(key=st.sampled_from(_KEYS), back=st.integers(-1, 6))
    def since(self, key: DocumentKey, back: int) -> None:
        after = self.ends[key] - back
        self.both(lambda store: store.since(key, after))

    @rule(key=st.sampled_from(_KEYS), wrong_epoch=_AIM, back=st.integers(-1, 6))
    def load_the_rest(self, key: DocumentKey, wrong_epoch: int, back: int) -> None:
        known = Head(self.epochs[key] + wrong_epoch, self.ends[key] - back)
        self.both(lambda store: store.load(key, known=known))

    @rule(token=_TOKEN)
    def add_token(self, token: Token) -> None:
        self.both(lambda store: store.add_token(token))
        self.both(lambda store: store.token(token.digest))

    @rule(tenant=st.sampled_from("tu"), token_id=st.sampled_from("abcd"))
    def revoke_token(self, tenant: str, token_id: str) -> None:
        self.both(lambda store: store.revoke_token(tenant, token_id))

    @rule(day=_DAY, counts=st.dictionaries(st.sampled_from("ab"), st.integers(-5, 2**40)))
    def add_usage(self, day: str, counts: dict[str, int]) -> None:
        usages = [Usage("t", day, counts), Usage("u", day, counts), Usage("t", day, counts)]
        self.both(lambda store: store.add_usage(usages))

    @rule(first=_DAY, last=_DAY)
    def usage(self, first: str, last: str) -> None:
        self.both(lambda store: store.usage("t", first, last))

    @rule()
    def reopen(self) -> None:
        secret = self.portal.call(self.store.secret, "name")
        self.portal.call(self.store.close)
        self.store = self.make()
        self.portal.call(self.store.open)
        assert self.portal.call(self.store.secret, "name") == secret

    @invariant()
    def keep_the_same(self) -> None:
        self.both(_everything)


async def _everything(store: Store) -> Any:
    loads = [await store.load(key) for key in _KEYS]
    heads = await store.heads(_KEYS)
    lists = [(await store.pages(tenant), await store.tokens(tenant)) for tenant in ("t", "u")]
    return loads, heads, lists
