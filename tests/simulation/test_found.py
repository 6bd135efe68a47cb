"""What the simulator found, each as the shortest story that shows it."""

from __future__ import annotations

from crdtchat.client.provider import Phase
from crdtchat.document.ids import new_broadcast_id
from crdtchat.document.records import Target
from crdtchat.document.replica import Replica, Write
from crdtchat.document.schema import ROOTS
from crdtchat.sync import message
from crdtchat.sync.awareness import AwarenessState, decode_awareness, encode_awareness
from crdtchat.sync.limits import TRUSTED
from crdtchat.sync.session import Peer
from crdtchat.sync.tuning import Tuning
from crdtchat.testing.simulator.quiet import digest
from tests.client.world import Client, Clock, Server, settle

TARGET = Target("words", start_cp=0, end_cp=5)
ANN = Peer("ann", "Ann", "commenter", True, False)
EVE = Peer("eve", "Eve", "commenter", True, False)


def start(tuning: Tuning | None = None) -> tuple[Clock, Server, Client, Client]:
    """A server with Ann and Bob connected and at rest."""
    clock = Clock()
    server = Server(clock, tuning)
    ann, bob = (Client(server, user, seed) for seed, user in enumerate(("ann", "bob")))
    settle(server, [ann, bob])
    return clock, server, ann, bob


def stock(server: Server, peer: Peer = ANN) -> int:
    """A stock session that has answered the server's step 1 and had its first state."""
    number, wanted = server.room.join(peer, v1=False, nonce="", now=server.clock.moment())
    server.perform(wanted)
    feed(server, number, message.encode_sync_step1(b"\x00"))
    feed(server, number, message.encode_sync_step2(b"\x00\x00"))
    server.room.outbox(number).take()
    return number


def annotation(aid: str, clock: Clock, author: str = "ann") -> Write:
    """A record in good form."""
    return ("a", aid, (author, clock.now(), "w", "", "", 0, 1))


def feed(server: Server, session: int, frame: bytes) -> None:
    """A frame arrives."""
    server.perform(server.room.receive(session, frame, server.clock.moment()))


def test_l3_the_first_rest_write_of_a_user_keeps_the_order_of_the_servers_clocks() -> None:
    """The attestation of the name was logged before the write it belongs to, under later clocks:
    their join shifted every item."""
    clock, server, ann, _ = start()
    operation = ann.actions.annotate(TARGET, "over REST", clock.now())[1]
    intents = [
        (root, key, ("eve", *value[1:]) if isinstance(value, tuple) else value)
        for root, key, value in operation.intents
    ]
    server.perform(server.room.write(EVE, intents, bytes(16), 1, clock.moment()))
    server.commit()
    again = Replica()
    for entry in server.log:
        again.apply(entry.update)
    assert again.values("a").keys() == server.document.values("a").keys() != set()
    assert server.room.ledger.mirror.live_ids() == digest(server.document.state()).live
    settle(server, [ann])
    assert ann.content() == server.content()


def test_l3_a_tombstone_and_what_it_purges_are_one_append() -> None:
    """Cut apart by the batch size, a crash between both left the deleted words in the log's fold
    for good."""
    clock, server, ann, _ = start(Tuning(batch=1))
    aid, operation = ann.actions.annotate(TARGET, "secret", clock.now())
    ann.submit(operation)
    settle(server, [ann])
    ann.submit(ann.actions.delete(aid, "", clock.now()))
    ann.carry_up()
    server.commit()
    server.start()
    assert server.document.values("d").keys() == {aid}
    assert server.document.values("a") == server.document.values("c") == {}


def test_r5_awareness_clocks_cannot_be_driven_past_what_others_can_read() -> None:
    """A clock of 2^53 - 1 came back as 2^53, on which every stock client throws."""
    clock, server, _, _ = start()
    eve, bob = stock(server), stock(server)
    state = AwarenessState(77, 2**53 - 1, {"x": 1})
    feed(server, eve, message.encode_awareness_message(encode_awareness([state])))
    for _ in range(3):
        clock.wall += 20_000
        server.perform(server.room.wake(clock.moment()))
    frames = server.room.outbox(bob).take()
    assert frames
    for frame in frames:
        decoded = message.decode_from_server(frame)
        if isinstance(decoded, message.Awareness):
            states = decode_awareness(decoded.update, TRUSTED)
            assert all(entry.clock < 2**32 for entry in states)


def test_r5_an_awareness_id_taken_in_advance_harms_nobody() -> None:
    """A stock client that announced the id that was leased next made both leaves fail."""
    clock, server, _, _ = start()
    eve = stock(server)
    for client in range(2, 9):
        state = AwarenessState(client, 1, {})
        feed(server, eve, message.encode_awareness_message(encode_awareness([state])))
    cid = Client(server, "cid", 9)
    settle(server, [cid])
    cid.cut()
    server.perform(server.room.leave(eve, clock.moment()))
    assert server.room.sessions == server.room.presence.connections == 2


def test_p1_a_stock_viewer_sees_who_comes_back() -> None:
    """A v1 client's state stood under its leased id and began at clock 1 again; y-protocols takes
    no clock that it has seen."""
    clock, server, ann, _ = start()
    viewer = stock(server)
    seen: dict[int, int] = {}
    shown: set[int] = set()
    for _ in range(3):
        ann.cut()
        settle(server, [ann])
        clock.wall += 2_000
        server.perform(server.room.wake(clock.moment()))
        for frame in server.room.outbox(viewer).take():
            decoded = message.decode_from_server(frame)
            if not isinstance(decoded, message.Awareness):
                continue
            for entry in decode_awareness(decoded.update, TRUSTED):
                if entry.clock > seen.get(entry.client, 0):
                    seen[entry.client] = entry.clock
                    (shown.discard if entry.state is None else shown.add)(entry.client)
        assert len(shown) == 2


def test_r4_stock_updates_sent_before_the_answer_to_step_1_are_no_offence() -> None:
    """The second update with a gap closed the session for good; the answer was on its way."""
    clock, server, _, _ = start()
    tab = Replica(client=4_000)
    lost = [tab.write([annotation(f"aid{number}", clock)]) for number in range(3)]
    number, wanted = server.room.join(ANN, v1=False, nonce="", now=clock.moment())
    server.perform(wanted)
    for update in lost[1:]:
        feed(server, number, message.encode_sync_update(update))
    assert number not in server.closed
    feed(server, number, message.encode_sync_step2(tab.state()))
    server.commit()
    assert len(server.document.values("a")) == 3
    for _ in range(3):  # But answers with gaps end it.
        feed(server, number, message.encode_sync_step2(Replica(4_001).write([]) or b""))
    gap = Replica(client=4_002)
    gap.write([annotation("other", clock)])
    answer = gap.write([annotation("more", clock)])
    for _ in range(3):
        assert number not in server.closed
        feed(server, number, message.encode_sync_step2(answer))
    assert server.closed[number][0] == 4403


def test_r4_an_answer_with_a_gap_of_another_tab_is_asked_for_again() -> None:
    """A tab that was told by its sibling of items it lacks the ground of answers with a Skip."""
    clock, server, _, _ = start()
    first, second = Replica(client=5_000), Replica(client=5_001)
    lost = first.write([annotation("aid1", clock)])
    second.apply(first.write([annotation("aid2", clock)]))
    number, wanted = server.room.join(ANN, v1=False, nonce="", now=clock.moment())
    server.perform(wanted)
    server.room.outbox(number).take()
    feed(server, number, message.encode_sync_step2(second.state()))
    assert number not in server.closed
    (again,) = server.room.outbox(number).take()
    assert isinstance(message.decode_from_server(again), message.SyncStep1)
    second.apply(lost)
    feed(server, number, message.encode_sync_step2(second.state()))
    server.commit()
    assert len(server.document.values("a")) == 2


def test_r4_an_answer_to_what_the_server_has_lost_meanwhile_is_no_offence() -> None:
    """It left out the edit that the append took with it, but told of what that had overtaken."""
    clock, server, _, _ = start()
    first = Replica(client=6_000)
    first.write([annotation("aid1", clock)])
    first.write([("c", "aid1/cid1", ("ann", 5, "text"))])
    writer = stock(server)
    feed(server, writer, message.encode_sync_update(first.state()))
    server.commit()
    second = Replica(client=6_001)
    second.apply(first.state())
    edit = first.write([("c", "aid1/cid1", ("ann", 5, "better", 6))])
    second.apply(edit)  # From tab to tab.
    feed(server, writer, message.encode_sync_update(edit))
    number, wanted = server.room.join(ANN, v1=False, nonce="", now=clock.moment())
    server.perform(wanted)
    step1 = message.decode_from_server(server.room.outbox(number).take()[0])
    assert isinstance(step1, message.SyncStep1)
    server.fail()
    answer = second.difference(step1.state_vector)
    feed(server, number, message.encode_sync_step2(answer))
    assert server.closed[number][0] == 4503


def test_1_a_stock_client_is_asked_for_what_an_append_lost_of_its_last_connection() -> None:
    """It came back while its changes were flying, was told that they are known, and kept them for
    itself when they were lost."""
    clock, server, _, _ = start()
    tab = Replica(client=7_000)
    writer = stock(server)
    feed(server, writer, message.encode_sync_update(tab.write([annotation("aid1", clock)])))
    server.perform(server.room.leave(writer, clock.moment()))
    number, wanted = server.room.join(ANN, v1=False, nonce="", now=clock.moment())
    server.perform(wanted)
    step1 = message.decode_from_server(server.room.outbox(number).take()[0])
    assert isinstance(step1, message.SyncStep1)
    feed(server, number, message.encode_sync_step2(tab.difference(step1.state_vector)))
    server.fail()
    assert number not in server.closed
    again = message.decode_from_server(server.room.outbox(number).take()[-1])
    assert isinstance(again, message.SyncStep1)
    feed(server, number, message.encode_sync_step2(tab.difference(again.state_vector)))
    server.commit()
    assert server.document.values("a").keys() == {"aid1"}


def test_r5_the_id_that_a_stock_client_announced_is_its_own() -> None:
    """Awareness shows everybody the id it will write under; another user could bind it first."""
    clock, server, _, _ = start()
    tab = Replica(client=8_000)
    ann = stock(server)
    state = AwarenessState(8_000, 1, {})
    feed(server, ann, message.encode_awareness_message(encode_awareness([state])))
    eve = stock(server, EVE)
    theft = Replica(client=8_000).write([annotation("aid2", clock, "eve")])
    feed(server, eve, message.encode_sync_update(theft))
    assert server.closed[eve][0] == 4403
    feed(server, ann, message.encode_sync_update(tab.write([annotation("aid1", clock)])))
    server.commit()
    assert server.document.values("a").keys() == {"aid1"}


def test_2_a_refusal_on_uncommitted_ground_is_not_told_before_the_commit() -> None:
    """A client came back under another lease while its operation was flying, and was told that the
    id exists: it took the operation for saved. Then the append failed."""
    clock, server, ann, bob = start()
    aid, operation = ann.actions.annotate(TARGET, "precious", clock.now())
    ann.submit(operation)
    while ann.carry_up():
        pass
    ann.cut(known=False)  # The server still holds the old session, and so the lease.
    for _ in range(4):
        ann.connect()
        while ann.carry_up() or ann.transmit() or ann.carry_down():
            pass
    server.fail()
    settle(server, [ann, bob])
    assert server.document.values("a").keys() == {aid}
    assert bob.content() == ann.content() == server.content()


def test_3_an_ack_that_outlives_dropped_batches_claims_nothing() -> None:
    """Batches were dropped from an outbox, the ack behind them was not: it named a sequence number
    that the client did not reach, and on which it rejoined."""
    clock, server, ann, bob = start(Tuning(outbox_bytes=2_000))
    bob.submit(bob.actions.annotate(TARGET, "one", clock.now())[1])
    while bob.carry_up():
        server.commit()
    ann.submit(ann.actions.annotate(TARGET, "mine", clock.now())[1])
    while ann.carry_up():
        server.commit()
    bob.submit(bob.actions.annotate(TARGET, "x" * 4_000, clock.now())[1])
    while bob.carry_up():
        server.commit()
    assert ann.session is not None
    ann.down.extend(server.room.outbox(ann.session).take())
    while ann.down:
        ann.carry_down()
    ann.cut()
    settle(server, [ann, bob])
    assert ann.provider.phase is Phase.LIVE
    assert ann.content() == bob.content() == server.content()


def test_r4_a_repeated_operation_is_answered_under_steady_load() -> None:
    """Acks of duplicates waited for a moment with nothing waiting, which may never come."""
    clock, server, ann, bob = start()
    ann.submit(ann.actions.annotate(TARGET, "twice", clock.now())[1])
    while ann.carry_up():
        pass
    ann.cut()
    ann.connect()
    for _ in range(6):  # There is always more to come before the append ends.
        bob.submit(bob.actions.annotate(TARGET, "busy", clock.now())[1])
        while bob.carry_up():
            pass
        while ann.carry_up() or ann.transmit() or ann.carry_down():
            pass
        server.perform(server.room.flush(clock.moment()))
        server.commit()
    while ann.transmit() or ann.carry_down():
        pass
    assert not ann.provider.outbox


def test_2_a_repeated_rest_write_is_settled_with_the_first() -> None:
    """Removing what is being removed was answered as durable at once."""
    clock, server, ann, _ = start()
    _, operation = ann.actions.annotate(TARGET, "liked", clock.now())
    ann.submit(operation)
    settle(server, [ann])
    (key,) = server.document.values("c")
    like = ("r", f"{key}/ann", "+")
    nothing = ("r", f"{key}/ann", None)
    random_id = new_broadcast_id(lambda size: bytes(size))
    server.perform(server.room.write(ANN, [like], random_id, 1, clock.moment()))
    server.commit()
    server.perform(server.room.write(ANN, [nothing], random_id, 2, clock.moment()))
    early = server.room.write(ANN, [nothing], random_id, 3, clock.moment())
    assert early == []  # Not yet settled
    assert {root: server.document.values(root) for root in ROOTS}["r"]


def test_7_a_stock_client_that_fell_behind_is_told_who_is_here() -> None:
    """Seed 63398. Who had come while it did not read was shown by the next renewal, up to 15
    seconds later."""
    clock, server, ann, _ = start(Tuning(outbox_bytes=64))
    number = stock(server, EVE)
    ann.submit(ann.actions.annotate(TARGET, "while it sleeps", clock.now())[1])
    settle(server, [ann])
    outbox = server.room.outbox(number)
    outbox.take()
    assert outbox.behind
    server.perform(server.room.drained(number))
    frames = [message.decode_from_server(frame) for frame in outbox.take()]
    told = [frame.update for frame in frames if isinstance(frame, message.Awareness)]
    shown = {state.client for update in told for state in decode_awareness(update, TRUSTED)}
    assert shown == {one.client for one in server.room.presence.named if one.client} != set()
