"""The verifier: may these bytes, from this peer, become part of this document?

Invariants (tests cite the numbers):

V1. Nothing refused changes anything. Judging works on copies; `Mirror.integrate` takes them over.
V2. Nothing accepted can be pending in any engine: every struct is at its client's next clock and
    every id referred to is known.
V3. Every value in an accepted update was judged by its root's rule, also one overtaken or deleted
    within the same update.
V4. A key loses its value only if its rule's `remove` allows it. Whether it does is computed from
    the order that the engine will hold, not guessed from the delete set.
V5. What was accepted once is a duplicate the second time, and changes nothing.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from crdtchat.sync.codes import Malformed, Refused, RejectCode
from crdtchat.sync.encode import as_deletes, encode_delete_set, encode_deletion, join_updates
from crdtchat.sync.hindsight import Hindsight
from crdtchat.sync.interleaving import Interleaving
from crdtchat.sync.limits import Limits
from crdtchat.sync.message import EventKind
from crdtchat.sync.mirror import Mirror, Record
from crdtchat.sync.rules import Actor, Facts, RuleTable
from crdtchat.sync.update import Id, Item, Section, Update, decode_update
from crdtchat.sync.wire import MAX_UINT

STALE_ITEMS = 1_000
"""How many overtaken values of a key an item may be behind: bounds the cost of ordering it."""
_ORDERED = 4_096
"""How many all items of an update may be behind together, beside one for each of its bytes."""

_UPDATED = EventKind.UPDATED
MayWriteAs = Callable[[int], bool]
"""Whether the peer may write under a client id."""


@dataclass(slots=True)
class Accepted:
    """A judged update, ready to be taken over by the mirror."""

    data: bytes
    """What is to be logged and sent on."""
    update: Update
    """The same, decoded."""
    changed: list[Record]
    clocks: dict[int, list[Record]]
    written: list[tuple[str, str]]
    """Root and key of every value, in order, and of every removal."""


class Duplicate:
    """Everything in it is known: acknowledge, do not apply."""


DUPLICATE = Duplicate()


def verify(
    data: bytes,
    *,
    mirror: Mirror,
    rules: RuleTable,
    actor: Actor,
    may_write_as: MayWriteAs,
    limits: Limits,
) -> Accepted | Duplicate:
    """Judge an update; nothing is changed.

    Raises Refused (or Malformed) with the code of the first thing that is wrong.
    """
    update = decode_update(data, limits)
    judge = _Judge(mirror, rules, actor, may_write_as, limits)
    return judge.judge(data, update)


def removal(records: Iterable[Record]) -> Accepted:
    """The server's own removal of what `records` hold, which all live: as if judged."""
    twins = [record.copy() for record in records]
    ids: list[Id] = []
    for twin in twins:
        twin.dead = True
        if twin.last is not None:
            ids.append(twin.last)
    deletes = as_deletes(ids)
    written = [(twin.root, twin.key) for twin in twins]
    data = b"\x00" + encode_delete_set(deletes)
    return Accepted(data, Update((), deletes), twins, {}, written)


def integrate(accepted: Accepted, mirror: Mirror) -> None:
    """Take a judged update into the mirror. Call before anything else is judged against it."""
    mirror.integrate(accepted.changed, accepted.clocks)


def events(
    written: Iterable[tuple[str, str]], rules: RuleTable
) -> list[tuple[EventKind, str, str]]:
    """What an update that wrote these roots and keys means to a reader: kind, annotation, comment;
    one row per annotation that appears or goes, one per comment (or annotation) that changes
    otherwise."""
    meant = [row for root, key in written if (row := rules[root].event(key)) is not None]
    if len(meant) < 2:
        return meant
    if len(meant) == 2:
        # Most often a new annotation and its comment, which is told with it.
        (kind, aid, _), (other, other_aid, _) = meant
        if kind is not _UPDATED and other is _UPDATED and aid == other_aid:
            return meant[:1]
    rows: dict[tuple[str, str], EventKind] = {}
    whole: dict[str, EventKind] = {}
    for kind, aid, cid in meant:
        if kind is _UPDATED:
            rows[aid, cid] = kind
        else:
            whole[aid] = max(kind, whole.get(aid, kind))
    found = [(kind, aid, "") for aid, kind in whole.items()]
    found += [(kind, aid, cid) for (aid, cid), kind in rows.items() if aid not in whole]
    return found


class _Judge:
    """One judgement: the trial copies of the records an update touches."""

    __slots__ = (
        "_actor",
        "_clocks",
        "_find",
        "_hindsight",
        "_killed",
        "_limits",
        "_may_write_as",
        "_mirror",
        "_rules",
        "_to_order",
        "_trial",
        "_written",
    )

    def __init__(
        self,
        mirror: Mirror,
        rules: RuleTable,
        actor: Actor,
        may_write_as: MayWriteAs,
        limits: Limits,
    ) -> None:
        self._mirror = mirror
        self._find = mirror.find
        self._rules = rules
        self._actor = actor
        self._may_write_as = may_write_as
        self._limits = limits
        self._trial: dict[tuple[str, str], Record] = {}
        self._clocks: dict[int, list[Record]] = {}
        self._written: list[tuple[str, str]] = []
        self._killed: list[Id] = []
        self._to_order = 0
        self._hindsight: Hindsight | None = None

    def facts(self, root: str, key: str) -> Facts | None:
        """The view rules judge by (sync.rules.View)."""
        place = (root, key)
        record = self._trial.get(place) or self._find(place)
        return None if record is None or record.dead else record.facts

    def judge(self, data: bytes, update: Update) -> Accepted | Duplicate:
        _check_joined(update)
        self._to_order = _ORDERED + len(data)
        sections, trimmed = self._new_sections(update.sections)
        if len(sections) == 1:
            section = sections[0]
            placed = self._begin(section)
            for item in section.items:
                self._judge_item(section.client, item, placed)
        elif sections:
            self._judge_interleaved(sections)
        if self._hindsight is not None:
            self._hindsight.judge(self, self._mirror, self._rules, self._actor, self._written)
        trial = self._trial
        touched = [place for place, record in trial.items() if record.dead]
        if update.deletes:
            touched = self._judge_deletes(update, touched)
        for place in touched:
            if trial[place].dead:
                self._rules[place[0]].remove(self, self._actor, place[1])
                self._written.append(place)
        if not sections and not self._killed:
            return DUPLICATE
        if trimmed:
            killed = self._killed + _deleted_with(sections, update)
            update = Update(tuple(sections), as_deletes(killed))
            data = join_updates([update])
        elif not sections and len(update.deletes) and self._limits.sections > 1:
            data = encode_deletion(self._killed)
            update = Update((), as_deletes(self._killed))
        return Accepted(data, update, list(trial.values()), self._clocks, self._written)

    def _new_sections(self, sections: tuple[Section, ...]) -> tuple[list[Section], bool]:
        """Keep what lies at or above the next clock of each client id."""
        fresh: list[Section] = []
        trimmed = False
        for section in sections:
            expected = self._mirror.next_clock(section.client)
            if self._limits.sections > 1 and section.end <= expected:
                # Stock clients may say what everybody knows: pycrdt's Provider sends back whatever
                # it receives.
                self._check_repeated(section)
                trimmed = True
                continue
            if not self._may_write_as(section.client):
                raise Refused(RejectCode.FOREIGN_CLIENT, f"client id {section.client} is not yours")
            if section.clock == expected:
                fresh.append(section)
            elif section.end <= expected:
                self._check_repeated(section)
                trimmed = True
            elif section.clock > expected:
                raise Refused(
                    RejectCode.CLOCK_GAP, f"clock {section.clock} where {expected} is next"
                )
            elif self._limits.sections == 1:
                raise Refused(RejectCode.CLOCK_GAP, f"partly below clock {expected}, which is next")
            else:
                fresh.append(_trim(section, expected))
                trimmed = True
        # A few bytes can stand for any number of items that were deleted before they were sent.
        items = 0
        for section in fresh:
            items += section.end - section.clock
        if items > self._limits.structs:
            raise Malformed("too many items")
        return fresh, trimmed

    def _check_repeated(self, section: Section) -> None:
        """What is known already must be known under the same keys.

        Acknowledging another operation as a duplicate would lose it without a word.
        """
        for item in section.items:
            known = self._mirror.locate((section.client, item.clock))
            if item.origin is None:
                same = known is self._mirror.record(item.root, item.key)
            else:
                same = known is self._mirror.locate(item.origin)
            if not same:
                if not self._may_write_as(section.client):
                    raise Refused(
                        RejectCode.FOREIGN_CLIENT, f"client id {section.client} is not yours"
                    )
                raise Refused(RejectCode.CLOCK_GAP, f"clock {item.clock} is another operation's")

    def _begin(self, section: Section) -> list[Record]:
        placed = self._clocks[section.client] = []
        return placed

    def _judge_interleaved(self, sections: list[Section]) -> None:
        """Several sections may refer to each other in any order."""
        for section in sections:
            self._begin(section)
        interleaving = Interleaving(
            lambda origin: self._locate(origin) is not None,
            lambda item: item.root in self._rules and self._rules[item.root].is_tombstone,
            lambda client, item: self._judge_item(client, item, self._clocks[client]),
        )
        interleaving.judge(sections)

    def _locate(self, item: Id) -> Record | None:
        """The record an item belongs to, in the mirror or placed earlier by this update."""
        record = self._mirror.locate(item)
        if record is not None:
            return record
        placed = self._clocks.get(item[0])
        if placed is None:
            return None
        index = item[1] - self._mirror.next_clock(item[0])
        return placed[index] if 0 <= index < len(placed) else None

    def _judge_item(self, client: int, item: Item, placed: list[Record]) -> None:
        """Judge one item; `placed` are those of the same client before it."""
        clock, length, origin, root, key, values, _ = item
        if origin is not None:
            found = self._locate(origin)
            if found is None:
                raise Refused(RejectCode.UNKNOWN_ORIGIN, f"item {origin} is not known")
            place = (found.root, found.key)
        else:
            place = (root, key)
            found = self._find(place)
        rule = self._rules.get(place[0])
        if rule is None:
            raise Refused(RejectCode.FOREIGN_TYPE, f"no root {place[0][:20]!r}")
        record = self._trial.get(place)
        if record is None:
            record = Record(*place, -1) if found is None else found.copy()
        for step in range(length):
            behind = record.behind(origin, STALE_ITEMS)
            self._to_order -= behind
            if behind > STALE_ITEMS or self._to_order < 0:
                raise Refused(RejectCode.STALE, "behind a value overtaken too often")
            if values is not None:
                value, written = values[step], self._written
                try:
                    facts = rule.write(self, self._actor, place[1], value)
                except Refused as refused:
                    if self._hindsight is None:
                        self._hindsight = Hindsight()
                    facts = self._hindsight.defer(refused, self, rule, place, value, len(written))
                written.append(place)
            if record.insert(client, clock, origin):
                record.dead = values is None
                if values is not None:
                    record.facts = facts
            self._trial[place] = record
            placed.append(record)
            origin = (client, clock)
            clock += 1

    def _judge_deletes(self, update: Update, dead: list[tuple[str, str]]) -> list[tuple[str, str]]:
        """Apply the delete set to the trial copies; answer the keys whose value may be gone, the
        `dead` among them."""
        touched = dict.fromkeys(dead)
        left = self._limits.deleted_items
        for client, ranges in update.deletes:
            for first, end in ranges:
                left -= end - first
                if left < 0:
                    raise Malformed("deletes too many items")
                for clock in range(first, end):
                    item = (client, clock)
                    found = self._locate(item)
                    if found is None:
                        raise Refused(RejectCode.UNKNOWN_DELETE, f"item {item} is not known")
                    place = (found.root, found.key)
                    record = self._trial.get(place, found)
                    if record.dead or not record.ends_with(client, clock):
                        continue
                    if record is found and place not in self._trial:
                        record = self._trial[place] = found.copy()
                    record.dead = True
                    self._killed.append(item)
                    touched[place] = None
        return list(touched)


def _check_joined(update: Update) -> None:
    """Refuse an item of several values that lives.

    Engines hold it as one item whose values live and die together, which no client needs: only
    values that were overtaken in one transaction, and are deleted with it, come so joined.
    """
    deleted = dict(update.deletes)
    for section in update.sections:
        for item in section.items:
            if item.length > 1 and item.values is not None:
                ranges = deleted.get(section.client, ())
                place = bisect_right(ranges, (item.clock, MAX_UINT)) - 1
                if place < 0 or ranges[place][1] < item.clock + item.length:
                    raise Refused(RejectCode.BAD_VALUE, "several values in one living item")


def _deleted_with(sections: list[Section], update: Update) -> list[Id]:
    """What an update deletes of its own sections: also values that others overtook there, which
    would else live on in engines where nobody sees them."""
    deleted = dict(update.deletes)
    return [
        (section.client, clock)
        for section in sections
        for first, end in deleted.get(section.client, ())
        for clock in range(max(first, section.clock), min(end, section.end))
    ]


def _trim(section: Section, clock: int) -> Section:
    """Cut off the items below `clock`, which must fall between two items."""
    for index, item in enumerate(section.items):
        if item.clock == clock:
            body = section.body[item.offset - section.start :]
            items = section.items[index:]
            return Section(section.client, clock, section.end, len(items), body, items, item.offset)
    raise Refused(RejectCode.CLOCK_GAP, f"clock {clock} is next, inside an item")
