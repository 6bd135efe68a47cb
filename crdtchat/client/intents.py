"""Operations as intents: what records are to be, told apart from the CRDT items that say it.

Items belong to one client id at one clock; after a reject, under another lease or in a new epoch
they are worthless. An intent can be written again at any time, so it is what the outbox keeps.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from crdtchat.document import schema
from crdtchat.document.records import read_anchor, read_comment, read_moderation, read_status
from crdtchat.document.replica import Write
from crdtchat.sync.codes import RejectCode
from crdtchat.sync.update import Value

Get = Callable[[str, str], Value | None]
"""The value of (root, key) now; None if it holds none."""

LATER = frozenset({RejectCode.UNAVAILABLE, RejectCode.RATE_LIMITED})
"""Refusals after which to wait before the operation is sent again."""
_AGAIN = LATER | {RejectCode.STALE}
"""Refusals of the moment."""


@dataclass(slots=True)
class Operation:
    """One transaction of this client."""

    broadcast_id: bytes
    at: int
    """When it was made, in milliseconds since 1970."""
    intents: tuple[Write, ...]
    user: str = ""
    """Who signs it; empty until the first welcome says who this client is."""
    update: bytes = b""
    """Its bytes, once written under a leased id."""
    clock: int = 0
    """Next clock of the leased id before it was written."""
    end: int = 0
    """The same behind it."""
    sent: bool = False
    """Whether it may have reached a server."""
    waited: bool = False
    """Whether it could not be sent at once: others may have written meanwhile."""
    redated: bool = False
    """Whether it bears another time than when it was made: what is there cannot be compared."""
    misdated: bool = False
    """Whether the server refused it as dated ahead of its clock: it is sent once more."""

    def waits_after(self, code: RejectCode | str) -> bool:
        """Note a refusal; answers whether the operation is to be replayed after it."""
        misdated = code == RejectCode.FUTURE and not self.misdated
        self.misdated = self.misdated or misdated
        return misdated or code in _AGAIN

    def sign(self, user: str) -> None:
        """Fill in the author, once it is known."""
        self.user = user
        self.intents = tuple(_signed(write, user) for write in self.intents)

    @property
    def size(self) -> int:
        """Upper bound of its update's bytes."""
        return sum(_size(write) for write in self.intents)

    @property
    def deletes(self) -> bool:
        """Whether all it does is to delete records."""
        return all(root == schema.TOMBSTONES for root, _, _ in self.intents)


def held(get: Get, write: Write, *, late: bool = True, redated: bool = False) -> bool:
    """Whether the document holds this write, or, for one that comes late, what overtook it.

    Such a write is not made again: a lost ack must not bring an old wording back. Of two edits, or
    two changes of state, the later one by its own time wins; words that a person chose win over
    those that a program followed. What is written at once, knowing what is there, is not compared
    by time: clocks differ. Nor is what was dated anew, which came after what is there.
    """
    root, key, value = write
    present = get(root, key)
    if present is None or value is None:
        return present is value
    if present == value or not late:
        return present == value
    match root:
        case schema.COMMENTS:
            there, ours = read_comment(present), read_comment(value)
            if there is None or ours is None or (redated and ours.edited):
                return False
            return there.edited >= ours.edited
        case schema.STATUSES:
            state, new = read_status(present), read_status(value)
            return state is not None and new is not None and not redated and state.at > new.at
        case schema.ANCHORS:
            anchored, again = read_anchor(present), read_anchor(value)
            if anchored is None or again is None or anchored.followed > again.followed:
                return False
            return not redated and anchored.at > again.at
        case schema.MODERATION:
            verdict, decided = read_moderation(present), read_moderation(value)
            if verdict is None or decided is None or redated:
                return False
            return verdict.at > decided.at
        case schema.REACTIONS:
            return False
    return True


def obstacle(get: Get, operation: Operation) -> RejectCode | None:
    """Why an operation can no longer be written, as the server would say it; or None."""
    own = {key for root, key, _ in operation.intents if root == schema.ANNOTATIONS}
    for root, key, _ in operation.intents:
        aid, _, rest = key.partition("/")
        if get(schema.TOMBSTONES, aid) is not None:
            return RejectCode.DELETED
        if aid not in own and get(schema.ANNOTATIONS, aid) is None:
            return RejectCode.UNKNOWN_ANNOTATION
        if rest and get(schema.TOMBSTONES, f"{aid}/{rest.partition('/')[0]}") is not None:
            return RejectCode.DELETED
        if root == schema.REACTIONS and get(schema.COMMENTS, key.rpartition("/")[0]) is None:
            return RejectCode.UNKNOWN_COMMENT
    return None


def attained(operation: Operation, code: RejectCode | str) -> bool:
    """Whether a refusal says that the operation's aim is reached already.

    A delete of what was deleted; an annotation whose id is taken because an earlier sending of the
    same operation was accepted (its ack was lost, and the id is random).
    """
    if code == RejectCode.DELETED:
        return operation.deletes
    return code == RejectCode.EXISTS and operation.sent


def _signed(write: Write, user: str) -> Write:
    root, key, value = write
    if root == schema.REACTIONS and key.endswith("/"):
        return root, key + user, value
    if isinstance(value, tuple):
        at = 1 if root in (schema.STATUSES, schema.MODERATION) else 0
        if value[at] == "":
            return root, key, (*value[:at], user, *value[at + 1 :])
    return write


def _size(write: Write) -> int:
    root, key, value = write
    parts = value if isinstance(value, tuple) else (value or "",)
    texts = sum(len(part.encode()) for part in parts if isinstance(part, str))
    return 64 + len(root) + len(key.encode()) + texts + 12 * len(parts)
