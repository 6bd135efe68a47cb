"""A session that was asked to resync (PROTOCOL 4, resync) while its operations were on the way."""

from __future__ import annotations

from crdtchat.client.provider import Phase
from crdtchat.document.records import Target
from crdtchat.sync.tuning import Tuning
from tests.client.world import Client, Clock, Server, settle


def test_operations_sent_before_the_request_arrives_are_judged_as_ever() -> None:
    clock = Clock()
    server = Server(clock, Tuning(outbox_bytes=500, ring_bytes=500))
    ann, bob = (Client(server, user, seed) for seed, user in enumerate(("ann", "bob")))
    settle(server, [ann, bob])
    target = Target("words", start_cp=0, end_cp=5)
    for _ in range(4):
        bob.submit(bob.actions.annotate(target, "x" * 200, clock.now())[1])
        while bob.carry_up():
            server.commit()
    aid, operation = ann.actions.annotate(target, "meanwhile", clock.now())
    ann.submit(operation)
    ann.transmit()  # Behind: the room asks for a resync.
    assert ann.carry_up()  # The operation was sent before that is read.
    assert ann.session is not None
    assert ann.session not in server.closed
    settle(server, [ann, bob])
    assert ann.provider.phase is Phase.LIVE
    assert len(ann.view()) == 5
    assert ann.content() == bob.content() == server.content()
    assert aid in {annotation.aid for annotation in bob.view()}
