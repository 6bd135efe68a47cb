"""Every order of events in a world of two processes, two clients and one crash.

Conditional append, verifier and acknowledgement together keep invariants 1, 2 and 8 of the design
in all of them, and invariant 2 at every step.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

import pytest

from crdtchat.document.records import Target
from tests.simulation.small_world import NOW, Step, World

TARGET = Target("words", start_cp=0, end_cp=5)


def begin(crashes: int, broker: bool) -> tuple[World, str]:
    """Ann has annotated; she is at rest at one process, Bob at the other."""
    world = World(crashes, broker=broker)
    ann, bob = world.clients
    ann.connect(world.nodes[0])
    aid, operation = ann.actions.annotate(TARGET, "first", NOW.wall)
    ann.submit(operation)
    calm(world)
    bob.connect(world.nodes[1])
    calm(world)
    ann.submitted.clear()
    return world, aid


def calm(world: World) -> None:
    """Without any fault, until nothing is left to do."""
    while steps := [step for step in world.steps() if step[0] not in ("crash", "connect")]:
        world.do(steps[0])


def reply_and_reply(crashes: int, broker: bool) -> World:
    world, aid = begin(crashes, broker)
    for client in world.clients:
        client.submit(client.actions.reply(aid, f"by {client.user}", "", NOW.wall)[1])
    return world


def delete_and_reply(crashes: int, broker: bool) -> World:
    """Bob's reply is refused if Ann's deletion is first, and purged if it is second."""
    world, aid = begin(crashes, broker)
    ann, bob = world.clients
    ann.submit(ann.actions.delete(aid, "", NOW.wall))
    bob.submit(bob.actions.reply(aid, "too late?", "", NOW.wall)[1])
    return world


def two_each(crashes: int, broker: bool) -> World:
    """The second rests on the first."""
    world, aid = begin(crashes, broker)
    for client in world.clients:
        cid, operation = client.actions.reply(aid, "first thought", "", NOW.wall)
        client.submit(operation)
        client.submit(client.actions.edit(aid, cid, "second thought", NOW.wall))
    return world


def explore(make: Callable[[int, bool], World], crashes: int, *, broker: bool) -> int:
    """Try all orders; answers how many states there are.

    A state cannot be copied (it holds an engine's documents): it is reached again from the start.
    """
    seen: set[tuple[object, ...]] = set()
    to_try: list[tuple[Step, ...]] = [()]
    while to_try:
        path = to_try.pop()
        world = make(crashes, broker)
        try:
            for step in path:
                world.do(step)
            while True:
                fingerprint = world.fingerprint()
                if fingerprint in seen:
                    break
                seen.add(fingerprint)
                steps = world.steps()
                if not steps:
                    world.rest()
                    break
                to_try += [(*path, other) for other in steps[1:]]
                path = (*path, steps[0])
                world.do(steps[0])
        except AssertionError as error:
            error.add_note("after " + ", ".join(f"{kind} {a} {b}" for kind, a, b in path))
            raise
    return len(seen)


@pytest.mark.parametrize(
    ("make", "crashes", "broker"),
    [
        (reply_and_reply, 0, False),
        (reply_and_reply, 0, True),
        (delete_and_reply, 0, True),
        (delete_and_reply, 1, False),
    ],
)
def test_no_order_breaks_a_promise(
    make: Callable[[int, bool], World], crashes: int, broker: bool
) -> None:
    assert explore(make, crashes, broker=broker) > 50


def main() -> None:
    """`python -m tests.simulation.test_small_scope`: the larger ones, some minutes."""
    for make in (reply_and_reply, delete_and_reply, two_each):
        for crashes, broker in ((0, False), (0, True), (1, False), (1, True)):
            if make is two_each and (crashes or broker):
                continue  # a hundred times as many
            states = explore(make, crashes, broker=broker)
            sys.stdout.write(
                f"{make.__name__}, {crashes} crashes, {'a' if broker else 'no'} broker: "
                f"{states:,} states, all promises kept\n"
            )
            sys.stdout.flush()


if __name__ == "__main__":
    main()
