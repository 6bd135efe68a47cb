"""Client ids are used again, and never by two."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from crdtchat.sync.leases import HOLD_SECONDS, Lease, LeaseBook


def test_an_id_that_was_resumed_is_not_given_away_when_it_is_left_again() -> None:
    """It was free twice, as one that wrote nothing, and is then held by somebody who writes."""
    book = LeaseBook((), 0.0)
    lease = book.lease("ann", "a", 0.0)
    for _ in range(2):
        book.release(lease.client, used=False, now=0.0)
        assert book.resume(lease.client, "a", "ann") == lease
    book.release(lease.client, used=False, now=0.0)
    other = book.lease("bob", "b", 0.0)
    assert other.client == lease.client
    book.release(other.client, used=True, now=0.0)
    assert book.lease("cid", "c", 1.0).client != other.client, "bob may come back to what he wrote"
    assert book.resume(other.client, "b", "bob") is not None


def test_an_id_that_wrote_is_kept_from_the_last_time_it_was_held() -> None:
    book = LeaseBook((), 0.0)
    lease = book.lease("ann", "a", 0.0)
    book.release(lease.client, used=True, now=0.0)
    assert book.resume(lease.client, "a", "ann") == lease
    book.release(lease.client, used=True, now=HOLD_SECONDS - 1)
    assert book.lease("bob", "b", HOLD_SECONDS + 1).client != lease.client
    assert book.lease("cid", "c", 2 * HOLD_SECONDS).client == lease.client


def test_who_lost_an_id_does_not_give_it_away_when_leaving() -> None:
    bobs = Lease(2, "bob", "n1")
    book = LeaseBook([bobs], 0.0, spread=1)
    anns = book.lease("ann", "n2", HOLD_SECONDS)
    assert anns.client == 2
    assert book.adopt([bobs], HOLD_SECONDS) == {2}
    assert book.resume(2, "n1", "bob") == bobs
    book.give_back(anns, used=True, now=HOLD_SECONDS)
    assert book.resume(2, "n1", "bob") is None, "he holds it"
    assert book.lease("cid", "n3", 3 * HOLD_SECONDS).client != 2
    book.give_back(bobs, used=True, now=3 * HOLD_SECONDS)
    assert book.resume(2, "n1", "bob") == bobs


class Leases(RuleBasedStateMachine):
    """Sessions come, resume and go, some having written."""

    def __init__(self) -> None:
        super().__init__()
        self.book = LeaseBook((Lease(5, "old", "n"), Lease(9, "stock", "")), 0.0)
        self.now = 0.0
        self.held: dict[int, Lease] = {}
        self.left: list[Lease] = []
        self.wrote: dict[int, float] = {5: 0.0, 9: float("inf")}
        """Ids that wrote, and when they were last left."""
        self.count = 0

    @rule()
    def come(self) -> None:
        self.count += 1
        lease = self.book.lease(f"user{self.count}", f"nonce{self.count}", self.now)
        assert lease.client not in self.held
        left = self.wrote.get(lease.client)
        assert left is None or left + HOLD_SECONDS <= self.now
        self.held[lease.client] = lease

    @precondition(lambda self: self.held)
    @rule(data=st.data(), writes=st.booleans())
    def go(self, data: st.DataObject, writes: bool) -> None:
        client = data.draw(st.sampled_from(sorted(self.held)))
        if writes or client in self.wrote:
            self.wrote[client] = self.now
        self.book.release(client, used=client in self.wrote, now=self.now)
        self.left.append(self.held.pop(client))

    @precondition(lambda self: self.left)
    @rule(data=st.data())
    def resume(self, data: st.DataObject) -> None:
        wanted = data.draw(st.sampled_from(self.left))
        lease = self.book.resume(wanted.client, wanted.nonce, wanted.user)
        if lease is not None:
            assert wanted.client not in self.held
            self.held[wanted.client] = lease

    @rule(seconds=st.sampled_from((1.0, HOLD_SECONDS / 2, HOLD_SECONDS)))
    def wait(self, seconds: float) -> None:
        self.now += seconds

    @invariant()
    def the_servers_id_is_never_leased(self) -> None:
        assert 1 not in self.held


TestLeases = Leases.TestCase
