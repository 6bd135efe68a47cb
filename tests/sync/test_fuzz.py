"""The fuzz stage of CI; a million cases: `python -m crdtchat.testing.fuzz --cases 1000000`."""

from __future__ import annotations

import pytest

from crdtchat.testing.fuzz import run
from crdtchat.testing.yjs_peer import YjsPeer
from tests.conformance.node_packages import install

CASES = 200_000


@pytest.mark.timeout(600)
def test_hostile_updates_change_nothing_they_should_not() -> None:
    """No crash, no panic, and live document, mirror, fold of the log and real Yjs agree."""
    peer = YjsPeer(install())
    try:
        tally = run(CASES, 1, peer=peer)
    finally:
        peer.close()
    assert tally.cases == CASES
    assert tally.accepted > CASES // 10, "the fuzz no longer reaches what is behind the verifier"
    assert len(tally.refused) >= 16, "the fuzz no longer meets every rule"


def test_same_seed_same_verdicts() -> None:
    """Invariant 9 of the design: a failing seed can be repeated."""
    assert run(2_000, 77).refused == run(2_000, 77).refused
