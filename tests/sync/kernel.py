"""A verifier with a mirror and a live document, and shorthand for writing to them."""

from __future__ import annotations

from crdtchat.document.replica import Replica
from crdtchat.document.rules import RULES
from crdtchat.sync.encode import encode_deletion, encode_write
from crdtchat.sync.limits import OPERATION, Limits
from crdtchat.sync.mirror import Mirror
from crdtchat.sync.rules import Actor
from crdtchat.sync.update import Id, Value
from crdtchat.sync.verifier import Accepted, Duplicate, integrate, verify
from crdtchat.testing.engine_view import view_of_mirror, view_of_state

NOW = 1_800_000_000_000
CLIENTS = {"ann": 10, "bob": 11, "mod": 12, "eve": 13}
TARGET = ("the words", "before ", " after", 7, 16)


class Kernel:
    """What a room's verifier sees, without a room."""

    def __init__(self) -> None:
        self.mirror = Mirror()
        self.replica = Replica(client=1)
        self.now = NOW

    def judge(
        self,
        user: str,
        data: bytes,
        *,
        may_comment: bool = True,
        limits: Limits = OPERATION,
        client: int | None = None,
    ) -> Accepted | Duplicate:
        """Judge under the user's client id; what is accepted is applied everywhere."""
        verdict = verify(
            data,
            mirror=self.mirror,
            rules=RULES,
            actor=Actor(user, self.now, may_comment, user == "mod", user == "server"),
            may_write_as={CLIENTS.get(user, 1) if client is None else client}.__contains__,
            limits=limits,
        )
        if isinstance(verdict, Accepted):
            integrate(verdict, self.mirror)
            self.replica.apply(verdict.data)
            assert view_of_mirror(self.mirror) == view_of_state(self.replica.state())
        return verdict

    def last(self, root: str, key: str) -> Id | None:
        """The item a key holds."""
        record = self.mirror.record(root, key)
        return None if record is None else record.last

    def encode(
        self, user: str, root: str, key: str, value: Value, *, origin: Id | None = None
    ) -> bytes:
        """Encode a write under the user's id at its next clock, behind what the key holds."""
        client = CLIENTS.get(user, 1)
        return encode_write(
            client,
            self.mirror.next_clock(client),
            root=root,
            key=key,
            value=value,
            origin=origin or self.last(root, key),
        )

    def write(self, user: str, root: str, key: str, value: Value) -> Accepted | Duplicate:
        """Write as an honest client does."""
        return self.judge(user, self.encode(user, root, key, value))

    def remove(self, user: str, root: str, key: str) -> Accepted | Duplicate:
        """Delete a key's value."""
        item = self.last(root, key)
        assert item is not None
        return self.judge(user, encode_deletion([item]))

    def thread(self) -> None:
        """Ann annotates and comments; Bob replies."""
        self.write("ann", "a", "anno", ("ann", NOW, *TARGET))
        self.write("ann", "c", "anno/c001", ("ann", NOW, "first"))
        self.write("bob", "c", "anno/c002", ("bob", NOW, "reply", 0, "c001"))
