"""The newest operations are remembered for a while, for those who are back soon."""

from __future__ import annotations

from crdtchat.document.records import Target
from crdtchat.sync.tuning import Tuning
from tests.client.world import Client, Clock, Server, settle

TARGET = Target("words", start_cp=0, end_cp=5)


def test_who_is_back_soon_or_late_has_all_of_it() -> None:
    clock = Clock()
    server = Server(clock)
    ann, bob = (Client(server, user, seed) for seed, user in enumerate(("ann", "bob")))
    for pause_ms, remembered in ((0, True), (Tuning().ring_ms + 1_000, False)):
        settle(server, [ann, bob])
        ann.cut()
        known = server.room.history.sequence
        for _ in range(3):
            bob.submit(bob.actions.annotate(TARGET, "meanwhile", clock.now())[1])
        settle(server, [bob])
        clock.wall += pause_ms
        server.room.tidy(clock.moment())
        assert (server.room.history.since(known) is not None) is remembered
        settle(server, [ann, bob])
        assert ann.content() == bob.content() == server.content()
    assert len(ann.view()) == 6
