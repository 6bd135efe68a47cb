"""Checks of DESIGN section 10 that hold when everything has come to rest."""

from __future__ import annotations

from collections import Counter
from functools import lru_cache
from typing import NamedTuple

from crdtchat.client.intents import Operation, held
from crdtchat.document.replica import Replica
from crdtchat.document.rules import RULES
from crdtchat.document.schema import ROOTS
from crdtchat.host.folding import replica_of
from crdtchat.stores.base import DocumentKey
from crdtchat.sync.fold import fold
from crdtchat.sync.limits import TRUSTED
from crdtchat.sync.mirror import Mirror
from crdtchat.sync.update import Id, Value, decode_update
from crdtchat.testing.simulator.archive import Archive
from crdtchat.testing.simulator.author import Author
from crdtchat.testing.simulator.node import Node
from crdtchat.testing.simulator.tab import Tab
from crdtchat.testing.simulator.world import World


class Digest(NamedTuple):
    """A document as far as two replicas of it must agree."""

    state_vector: dict[int, int]
    dead: set[Id]
    live: dict[tuple[str, str], Id]
    values: dict[str, dict[str, Value]]


@lru_cache(maxsize=64)
def digest(state: bytes) -> Digest:
    """Read a whole state with the strict decoder, and its values with the engine."""
    update = decode_update(state, TRUSTED)
    dead = {
        (client, clock)
        for client, ranges in update.deletes
        for first, end in ranges
        for clock in range(first, end)
    }
    mirror = Mirror()
    fold(state, mirror, RULES)
    live: dict[tuple[str, str], Id] = {}
    for record in mirror.records():
        alive = [item for item in record.items() if item not in dead]
        if len(alive) > 1:
            raise AssertionError(f"{record.root}/{record.key} has {len(alive)} living items")
        if alive:
            live[record.root, record.key] = alive[0]
    engine = Replica()
    engine.apply(state)
    values = {root: engine.values(root) for root in ROOTS}
    vector = {section.client: section.end for section in update.sections}
    return Digest(vector, dead, live, values)


def check(world: World) -> None:
    """Check all pages. Raises InvariantBroken."""
    for key, archive in world.witness.archives.items():
        if not archive.sequence and not any(key in node.rooms for node in world.nodes):
            continue
        truth = _truth(world, archive)
        _check_store(world, key, truth)
        for node in world.nodes:
            _check_server(world, node, key, truth)
        for author in world.authors:
            if author.key == key and author.present:
                _check_author(world, author, archive, truth)
        for tab in world.tabs:
            if tab.key == key and tab.present:
                _compare(world, tab.who, digest(tab.replica.state()), truth)
        _check_presence(world, key)
        for author in world.authors:
            if author.key == key:
                _check_account(world, author, archive)


def _truth(world: World, archive: Archive) -> Digest:
    """Invariant 1: a fresh fold of the log, by the engine and by the mirror."""
    engine = Replica()
    if archive.base:
        engine.apply(archive.base)
    for entry in archive.entries:
        engine.apply(entry.update)
    truth = digest(engine.state())
    _compare_mirror(world, "a fresh fold of the log", archive.mirror, truth)
    for root, key in truth.live:
        aid, _, rest = key.partition("/")
        comment = f"{aid}/{rest.partition('/')[0]}"
        stones = truth.values["d"].keys() & {aid, comment}
        if stones and root not in ("d", "u"):
            raise world.trace.fail(f"{root}/{key} lives behind the tombstone {sorted(stones)}")
    return truth


def _check_store(world: World, key: DocumentKey, truth: Digest) -> None:
    loaded = world.disk.load(key)
    _compare(world, f"the stored document of {key}", digest(replica_of(loaded).state()), truth)
    if loaded.sequence != world.witness.archives[key].sequence:
        raise world.trace.fail(f"the store of {key} is at {loaded.sequence}")


def _check_server(world: World, node: Node, key: DocumentKey, truth: Digest) -> None:
    room = node.open_now(key)
    what = f"{key} at {node.name}"
    _compare(world, f"the live document of {what}", digest(room.replica.state()), truth)
    _compare_mirror(world, f"the mirror of {what}", room.room.ledger.mirror, truth)
    sequence = world.witness.archives[key].sequence
    if room.room.history.sequence != sequence:
        raise world.trace.fail(f"{what} is at {room.room.history.sequence} of {sequence}")


def _check_author(world: World, author: Author, archive: Archive, truth: Digest) -> None:
    """Invariants 1 and 8: also one that was refused is equal to the server."""
    if not author.quiet:
        raise world.trace.fail(f"{author.who} does not come to rest: {author.provider.phase}")
    _compare(world, author.who, digest(author.provider.state()), truth)
    if author.provider.sequence > archive.sequence:
        raise world.trace.fail(f"{author.who} is ahead of the log")


def _check_account(world: World, author: Author, archive: Archive) -> None:
    """Invariants 2 and 8: what it wrote is in the log, or was overtaken, or is kept as a draft."""
    drafts = {draft.broadcast_id for draft in author.provider.drafts}
    waiting = {write for operation in author.provider.outbox for write in operation.intents}
    for operation in author.made:
        broadcast_id = operation.broadcast_id
        if broadcast_id in archive.broadcast_ids or broadcast_id in drafts:
            continue
        if not author.present and waiting.issuperset(operation.intents):
            continue  # It left before this was saved.
        if not _attained(operation, archive):
            raise world.trace.fail(
                f"{author.who} lost {broadcast_id.hex()[:8]} {operation.intents}"
            )


def _attained(operation: Operation, archive: Archive) -> bool:
    """Whether the log has, or had, each record as it was to be, or as it was overtaken."""
    for write in operation.intents:
        root, key, value = write
        aid = key.partition("/")[0]
        comment = "/".join(key.split("/")[:2])
        if (root == "d" and key in _stones(archive)) or {aid, comment} & _stones(archive):
            continue
        past = archive.written.get((root, key), [])
        if value is None or root == "r":
            continue  # A reaction may be given and taken back in other tabs.
        if not any(held(lambda _, __, one=one: one, write) for one in past):  # type: ignore[misc]
            return False
    return True


def _stones(archive: Archive) -> set[str]:
    return {key for root, key in archive.written if root == "d"}


def _check_presence(world: World, key: DocumentKey) -> None:
    """Invariant 7: everybody knows how many are here, and nobody who has left is still shown."""
    rooms = [node.rooms[key] for node in world.nodes]
    pairs = list(zip(world.nodes, rooms, strict=True))
    served = [one for node, room in pairs for one in node.connections_of(room)]
    people = Counter((one.peer.user, one.peer.name) for one in served)
    counts = (len(people), len(served))
    for node, room in pairs:
        presence = room.room.presence
        # Who has the page open: others were not told, and do not ask.
        alone = not room.room.sessions
        if not alone and (presence.people, presence.connections) != counts:
            raise world.trace.fail(
                f"{node.name} counts {presence.people} people and {presence.connections} "
                f"connections on {key}, here are {counts}"
            )
    for author in world.authors:
        if author.key != key or not author.present:
            continue
        told = author.provider.presence
        shown = Counter((person.user, person.name) for person in told.here)
        if (told.people, told.connections) != counts or shown != people:
            raise world.trace.fail(
                f"{author.who} sees {sorted(shown.items())} of {told.people}/{told.connections}, "
                f"here are {sorted(people.items())} of {counts}"
            )
    for tab in world.tabs:
        if tab.key == key and tab.present and tab.connection is not None:
            place = tab.connection.room
            named = place.room.presence.named if place is not None else ()
            known = {person.client: person.clock for person in named if person.client}
            _check_awareness(world, tab, known)


def _check_awareness(world: World, tab: Tab, shown: dict[int, int]) -> None:
    own = tab.replica.client
    ghosts = tab.states.keys() - shown.keys() - {own}
    if tab.connection is None or tab.connection.was_behind:
        ghosts = set()  # y-protocols forgets who is not renewed within 30 seconds
    # y-protocols takes no state with a clock that it has seen, even if it saw it before a restart
    # of the server that knows no better; renewals heal that in time.
    unseen = {
        client
        for client, clock in shown.items()
        if client not in tab.states and clock > tab.clocks.get(client, 0)
    }
    if ghosts or unseen:
        raise world.trace.fail(f"{tab.who} sees the ghosts {sorted(ghosts)}, not {sorted(unseen)}")


def _compare(world: World, what: str, found: Digest, truth: Digest) -> None:
    for name, have, want in zip(Digest._fields, found, truth, strict=True):
        if have != want:
            raise world.trace.fail(
                f"{what} differs from the log in {name}: {_difference(have, want)}"
            )


def _compare_mirror(world: World, what: str, mirror: Mirror, truth: Digest) -> None:
    pairs = (
        ("state vector", mirror.state_vector(), truth.state_vector),
        ("dead items", mirror.dead_ids(), truth.dead),
        ("live items", mirror.live_ids(), truth.live),
    )
    for name, have, want in pairs:
        if have != want:
            raise world.trace.fail(f"{what} differs in {name}: {_difference(have, want)}")


def _difference(have: object, want: object) -> str:
    if isinstance(have, dict) and isinstance(want, dict):
        keys = [key for key in {**have, **want} if have.get(key) != want.get(key)]
        return "; ".join(f"{key}: {have.get(key)!r} for {want.get(key)!r}" for key in keys)[:600]
    if isinstance(have, set) and isinstance(want, set):
        return f"too many {sorted(have - want)}, missing {sorted(want - have)}"[:600]
    return f"{have!r} for {want!r}"[:600]
