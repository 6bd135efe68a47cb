"""Entries that another node put into the log: they come first, and what waits here is judged anew.

Invariants (tests cite the numbers):

B1. What waits behind others' entries was judged with them in the mirror, as if it had come later.
B2. An operation is in the log once: one that others' entries hold already is answered, not queued;
    if they hold it under another client id, its author has gone on from another session.
B3. Whoever holds a client id that the log gives to somebody else writes under it no more.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from crdtchat.sync.codes import Refused, RejectCode
from crdtchat.sync.effects import LogEntry
from crdtchat.sync.encode import join_updates
from crdtchat.sync.fold import fold
from crdtchat.sync.leases import Lease
from crdtchat.sync.ledger import Ledger, Operation
from crdtchat.sync.limits import OPERATION, TRUSTED
from crdtchat.sync.retell import retell
from crdtchat.sync.rules import RuleTable
from crdtchat.sync.session import Peer
from crdtchat.sync.tuning import Moment
from crdtchat.sync.update import decode_update, judged
from crdtchat.sync.verifier import Accepted


class Overtaken(NamedTuple):
    """An operation that does not wait any more."""

    operation: Operation
    refused: Refused | None
    """Why; None: it is in the log already, or there is nothing left to do."""


class Rebased(NamedTuple):
    """What became of a room's ledger."""

    operations: list[Operation]
    """The others' entries."""
    overtaken: list[Overtaken]
    taken: set[int]
    """Client ids that were leased or bound here and belong to somebody else."""


def rebase(
    ledger: Ledger,
    rules: RuleTable,
    entries: Sequence[LogEntry],
    leases: Iterable[Lease],
    now: Moment,
) -> Rebased:
    """Take others' entries and leases into a ledger, before the document has them.

    Raises FoldError or Malformed if they are not what a verifier let through.
    """
    updates = [decode_update(entry.update, TRUSTED) for entry in entries]
    pending = ledger.take_back()
    undos = [operation.undo for operation in pending if operation.undo is not None]
    if len(undos) == len(pending):
        for undo in reversed(undos):
            ledger.mirror.undo(undo)
    else:
        # A node that knew of no others: a command wrote on the page.
        ledger.footing.forget()
    if updates:
        fold(join_updates(updates), ledger.mirror, rules)
    taken = ledger.leases.adopt(leases, now.steady)
    seen = {section.client for update in updates for section in update.sections}
    taken |= ledger.leases.saw(seen, now.steady)
    operations = [
        Operation(0, judged(update), len(entry.update), entry, retell(entry, ledger.mirror, rules))
        for entry, update in zip(entries, updates, strict=True)
    ]
    written = {(entry.principal, entry.broadcast_id) for entry in entries}
    return Rebased(operations, list(_judge_again(ledger, pending, taken, written, now)), taken)


def _judge_again(
    ledger: Ledger,
    pending: Sequence[Operation],
    taken: set[int],
    written: set[tuple[str, bytes]],
    now: Moment,
) -> Iterable[Overtaken]:
    """`written`: who wrote what others put into the log, and its broadcastId."""
    stopped: dict[int, Refused] = {}
    """Sessions that had an operation refused: what they sent behind it stands on it."""
    for operation in pending:
        peer = operation.peer
        if peer is None:
            continue  # the server's own: made anew with what it was added to
        if operation.session in stopped:
            yield Overtaken(operation, stopped[operation.session])
            continue
        if operation.leased and operation.leased in taken:
            yield Overtaken(operation, Refused(RejectCode.FOREIGN_CLIENT, "it is another's now"))
            continue
        try:
            accepted = _judge(ledger, operation, peer, now)
        except Refused as refused:
            if operation.session:
                stopped[operation.session] = refused
            yield Overtaken(operation, refused)
            continue
        if accepted is None:
            yield Overtaken(operation, None)
            continue
        if operation.leased and (peer.user, operation.entry.broadcast_id) in written:
            # Appended behind what its author did since, it would undo that.
            stopped[operation.session] = Refused(RejectCode.CLOCK_GAP, "was sent again elsewhere")
            yield Overtaken(operation, stopped[operation.session])
            continue
        ledger.accept(
            accepted,
            peer,
            now,
            session=operation.session,
            broadcast_id=operation.entry.broadcast_id,
            ticket=operation.ticket,
            leased=operation.leased,
            writes=operation.writes,
        )


def _judge(ledger: Ledger, operation: Operation, peer: Peer, now: Moment) -> Accepted | None:
    if operation.ticket:
        return ledger.judge_writes(peer, operation.writes, now)
    actor = peer.actor(now.wall)._replace(spend=None)  # paid for when it came
    if not operation.leased:
        return ledger.judge_stock(operation.entry.update, actor)
    return ledger.judge(operation.entry.update, actor, operation.leased.__eq__, OPERATION)
