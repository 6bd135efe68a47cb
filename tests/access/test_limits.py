"""Token buckets and budgets: what may pass in any span of time."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from crdtchat.access.limits import Bucket, Budgets, TenantBudget
from crdtchat.access.tenants import Limits, Tenant

steps = st.lists(
    st.tuples(st.floats(0, 30, allow_nan=False).map(lambda s: round(s, 3)), st.integers(1, 100)),
    max_size=60,
)


@given(per_minute=st.integers(1, 500), asked=steps)
def test_never_more_than_a_minutes_worth_and_what_came_back(
    per_minute: int, asked: list[tuple[float, int]]
) -> None:
    """In any span of time, also the shortest."""
    now, taken = 0.0, []
    bucket = Bucket(per_minute, now)
    for pause, amount in asked:
        now += pause
        if not bucket.wait(amount, now):
            bucket.take(amount)
            taken.append((now, min(amount, per_minute)))
    for first in range(len(taken)):
        total = 0
        for at, amount in taken[first:]:
            total += amount
            assert total <= per_minute + (at - taken[first][0]) * per_minute / 60 + 1e-6


@given(
    per_minute=st.integers(1, 500),
    asked=st.lists(
        st.tuples(
            st.floats(0, 30, allow_nan=False).map(lambda s: round(s, 3)),
            st.sampled_from([(0, 1), (1, 2), (2, 0), (1, 0)]),
            st.booleans(),
            st.booleans(),
        ),
        max_size=60,
    ),
)
def test_nodes_together_give_no_more_than_one_would(
    per_minute: int, asked: list[tuple[float, tuple[int, int], bool, bool]]
) -> None:
    """Whoever borrows of whom, and whichever loan is lost. (An operation larger than a node's share
    may be one too many on each.)"""
    now, taken = 0.0, []
    nodes = [Bucket(per_minute, now, 3) for _ in range(3)]
    spare = 0 if per_minute >= 3 else 2
    for pause, (taker, lender), borrows, arrives in asked:
        now += pause
        while not nodes[taker].wait(1, now):
            nodes[taker].take(1)
            taken.append(now)
        if borrows and nodes[taker].is_low:
            loan = nodes[lender].lend(now)
            if arrives:
                nodes[taker].borrow(loan)
    for first in range(len(taken)):
        span = taken[-1] - taken[first]
        assert len(taken) - first <= per_minute + span * per_minute / 60 + spare + 1e-6


def test_nodes_that_come_take_their_part_and_one_that_is_alone_has_all() -> None:
    bucket = Bucket(60, 0)
    bucket.share(3)
    assert not bucket.wait(20, 0) and bucket.wait(21, 0)
    bucket.share(1)
    assert bucket.wait(60, 0) == 40


@given(per_minute=st.integers(1, 500), asked=steps)
def test_who_waits_as_told_is_served(per_minute: int, asked: list[tuple[float, int]]) -> None:
    now = 0.0
    bucket = Bucket(per_minute, now)
    for pause, amount in asked:
        now += pause
        wait = bucket.wait(amount, now)
        assert wait <= 60 + 1e-6
        now += wait * (1 + 1e-9) + 1e-9
        assert bucket.wait(amount, now) == 0
        bucket.take(amount)


def test_a_user_and_the_tenant() -> None:
    """What the tenant cannot give is not taken from the user either."""
    limits = Limits(operations_per_minute=4, user_operations_per_minute=3)
    budget = TenantBudget(limits, 0)
    assert [budget.take("ann", 10, 0) for _ in range(4)] == [0, 0, 0, 20]
    assert budget.take("bob", 10, 0) == 0
    assert [budget.take("bob", 10, 0) for _ in range(9)] == [15] * 9
    assert [budget.take("bob", 10, 15), budget.take("bob", 10, 30)] == [0, 0]


def test_guests_share() -> None:
    """Coming as another guest gains nothing, and costs those who signed in nothing."""
    limits = Limits(operations_per_minute=100, guest_operations_per_minute=2)
    budget = TenantBudget(limits, 0)
    assert [budget.take(f"~{number}", 1, 0) for number in range(3)] == [0, 0, 30]
    assert budget.take("ann", 1, 0) == 0


def test_bytes() -> None:
    budget = TenantBudget(Limits(user_bytes_per_minute=600), 0)
    assert budget.take("ann", 500, 0) == 0
    assert budget.take("ann", 200, 0) == 10
    assert budget.take("ann", 200, 10) == 0
    # More than a minute's worth passes when the whole minute is there.
    assert budget.take("bob", 5_000, 0) == 0
    assert budget.take("bob", 5_000, 0) == 60


def test_who_did_nothing_for_a_minute_is_forgotten() -> None:
    """Memory stays with those who write, also when every guest is another user."""
    budget = TenantBudget(Limits(user_operations_per_minute=10), 0)
    for number in range(20_000):
        budget.take(f"~{number}", 1, number / 100)
    assert budget.users <= 2_100
    for _ in range(10):
        budget.take("ann", 1, 300)
    for number in range(2_000):
        budget.take(f"late-{number}", 1, 300)
    assert budget.take("ann", 1, 300) > 0


def test_limits_that_change_begin_anew() -> None:
    budgets = Budgets()
    small = Tenant("docs", limits=Limits(operations_per_minute=1))
    assert budgets.take(small, "ann", 1, 0) == 0
    assert budgets.take(small, "ann", 1, 0) == 60
    assert budgets.take(Tenant("blog", limits=small.limits), "ann", 1, 0) == 0
    large = Tenant("docs", limits=Limits(operations_per_minute=2))
    assert [budgets.take(large, "ann", 1, 0) for _ in range(3)] == [0, 0, 30]
    assert budgets.take(Tenant("docs"), "ann", 1, 0) == 0
