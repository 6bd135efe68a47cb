"""What an operation costs, beside an update in pycrdt-websocket's room: all kinds are measured."""

from __future__ import annotations

from crdtchat.bench import operations, report, yroom


def test_every_kind_has_a_cost_beside_the_peer() -> None:
    peer: list[float] = []

    def measure_peer() -> None:
        peer.append(yroom.measure(60, operations=32, group=16))

    costs = operations.measure((60, 120), operations=32, group=16, rounds=2, between=measure_peer)
    assert len(peer) == 2 and min(peer) > 0
    assert {(cost.kind, cost.annotations) for cost in costs} == {
        (kind, size) for kind in operations.KINDS for size in (60, 120)
    }
    assert all(cost.total_us > 0 for cost in costs)
    text = report.operations(costs, peer[0])
    assert text.count("of the peer's update at most") == len(operations.KINDS)
    assert f"two clients: {peer[0]:.1f} us" in text
    assert "it is not installed" in report.operations(costs, None)
