"""The replica of one page together with what this client is still to write into it."""

from __future__ import annotations

from crdtchat.client.intents import Operation, held
from crdtchat.client.news import State
from crdtchat.client.outbox import Outbox
from crdtchat.document.replica import Replica, Write
from crdtchat.document.schema import ROOTS
from crdtchat.sync.limits import TRUSTED
from crdtchat.sync.statevector import decode_state_vector
from crdtchat.sync.update import Value


class WorkingCopy:
    """Reads see the operations that wait; the replica itself does not hold them.

    Methods that touch the replica raise EngineFailure, after which it must be replaced.
    """

    def __init__(self, outbox: Outbox) -> None:
        self.version = 0
        """Grows whenever what `values` answers may have changed."""
        self._outbox = outbox
        self._replica = Replica()
        self._client = 0
        """Leased id that the replica writes under; 0: none yet."""
        self._newest: dict[tuple[str, str], Value | None] = {}
        """What waits, by root and key, as of `_newest_at`: who writes offline asks for it often."""
        self._newest_at = -1

    def values(self, root: str) -> dict[str, Value]:
        """Values of a root, with what waits to be written."""
        values = self._replica.values(root)
        for operation in self._outbox.waiting:
            for place, key, value in operation.intents:
                if place != root:
                    continue
                if value is None:
                    values.pop(key, None)
                else:
                    values[key] = value
        return values

    def get(self, root: str, key: str) -> Value | None:
        """One value, with what waits to be written."""
        if self._newest_at != self.version:
            self._newest = {}
            for operation in self._outbox.waiting:
                self._note(operation)
            self._newest_at = self.version
        if (root, key) in self._newest:
            return self._newest[root, key]
        return self._replica.get(root, key)

    def written(self, root: str, key: str) -> Value | None:
        """One value of the replica itself."""
        return self._replica.get(root, key)

    def content(self) -> State:
        """All values of the replica itself."""
        return {root: self._replica.values(root) for root in ROOTS}

    def state(self) -> bytes:
        """The replica as one update, without what waits."""
        return self._replica.state()

    def state_vector(self) -> bytes:
        """What the replica has."""
        return self._replica.state_vector()

    def next_clock(self) -> int:
        """Next clock of the leased id."""
        vector = decode_state_vector(self._replica.state_vector(), TRUSTED)
        return vector.get(self._client, 0)

    def changed(self) -> None:
        """What waits has changed."""
        self.version += 1

    def appended(self, operation: Operation) -> None:
        """One more waits, behind all others."""
        if self._newest_at == self.version:
            self._note(operation)
            self._newest_at += 1
        self.version += 1

    def _note(self, operation: Operation) -> None:
        self._newest.update({(root, key): value for root, key, value in operation.intents})

    def apply(self, update: bytes) -> None:
        """Apply what the server sent."""
        self.version += 1
        self._replica.apply(update)

    def replace(self, update: bytes, client: int) -> None:
        """Drop the replica for the server's state, and what it accepted but has not sent."""
        self.version += 1
        fresh = Replica(client=client)
        fresh.apply(update)
        for operation in self._outbox.written:
            fresh.apply(operation.update)
        self._replica, self._client = fresh, client

    def write_under(self, client: int) -> None:
        """Go on under another leased id. The engine fixes a replica's id when it is made."""
        if client != self._client:
            fresh = Replica(client=client)
            fresh.apply(self._replica.state())
            self._replica, self._client = fresh, client

    def holds(self, operation: Operation) -> bool:
        """Whether the replica has all that the operation writes, or what overtook it."""
        return not self._missing(operation)

    def write(self, operation: Operation) -> None:
        """Write what is missing of an operation and keep its bytes in it."""
        self.version += 1
        operation.clock = self.next_clock()
        operation.update = self._replica.write(self._missing(operation))
        operation.end = self.next_clock()

    def _missing(self, operation: Operation) -> list[Write]:
        late = operation.sent or operation.waited
        get, redated = self._replica.get, operation.redated
        return [
            write for write in operation.intents if not held(get, write, late=late, redated=redated)
        ]
