"""One replica of a page's document: the only door to the CRDT engine (pycrdt).

Nothing reaches the engine that `crdtchat.sync` did not verify, or this process did not write. An
engine panic derives from BaseException (PyO3); it is turned into `EngineFailure` here, in the one
place that touches the engine, and the replica must be dropped: the engine may have kept half of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pycrdt

from crdtchat.document.schema import ROOTS
from crdtchat.sync.update import Value

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

Write = tuple[str, str, Value | None]
"""Root, key, and the value to set, or None to delete the key."""


class EngineFailure(Exception):
    """The engine failed on an update: drop the replica and rebuild it from the log."""


class Replica:
    """A pycrdt document with the schema's roots open. Use it from one thread only."""

    def __init__(self, client: int | None = None) -> None:
        self._doc: pycrdt.Doc[Any] = (
            pycrdt.Doc() if client is None else pycrdt.Doc(client_id=client)
        )
        self._maps: dict[str, pycrdt.Map[Any]] = {
            root: self._doc.get(root, type=pycrdt.Map) for root in ROOTS
        }
        self._state: bytes | None = None

    @property
    def client(self) -> int:
        """The client id this replica writes under."""
        return self._doc.client_id

    def apply(self, update: bytes) -> None:
        """Apply a verified update. Raises EngineFailure; the replica is useless after it."""
        self._state = None
        with _engine():
            self._doc.apply_update(update)

    def apply_all(self, updates: Iterable[bytes]) -> None:
        """The same for many, in half the time: in one transaction."""
        self._state = None
        with _engine(), self._doc.transaction():
            for update in updates:
                self._doc.apply_update(update)

    def restore(self, state: bytes) -> None:
        """Take what `state` once answered; this replica has nothing yet. Raises EngineFailure."""
        self.apply(state)
        self._state = state

    def state(self) -> bytes:
        """The whole document as one update; computed once per version."""
        if self._state is None:
            with _engine():
                self._state = self._doc.get_update()
        return self._state

    def state_vector(self) -> bytes:
        """What this replica has."""
        with _engine():
            return self._doc.get_state()

    def difference(self, state_vector: bytes) -> bytes:
        """What a replica with `state_vector` (strictly decoded before) is missing."""
        with _engine():
            return self._doc.get_update(state_vector)

    def write(self, writes: Sequence[Write]) -> bytes:
        """Set and delete keys in one transaction; answer the update that did it."""
        updates: list[bytes] = []
        subscription = self._doc.observe(lambda event: updates.append(event.update))
        self._state = None
        try:
            with _engine(), self._doc.transaction():
                for root, key, value in writes:
                    shared = self._maps[root]
                    if value is None:
                        if key in shared:
                            del shared[key]
                    else:
                        shared[key] = value if isinstance(value, str) else list(value)
        finally:
            self._doc.unobserve(subscription)
        return updates[0] if updates else b"\x00\x00"

    def get(self, root: str, key: str) -> Value | None:
        """The value of a key, integers as ints; None if it holds none."""
        value = self._maps[root].get(key)
        return None if value is None else plain(value)

    def values(self, root: str) -> dict[str, Value]:
        """All values of a root."""
        with _engine():
            found: Mapping[str, Any] = self._maps[root].to_py() or {}
        return {key: plain(value) for key, value in found.items()}


def plain(value: Any) -> Value:
    """Engine value to schema value: the engine hands integers back as floats."""
    if isinstance(value, str):
        return value
    return tuple(int(part) if isinstance(part, float) else part for part in value)


@contextmanager
def _engine() -> Iterator[None]:
    try:
        yield
    except (ValueError, RuntimeError) as error:
        raise EngineFailure(str(error)) from error
    except BaseException as error:
        if type(error).__name__ != "PanicException":
            raise
        raise EngineFailure(f"engine panic: {error}") from error
