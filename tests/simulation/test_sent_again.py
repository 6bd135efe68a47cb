"""An operation that is sent again under another client id is in the log once, and its first sending
does not undo what its author did behind the second."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from crdtchat.client.intents import Operation
from crdtchat.client.provider import Phase
from crdtchat.document import schema
from crdtchat.sync.effects import LogEntry
from crdtchat.sync.sendings import HOLD_SECONDS, KEPT, Sendings
from tests.client.world import Client, Clock, Server, settle
from tests.simulation.test_found import TARGET, feed
from tests.simulation.test_found_nodes import move
from tests.sync.nodes import Log, Node, fold_of
from tests.sync.nodes import settle as settle_nodes

Do = Callable[[Client, str, str, int], Operation]


def react(client: Client, aid: str, cid: str, now: int) -> Operation:
    return client.actions.react(aid, cid, "+1", True, now)


def take_back(client: Client, aid: str, cid: str, now: int) -> Operation:
    return client.actions.react(aid, cid, "+1", False, now)


def edit(client: Client, aid: str, cid: str, now: int) -> Operation:
    return client.actions.edit(aid, cid, "first wording", now)


def edit_again(client: Client, aid: str, cid: str, now: int) -> Operation:
    return client.actions.edit(aid, cid, "second wording", now)


def resolve(client: Client, aid: str, cid: str, now: int) -> Operation:
    return client.actions.resolve(aid, True, now)


def reopen(client: Client, aid: str, cid: str, now: int) -> Operation:
    return client.actions.resolve(aid, False, now)


PAIRS = [(react, take_back), (edit, edit_again), (resolve, reopen)]


def place(client: Client) -> tuple[str, str]:
    """Where the only comment is."""
    ((aid, cid),) = (key.split("/") for key in client.content()["c"])
    return aid, cid


class World:
    """Ann has annotated; a client id below hers is free."""

    def __init__(self, server: Server) -> None:
        self.clock, self.server = server.clock, server
        passer, self.ann = Client(server, "bob", 1), Client(server, "ann", 2)
        settle(server, [passer, self.ann])
        self.ann.submit(self.ann.actions.annotate(TARGET, "wording", self.clock.now())[1])
        settle(server, [self.ann])
        passer.cut()
        self.first = number(self.ann)
        self.place = place(self.ann)

    def do(self, *deeds: Do) -> None:
        for deed in deeds:
            self.ann.submit(deed(self.ann, *self.place, self.clock.now()))

    def come_again(self) -> None:
        """The connection breaks, of which the server knows nothing. What was not answered is
        written anew and about to be sent."""
        self.ann.cut(known=False)
        come(self.ann)
        assert number(self.ann) < self.first

    def is_well(self, second: Do) -> None:
        """What she did second is what is there."""
        settle(self.server, [self.ann])
        is_well(self.ann, self.server, second)
        assert_once(self.server.log)


def come(client: Client) -> None:
    """Connect, and receive no more than the first state."""
    client.connect()
    while client.provider.phase is not Phase.LIVE:
        assert client.carry_up() or client.transmit() or client.carry_down()
    assert client.up


def number(client: Client) -> int:
    return int(client.provider.lease.partition("-")[0])


def is_well(client: Client, server: Server, second: Do) -> None:
    content = server.content()
    if second is take_back:
        assert not content["r"]
    elif second is edit_again:
        assert "second wording" in str(content["c"])
    else:
        assert content["s"][place(client)[0]][0] == schema.OPEN
    assert client.provider.phase is Phase.LIVE
    assert not client.provider.outbox and not client.provider.drafts
    assert client.content() == content


def assert_once(log: list[LogEntry]) -> None:
    """Every operation is in the log once."""
    sent = [entry.broadcast_id for entry in log if any(entry.broadcast_id)]
    assert len(set(sent)) == len(sent)


@pytest.mark.parametrize(("first", "second"), PAIRS)
def test_s1_a_first_sending_on_its_way_does_not_undo_what_came_behind_the_second(
    first: Do, second: Do
) -> None:
    """What Ann took back was there again, her older wording stood above the newer; both the taking
    back and the newer wording were acknowledged."""
    world = World(Server(Clock()))
    world.do(first)
    move(world.ann)
    assert world.server.pending is not None
    world.come_again()
    world.do(second)
    move(world.ann)
    world.is_well(second)


@pytest.mark.parametrize(("first", "second"), PAIRS)
def test_s2_nor_does_one_that_was_committed_while_the_second_was_written(
    first: Do, second: Do
) -> None:
    world = World(Server(Clock()))
    world.do(first)
    move(world.ann)
    world.come_again()
    world.server.commit()
    assert not world.server.room.busy
    world.do(second)
    while world.ann.carry_up():
        pass
    world.is_well(second)


@pytest.mark.parametrize(("first", "second"), PAIRS)
def test_s2_nor_does_one_that_was_committed_before_the_second_was_sent_once_more(
    first: Do, second: Do
) -> None:
    """The second connection breaks as well, with the second sending on it: on the third Ann goes
    on under the second id, and sends what she sent there as it is (seed 241579)."""
    world = World(Server(Clock()))
    world.do(first)
    move(world.ann)
    world.come_again()
    id_then = number(world.ann)
    world.ann.cut()
    world.server.commit()
    world.ann.connect()
    settle(world.server, [world.ann])
    assert number(world.ann) == id_then
    world.do(second)
    world.is_well(second)


@pytest.mark.parametrize(("first", "second"), PAIRS)
def test_s2_nor_does_one_that_arrives_behind_the_second(first: Do, second: Do) -> None:
    """The first connection is not known to be gone, and somebody held up what was sent on it."""
    world = World(Server(Clock()))
    world.do(first)
    session, held_up = world.ann.session, list(world.ann.up)
    assert session is not None and held_up
    world.come_again()
    world.do(second)
    settle(world.server, [world.ann])
    for frame in held_up:
        feed(world.server, session, frame)
    world.server.commit()
    world.is_well(second)
    assert session not in world.server.closed


@pytest.mark.parametrize(("first", "second"), PAIRS)
def test_s1_nothing_is_taken_for_saved_whose_first_sending_is_lost(first: Do, second: Do) -> None:
    world = World(Server(Clock()))
    world.do(first)
    move(world.ann)
    world.come_again()
    world.do(second)
    move(world.ann)
    assert len(world.ann.provider.outbox) == 2
    world.server.fail()
    world.is_well(second)


@pytest.mark.parametrize(("first", "second"), PAIRS)
def test_s1_a_run_of_operations_on_its_way_is_sent_again_and_stays_as_it_is(
    first: Do, second: Do
) -> None:
    """The answer to the first says nothing of those behind it, which are on their way as well."""
    world = World(Server(Clock()))
    world.do(first, second, first)
    move(world.ann)
    world.come_again()
    world.do(second)
    move(world.ann)
    world.is_well(second)


@pytest.mark.parametrize(("first", "second"), PAIRS)
def test_s2_nor_does_one_that_another_node_committed_meanwhile(first: Do, second: Do) -> None:
    """The node that Ann comes to hears of it after it told her how the page stands."""
    clock, log = Clock(), Log()
    ahead, behind = nodes = [Node(clock, log) for _ in range(2)]
    ann, tab = Client(ahead, "ann", 1), Client(ahead, "ann", 3)
    settle_nodes(nodes, [ann, tab])
    ann.submit(ann.actions.annotate(TARGET, "wording", clock.now())[1])
    settle_nodes(nodes, [ann, tab])
    aid, cid = place(tab)
    tab.submit(first(tab, aid, cid, clock.now()))
    move(tab)
    id_before = number(tab)
    tab.cut(known=False)
    tab.server = behind
    come(tab)
    assert number(tab) < id_before, "these seeds show it"
    ahead.commit()
    behind.hear()
    tab.submit(second(tab, aid, cid, clock.now()))
    while tab.carry_up():
        pass
    settle_nodes(nodes, [ann, tab])
    is_well(tab, behind, second)
    assert ahead.content() == behind.content() == fold_of(log)
    assert_once(log.entries)


def test_s1_another_s_broadcast_id_keeps_nobody_from_writing() -> None:
    """All can read it in the event."""
    world = World(Server(Clock()))
    bob = Client(world.server, "bob", 7)
    settle(world.server, [bob])
    world.do(react)
    copied = bob.actions.react(*world.place, "eyes", True, world.clock.now())
    copied.broadcast_id = world.ann.submitted[-1].broadcast_id
    bob.submit(copied)
    move(bob)
    move(world.ann)
    settle(world.server, [world.ann, bob])
    assert len(world.server.content()["r"]) == 2


def test_s2_what_nobody_can_send_again_is_forgotten_once_it_is_on_disk() -> None:
    """As long as a user has one connection there is nothing to remember."""
    world = World(Server(Clock()))
    world.do(react, take_back)
    move(world.ann)
    known = world.server.room._sendings
    assert len(known) == 2
    world.is_well(take_back)
    assert len(known) == 0
    world.ann.cut(known=False)
    settle(world.server, [world.ann])
    world.do(react, take_back)
    settle(world.server, [world.ann])
    assert len(known) == 2
    for _ in range(3):
        world.clock.wall += int(HOLD_SECONDS * 1_000)
        world.server.room.tidy(world.clock.moment())
    assert len(known) == 0


def test_s3_what_is_known_of_what_is_on_disk_is_bounded() -> None:
    known = Sendings(lambda user: 2)
    names = [("ann", count.to_bytes(16, "big")) for count in range(1, 3 * KEPT)]
    for place, name in enumerate(names):
        known.begin(name)
        known.land(name, own=True)
        assert len(known) <= KEPT
        assert all(one in known for one in names[max(0, place - 10) : place + 1])
    assert names[0] not in known and names[-KEPT // 2] in known
