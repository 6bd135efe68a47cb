"""People on other nodes: counted and shown as those here are."""

from __future__ import annotations

from collections.abc import Callable

from crdtchat.sync.awareness import AwarenessState, decode_awareness
from crdtchat.sync.limits import TRUSTED
from crdtchat.sync.presence import NAMED, Far, Presence


def told(one: Presence, other: Presence, node: str = "one") -> None:
    other.hear(node, one.near())


def test_people_of_all_nodes_are_counted_once_and_connections_each() -> None:
    one, two = Presence(), Presence()
    one.join(1, "ann", "Ann")
    one.join(2, "bob", "Bob")
    two.join(1, "ann", "Ann")
    told(one, two)
    assert (two.people, two.connections) == (2, 3)
    assert (one.people, one.connections) == (2, 2)
    told(one, two)
    assert (two.people, two.connections) == (2, 3)
    one.leave(1)
    told(one, two)
    assert (two.people, two.connections) == (2, 2)
    two.hear("one", Far([], {}))
    assert (two.people, two.connections) == (1, 1)
    assert two.nodes() == []


def test_what_they_do_is_shown_and_their_leaving_told() -> None:
    one, two = Presence(), Presence()
    one.join(1, "ann", "Ann")
    two.join(1, "bob", "Bob")
    two.flush()
    one.update(1, {"typing": "anno"})
    told(one, two)
    info, _ = two.flush()
    here = info["here"]
    assert isinstance(here, list)
    number = here[0][0]
    assert here == [[number, "ann", "Ann", {"typing": "anno"}]]
    assert two.snapshot(1)["people"] == 2
    one.leave(1)
    told(one, two)
    info, _ = two.flush()
    assert info["gone"] == [number]


def test_of_very_many_some_are_named_and_all_counted() -> None:
    one, two = Presence(), Presence()
    for number in range(3 * NAMED):
        one.join(number, f"user{number // 2}", "Name")
    told(one, two)
    assert (two.people, two.connections) == (one.people, one.connections)
    assert len(two.named) == NAMED
    one.leave(3 * NAMED - 1)
    one.leave(3 * NAMED - 2)
    told(one, two)
    assert (two.people, two.connections) == (one.people, one.connections)
    assert two.dirty


def test_what_is_heard_is_told_to_nobody_else() -> None:
    one, two = Presence(), Presence()
    one.join(1, "ann", "Ann")
    before = two.changes
    told(one, two)
    assert two.changes == before
    assert two.near() == Far([], {})


def test_a_room_that_was_opened_anew_counts_others_from_1_again() -> None:
    """That everybody had left was not heard: Bob was shown as Ann, who had had his number."""
    one, two = Presence(), Presence()
    one.join(1, "ann", "Ann", client=77)
    two.join(1, "cid", "Cid")
    told(one, two)
    again = Presence()
    again.join(1, "bob", "Bob", client=77)
    again.join(2, "cid", "Cid")
    told(again, two)
    assert (two.people, two.connections) == (2, 3)
    assert [(person.user, person.client) for person in two.named][1:] == [("bob", 77), ("cid", 0)]


def test_a_stock_client_that_says_its_id_after_others_heard_of_it_is_shown_to_theirs() -> None:
    one, two = Presence(), Presence()
    one.join(1, "ann", "Ann")
    told(one, two)
    two.flush()
    changes = one.changes
    assert one.awareness(1, [AwarenessState(77, 1, {})], 1) == 77
    assert one.changes > changes
    told(one, two)
    _, update = two.flush()
    assert [state.client for state in decode_awareness(update, TRUSTED)] == [77]


def test_who_left_here_and_is_heard_of_late_from_elsewhere_is_no_ghost() -> None:
    """Seed 516790. Ann's tab came from another node to this one, and left; only then did the other
    node's word of her arrive here. It was told with a clock of 1, and so was her leaving: stock
    clients took neither, and went on seeing her."""
    one, two = Presence(), Presence()
    one.join(1, "ann", "Ann")
    one.awareness(1, [AwarenessState(77, 1, {})], 1)
    late = one.near()
    two.join(1, "bob", "Bob")
    two.join(2, "ann", "Ann")
    two.awareness(2, [AwarenessState(77, 5, {})], 1_750_000_000)
    seen: dict[int, AwarenessState] = {}

    def tell() -> bool:
        """As y-protocols takes it; answers whether Ann is seen."""
        for state in decode_awareness(two.flush()[1], TRUSTED):
            if state.client not in seen or seen[state.client].clock < state.clock:
                seen[state.client] = state
        return seen[77].state is not None

    assert tell()
    two.leave(2)
    two.hear("one", late)
    assert tell()
    two.hear("one", Far([], {}))
    assert not tell()
    two.hear("one", late)
    assert tell()
    two.leave(1)
    two.hear("one", Far([], {}))
    assert not tell()


def test_what_stock_clients_are_told_of_all_has_new_clocks_whenever_something_changed() -> None:
    presence = Presence()
    presence.join(1, "ann", "Ann", client=11)
    presence.join(2, "bob", "Bob", client=12)

    def clocks() -> dict[int, int]:
        states = decode_awareness(presence.latest(), TRUSTED)
        return {state.client: state.clock for state in states}

    seen = clocks()
    assert clocks() == seen
    changes: list[Callable[[], object]] = [
        lambda: presence.update(1, {"typing": "anno"}),
        presence.flush,
        presence.renewal,
        lambda: presence.awareness(2, [AwarenessState(12, 9, {"typing": "anno"})], 0),
        lambda: presence.join(3, "cleo", "Cleo", client=13),
        lambda: presence.leave(3),
    ]
    for change in changes:
        change()
        now = clocks()
        assert all(now[client] > clock for client, clock in seen.items() if client in now)
        assert clocks() == now
        seen = now
    assert seen.keys() == {11, 12}
