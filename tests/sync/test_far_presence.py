"""People on other nodes: counted and shown as those here are."""

from __future__ import annotations

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
