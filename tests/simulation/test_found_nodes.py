"""What the simulator found of several nodes, each as the shortest story that shows it."""

from __future__ import annotations

import pytest

from crdtchat.client.provider import Phase
from crdtchat.document.replica import Replica
from crdtchat.sync import message
from crdtchat.sync.effects import Append, LogEntry
from crdtchat.sync.leases import HOLD_SECONDS
from tests.client.world import Client, Clock, settle
from tests.simulation.test_found import EVE, TARGET, annotation, feed, start, stock
from tests.sync.nodes import Log, Node
from tests.sync.nodes import settle as settle_nodes


def two_nodes() -> tuple[Clock, Node, Node, Client]:
    """Ann has annotated at one node; the other has not heard of it."""
    clock, log = Clock(), Log()
    ahead, behind = Node(clock, log), Node(clock, log)
    ann = Client(ahead, "ann", 1)
    ann.submit(ann.actions.annotate(TARGET, "at the other node", clock.now())[1])
    settle(ahead, [ann])
    assert behind.room.history.sequence == 0 < ahead.room.history.sequence
    return clock, ahead, behind, ann


def test_r5_a_stock_client_that_saw_more_at_another_node_is_no_offender() -> None:
    """It answers step 1 with what others wrote there, and was sent away for good as a forger."""
    clock, ahead, behind, _ = two_nodes()
    tab = Replica(client=9_000)
    tab.apply(ahead.document.state())
    number, wanted = behind.room.join(EVE, v1=False, nonce="", now=clock.moment())
    behind.perform(wanted)
    feed(behind, number, message.encode_sync_step2(tab.state()))
    assert number not in behind.closed
    assert behind.content() == ahead.content()
    feed(behind, number, message.encode_sync_update(tab.write([annotation("aid9", clock, "eve")])))
    behind.perform(behind.room.flush(clock.moment()))
    behind.commit()
    assert number not in behind.closed
    assert "aid9" in behind.document.values("a")


def test_r5_who_tells_of_what_is_in_no_log_is_sent_away_all_the_same() -> None:
    clock, ahead, behind, _ = two_nodes()
    forged = Replica(client=9_001)
    forged.apply(ahead.document.state())
    forged.write([annotation("aid", clock, "ann")])
    number, wanted = behind.room.join(EVE, v1=False, nonce="", now=clock.moment())
    behind.perform(wanted)
    feed(behind, number, message.encode_sync_step2(forged.state()))
    assert behind.closed[number][0] == 4403
    assert "aid" not in behind.document.values("a")


def test_r4_what_comes_while_the_log_is_looked_at_waits_in_its_order() -> None:
    """A client that has come further than the node it comes to."""
    clock, _, behind, ann = two_nodes()
    looked: list[None] = []
    really, behind.look = behind.look, lambda: looked.append(None)  # type: ignore[method-assign]
    ann.cut()
    ann.server = behind
    ann.submit(ann.actions.annotate(TARGET, "one more", clock.now())[1])
    ann.connect()
    for _ in range(20):
        while ann.transmit() or ann.carry_down() or ann.carry_up():
            pass
    assert looked == [None] and ann.provider.phase is not Phase.LIVE
    really()
    settle(behind, [ann])
    assert ann.content() == behind.content()
    assert len(behind.document.values("a")) == 2


def test_r5_who_waits_for_a_log_that_cannot_be_read_has_to_come_again() -> None:
    _, _, behind, ann = two_nodes()
    behind.look = lambda: behind.perform(behind.room.unsure("the disk is gone"))  # type: ignore[method-assign]
    ann.cut()
    ann.server = behind
    ann.connect()
    session = ann.session
    while ann.transmit() or ann.carry_down() or ann.carry_up():
        pass
    assert session is not None and behind.closed[session][0] == 4503


def test_2_what_is_acknowledged_is_not_written_over_at_a_node_that_has_not_heard_of_it() -> None:
    """It continued the lease at a lower clock, and its author wrote the next words under clocks
    that were taken: refused as another's, or acknowledged as what they were not (C8)."""
    clock, ahead, behind, ann = two_nodes()
    behind.hear()
    (aid,) = ann.content()["a"]
    texts = ["one", "two"]
    for text in texts:
        ann.submit(ann.actions.reply(aid, text, "", clock.now())[1])
        settle(ahead, [ann])
    ann.submit(ann.actions.resolve(aid, True, clock.now()))
    while ann.carry_up():
        pass
    ahead.commit()
    ann.cut()
    ann.server = behind
    ann.submit(ann.actions.reply(aid, "three", "", clock.now())[1])
    for _ in range(4):
        settle(behind, [ann])
    assert ann.provider.phase is Phase.LIVE and not ann.provider.outbox
    assert not ann.provider.drafts
    ahead.hear()
    assert ann.content() == behind.content() == ahead.content()
    assert len(ann.content()["c"]) == 4


@pytest.mark.parametrize("known", [True, False])
def test_2_an_answer_on_ground_that_others_took_away_is_not_given(known: bool) -> None:
    """An operation was sent again while the first sending waited, which then was refused. Under
    the same lease it was never answered; under another (the server did not know that the first
    connection was gone) it was refused as existing: its author took it for saved."""
    clock, log = Clock(), Log()
    ahead, behind = Node(clock, log), Node(clock, log)
    ann, bob = Client(behind, "ann", 1), Client(ahead, "bob", 2)
    ann.peer.annotations = 1
    _, operation = ann.actions.annotate(TARGET, "mine", clock.now())
    ann.submit(operation)
    ann.connect()
    while ann.carry_up() or ann.transmit() or ann.carry_down():
        pass
    assert behind.pending is not None
    ann.cut(known=known)
    move(ann)
    bob.submit(bob.actions.annotate(TARGET, "faster", clock.now())[1])
    settle(ahead, [bob])
    behind.commit()
    settle(behind, [ann])
    assert [draft.text for draft in ann.provider.drafts] == ["mine"]
    assert ann.content() == behind.content()


def after_a_night(ahead: Node, behind: Node) -> tuple[Client, Client]:
    """Bob is at one node. The other heard nothing of him for a night, gave his id to Ann, and is
    about to append what she wrote."""
    clock = ahead.clock
    ann, bob = Client(behind, "ann", 1), Client(ahead, "bob", 2)
    bob.submit(bob.actions.annotate(TARGET, "evening", clock.now())[1])
    settle(ahead, [bob])
    behind.hear()
    clock.wall += int(HOLD_SECONDS * 1_000) + 1
    ann.submit(ann.actions.annotate(TARGET, "morning", clock.now())[1])
    move(ann)
    assert ann.provider.lease.partition("-")[0] == bob.provider.lease.partition("-")[0]
    assert behind.pending is not None
    return ann, bob


def move(client: Client) -> None:
    """Everything arrives that is on its way."""
    for _ in range(3):
        client.connect()
        while client.carry_up() or client.transmit() or client.carry_down():
            pass


def all_is_well(nodes: list[Node], clients: list[Client], annotations: int) -> None:
    settle_nodes(nodes, clients)
    for client in clients:
        assert client.provider.phase is Phase.LIVE
        assert all(client.content() == node.content() for node in nodes)
        assert len(client.content()["a"]) == annotations


def test_b3_what_waits_under_an_id_that_is_another_s_is_not_appended() -> None:
    """Whose id it was came to light by a conflict: what Ann had written went into the log all the
    same, at the clock that was Bob's next; when he wrote there he was sent away for good."""
    clock, log = Clock(), Log()
    ahead, behind = nodes = [Node(clock, log, spread=1) for _ in range(2)]
    ann, bob = after_a_night(ahead, behind)
    log.entries.append(LogEntry(Replica(client=99).write([annotation("else", clock)]), "eve", 1))
    behind.commit()
    behind.commit()
    bob.submit(bob.actions.annotate(TARGET, "at his next clock", clock.now())[1])
    move(bob)
    ahead.commit()
    move(bob)
    all_is_well(nodes, [ann, bob], 4)


def test_b3_who_writes_under_an_id_that_the_log_gives_to_nobody_here_holds_it() -> None:
    """Bob's entries came without his lease, which was known for long: Ann went on holding his id,
    came again with it, and was sent away for good."""
    clock, log = Clock(), Log()
    ahead, behind = nodes = [Node(clock, log, spread=1) for _ in range(2)]
    ann, bob = after_a_night(ahead, behind)
    bob.submit(bob.actions.annotate(TARGET, "at her next clock", clock.now())[1])
    move(bob)
    ahead.commit()
    behind.pending = None
    news = log.entries[behind.room.history.sequence :]
    behind.perform(behind.room.absorb(news, (), clock.moment()))
    move(ann)
    all_is_well(nodes, [ann, bob], 3)


def in_doubt() -> tuple[Clock, Node, Node, Client]:
    """Ann has answered at one node, has not heard of it, and comes to the other, whose clock is an
    hour behind. What she answered waits to be appended."""
    clock, ahead, behind, ann = two_nodes()
    behind.hear()
    (aid,) = ann.content()["a"]
    ann.submit(ann.actions.reply(aid, "in doubt", "", clock.now())[1])
    while ann.carry_up():
        pass
    assert ahead.pending is not None
    ann.cut()
    ann.server = behind
    clock.set_back = 3_600_000
    return clock, ahead, behind, ann


def test_r4_what_is_refused_may_be_in_the_log_already() -> None:
    """A node refused as dated ahead what another had committed; dated anew and sent once more it
    was another time of what never changes, and its author was sent away for good."""
    _, ahead, behind, ann = in_doubt()
    ahead.commit()
    settle(behind, [ann])
    assert not behind.closed
    all_is_well([ahead, behind], [ann], 1)
    assert len(ann.content()["c"]) == 2


def test_r4_what_was_dated_anew_may_still_be_overtaken_by_its_first_sending() -> None:
    """The node looked at the log, and the other appended a moment later."""
    _, ahead, behind, ann = in_doubt()
    for _ in range(3):
        move(ann)
    assert behind.pending is not None
    ahead.commit()
    behind.commit()
    settle(behind, [ann])
    all_is_well([ahead, behind], [ann], 1)
    assert len(ann.content()["c"]) == 2
    assert not ann.provider.drafts


def test_r4_a_node_that_is_alone_looks_where_an_append_was_not_answered() -> None:
    clock, server, ann, _ = start()
    aid, operation = ann.actions.annotate(TARGET, "here", clock.now())
    ann.submit(operation)
    settle(server, [ann])
    ann.submit(ann.actions.reply(aid, "in doubt", "", clock.now())[1])
    while ann.carry_up():
        pass
    append = server.pending
    assert append is not None
    really = server.look
    looked: list[Append] = []

    def look() -> None:
        if not looked:
            looked.append(append)
            server.log += append.entries
            moment = clock.moment()
            server.perform(server.room.absorb(append.entries, append.leases, moment))
        really()

    server.look = look  # type: ignore[method-assign]
    server.fail()
    clock.set_back = 3_600_000
    settle(server, [ann])
    assert looked and ann.provider.phase is Phase.LIVE
    assert ann.content() == server.content()
    assert len(ann.content()["c"]) == 2
    assert [code for code, _ in server.closed.values()] == [4503]


def test_2_that_there_is_nothing_to_take_back_is_said_once_that_is_sure() -> None:
    """Seed 47651. Ann reacted and took it back, while another tab of hers reacted elsewhere. Behind
    that the taking back had nothing to do, and was acknowledged while what it takes back was not on
    disk yet. The append failed, her reaction was sent again, and stayed for good."""
    clock, ahead, behind, ann = two_nodes()
    settle_nodes([ahead, behind], [ann])
    ((aid, cid),) = (key.split("/") for key in ann.content()["c"])
    there, here = tabs = Client(ahead, "ann", 3), Client(behind, "ann", 2)
    settle_nodes([ahead, behind], tabs)
    # So what the first writes stands before what the second writes at the same time.
    assert int(here.provider.lease.partition("-")[0]) < int(there.provider.lease.partition("-")[0])
    for given in (True, False):
        here.submit(here.actions.react(aid, cid, "+1", given, clock.now()))
    move(here)
    there.submit(there.actions.react(aid, cid, "eyes", True, clock.now()))
    move(there)
    ahead.commit()
    behind.commit()
    move(here)
    here.cut(known=False)
    move(here)
    behind.fail()
    settle_nodes([ahead, behind], tabs)
    assert not here.provider.outbox
    assert "+1" not in str(here.content()["r"])
    assert here.content() == there.content() == behind.content() == ahead.content()


def test_b2_what_was_sent_again_elsewhere_does_not_undo_what_came_behind_it() -> None:
    """Ann reacted at one node, was cut off, came to another, and took it back, which was saved. The
    first sending, still on its way, was appended behind that: her reaction was there again."""
    clock, ahead, behind, ann = two_nodes()
    behind.hear()
    ((aid, cid),) = (key.split("/") for key in ann.content()["c"])
    tab = Client(behind, "ann", 2)
    settle_nodes([ahead, behind], [tab])
    first = int(tab.provider.lease.partition("-")[0])
    tab.submit(tab.actions.react(aid, cid, "+1", True, clock.now()))
    move(tab)
    assert behind.pending is not None
    tab.cut(known=False)
    tab.server = ahead
    tab.submit(tab.actions.react(aid, cid, "+1", False, clock.now()))
    settle(ahead, [tab])
    assert int(tab.provider.lease.partition("-")[0]) < first
    assert not tab.provider.outbox and not tab.content()["r"]
    behind.commit()
    settle_nodes([ahead, behind], [tab])
    assert not tab.content()["r"]
    assert tab.content() == behind.content() == ahead.content()
    assert [code for code, _ in behind.closed.values()] == [4503]


def test_5_a_stock_client_that_came_again_is_asked_for_what_it_left_out() -> None:
    """Seeds 65697 and 66459. Eve's tab came again while an update of its earlier connection was
    about to be appended, and left it out of its answer. Others were faster, the update was refused,
    the earlier connection closed; and the tab went on for good with words that nobody else has."""
    clock, ahead, behind, _ = two_nodes()
    behind.hear()
    tab, faster = Replica(client=9_000), Replica(client=9_001)
    earlier = stock(behind, EVE)
    tab.apply(behind.document.state())
    feed(behind, earlier, message.encode_sync_update(tab.write([annotation("aid9", clock, "eve")])))
    behind.perform(behind.room.flush(clock.moment()))
    assert behind.pending is not None
    again = stock(behind, EVE)
    behind.room.outbox(again).take()
    other = stock(ahead)
    faster.apply(ahead.document.state())
    feed(ahead, other, message.encode_sync_update(faster.write([annotation("aid9", clock)])))
    ahead.perform(ahead.room.flush(clock.moment()))
    ahead.commit()
    behind.commit()
    assert earlier in behind.closed and again not in behind.closed
    told = [message.decode_from_server(frame) for frame in behind.room.outbox(again).take()]
    (asked,) = (one for one in told if isinstance(one, message.SyncStep1))
    answer = tab.difference(asked.state_vector)
    feed(behind, again, message.encode_sync_step2(answer))
    assert again in behind.closed
    assert behind.content() == ahead.content()
