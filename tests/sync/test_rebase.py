"""Two nodes, one log: every conflict is judged again, and all replicas come out equal.

Numbers are those of `crdtchat.sync.rebase`.
"""

from __future__ import annotations

import random

import pytest

from crdtchat.client.provider import Phase
from crdtchat.document.ids import new_broadcast_id
from crdtchat.document.records import Target
from crdtchat.sync import message
from crdtchat.sync.encode import encode_write
from crdtchat.sync.limits import TRUSTED
from crdtchat.sync.session import Peer
from crdtchat.sync.tuning import SPREAD
from crdtchat.sync.update import decode_update
from crdtchat.testing.engine_view import view_of_mirror, view_of_state
from tests.client.world import Client, Clock
from tests.sync.nodes import Log, Node, fold_of, settle

TARGET = Target("words", start_cp=0, end_cp=5)


class Pair:
    """Two nodes with a client each, all up to date."""

    def __init__(self, *, spread: bool = True) -> None:
        self.clock = Clock()
        self.log = Log()
        self.nodes = [Node(self.clock, self.log, spread=SPREAD if spread else 0) for _ in range(2)]
        self.ann, self.bob = (
            Client(node, user, seed)
            for seed, (node, user) in enumerate(zip(self.nodes, ("ann", "bob"), strict=True))
        )
        self.clients = [self.ann, self.bob]
        self.settle()

    def settle(self) -> None:
        settle(self.nodes, self.clients)

    def annotate(self, client: Client, text: str = "text") -> str:
        aid, operation = client.actions.annotate(TARGET, text, self.clock.now())
        client.submit(operation)
        return aid

    def check(self) -> None:
        """DESIGN invariant 1, over both nodes."""
        expected = fold_of(self.log)
        for node in self.nodes:
            assert node.content() == expected
            assert node.room.history.sequence == len(self.log.entries)
            state = node.document.state()
            assert view_of_mirror(node.room.ledger.mirror) == view_of_state(state)
        for client in self.clients:
            assert client.provider.phase is Phase.LIVE
            assert client.content() == expected


def test_what_one_node_writes_the_other_tells() -> None:
    pair = Pair()
    aid = pair.annotate(pair.ann)
    pair.settle()
    pair.check()
    assert [annotation.aid for annotation in pair.bob.view()] == [aid]
    assert [event.aid for event in pair.bob.news] == [aid]


def test_appends_that_race_are_both_in_the_log() -> None:
    """B1: the loser's operation comes behind the winner's, and is acknowledged then."""
    pair = Pair()
    aids = {pair.annotate(pair.ann), pair.annotate(pair.bob)}
    assert pair.ann.carry_up() and pair.bob.carry_up()
    assert all(node.pending for node in pair.nodes)
    pair.settle()
    pair.check()
    assert sum(node.conflicts for node in pair.nodes) == 1
    assert {annotation.aid for annotation in pair.ann.view()} == aids
    users = [entry.principal for entry in pair.log.entries]
    assert users.count("ann") == users.count("bob") == 1


def test_an_edit_that_loses_to_a_deletion_is_refused_softly() -> None:
    pair = Pair()
    aid = pair.annotate(pair.ann)
    pair.settle()
    pair.ann.submit(pair.ann.actions.delete(aid, "", pair.clock.now()))
    pair.bob.submit(pair.bob.actions.reply(aid, "too late", "", pair.clock.now())[1])
    assert pair.ann.carry_up() and pair.bob.carry_up()
    pair.settle()
    pair.check()
    assert pair.ann.view() == pair.bob.view() == ()
    assert not any("too late" in str(values) for values in pair.bob.content().values())


def test_two_that_hold_one_client_id_do_not_write_under_it_both() -> None:
    """B3: without scattering, both nodes lease the same id; the one that loses gets another."""
    pair = Pair(spread=False)
    aids = {pair.annotate(pair.ann), pair.annotate(pair.bob)}
    assert pair.ann.provider.lease.partition("-")[0] == pair.bob.provider.lease.partition("-")[0]
    assert pair.ann.carry_up() and pair.bob.carry_up()
    pair.settle()
    pair.check()
    assert {annotation.aid for annotation in pair.ann.view()} == aids
    assert {annotation.author for annotation in pair.ann.view()} == {"ann", "bob"}


def test_an_operation_that_came_by_both_nodes_is_there_once() -> None:
    """B2: its author lost the connection to one node before the ack, and sent it to the other."""
    pair = Pair()
    pair.annotate(pair.ann, "first")  # the lease is known everywhere
    pair.settle()
    pair.annotate(pair.ann, "second")
    assert pair.ann.carry_up()
    assert pair.nodes[0].pending
    pair.ann.cut(known=False)
    pair.ann.server = pair.nodes[1]
    pair.ann.connect()
    while pair.ann.carry_up() or pair.ann.transmit() or pair.ann.carry_down():
        pass
    assert pair.nodes[1].pending
    pair.settle()
    pair.check()
    assert len(pair.ann.view()) == 2
    assert [entry.principal for entry in pair.log.entries].count("ann") == 2


def test_writes_without_a_session_are_made_anew() -> None:
    """Both nodes write as the server, under one client id with one clock."""
    pair = Pair()
    aid = pair.annotate(pair.ann)
    pair.settle()
    for ticket, (node, user) in enumerate(zip(pair.nodes, ("cid", "dan"), strict=True), 1):
        peer = Peer(user, user.title(), "commenter", True, False)
        value = (user, pair.clock.now(), f"by {user}")
        write = ("c", f"{aid}/{user}1", value)
        broadcast_id = new_broadcast_id(random.Random(ticket).randbytes)
        node.perform(node.room.write(peer, [write], broadcast_id, ticket, pair.clock.moment()))
    pair.settle()
    pair.check()
    settled = [one for node in pair.nodes for one in node.settled]
    assert sorted(one.ticket for one in settled) == [1, 2]
    assert all(one.sequence for one in settled)
    (annotation,) = pair.bob.view()
    assert {comment.author for comment in annotation.comments} >= {"cid", "dan"}


@pytest.mark.parametrize("seed", range(12))
def test_random_histories(seed: int) -> None:
    pair = Pair(spread=bool(seed % 3))
    chance = random.Random(seed)
    pair.clients += [
        Client(chance.choice(pair.nodes), user, 100 + number)
        for number, user in enumerate(("ann", "cid"))
    ]
    for _ in range(120):
        client = chance.choice(pair.clients)
        act = chance.random()
        views = client.view() if client.provider.phase is Phase.LIVE else ()
        if act < 0.25:
            pair.annotate(client, f"text {chance.random()}")
        elif act < 0.35 and views:
            aid = chance.choice(views).aid
            client.submit(client.actions.reply(aid, "reply", "", pair.clock.now())[1])
        elif act < 0.4 and views:
            mine = [one for one in views if one.author == client.peer.user]
            if mine:
                aid = chance.choice(mine).aid
                client.submit(client.actions.delete(aid, "", pair.clock.now()))
        elif act < 0.45:
            client.cut(known=chance.random() < 0.5)
            client.server = chance.choice(pair.nodes)
        elif act < 0.6:
            client.connect()
            client.carry_up()
        elif act < 0.75:
            client.transmit()
            client.carry_down()
        elif act < 0.9:
            chance.choice(pair.nodes).commit()
        else:
            chance.choice(pair.nodes).hear()
    pair.settle()
    pair.check()
    written: dict[bytes, set[object]] = {}
    for entry in pair.log.entries:
        if entry.principal:
            update = decode_update(entry.update, TRUSTED)
            items = (item for section in update.sections for item in section.items)
            values = tuple((item.root, item.key, item.values) for item in items)
            written.setdefault(entry.broadcast_id, set()).add(values)
    # Who lost the client id wrote anew; what is there twice is the same record with the same value.
    assert all(len(values) == 1 for values in written.values())


def test_who_loses_the_client_id_0_does_so_alone() -> None:
    """B3. It stands for no lease here, and a stock client may choose it all the same."""
    pair = Pair()
    for node, user in zip(pair.nodes, ("eve", "mal"), strict=True):
        peer = Peer(user, user.title(), "commenter", may_comment=True, may_moderate=False)
        session, wanted = node.room.join(peer, v1=False, nonce="", now=pair.clock.moment())
        node.perform(wanted)
        value = (user, pair.clock.now(), "words", "", "", 0, 5)
        update = encode_write(0, 0, root="a", key=user.ljust(4, "-"), value=value, origin=None)
        frame = message.encode_sync_step2(update)
        node.perform(node.room.receive(session, frame, pair.clock.moment()))
    first, second = pair.nodes
    ann = Peer("ann", "Ann", "commenter", may_comment=True, may_moderate=False)
    value = ("ann", pair.clock.now(), "words", "", "", 0, 5)
    wanted = first.room.write(ann, [("a", "anno", value)], bytes(16), 1, pair.clock.moment())
    first.perform(wanted)
    second.commit()
    pair.settle()
    assert fold_of(pair.log)["a"].keys() == {"mal-", "anno"}
    assert [settled.sequence > 0 for settled in first.settled] == [True]
    pair.check()
