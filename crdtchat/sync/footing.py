"""What verdicts stand on: the mirror, folded from the committed document when it is first needed.

Folding a large page takes longer than all else that its first visitor waits for, and who reads
needs none of it. Until then the document says which clock is next.
"""

from __future__ import annotations

from typing import Protocol

from crdtchat.sync.codes import Malformed
from crdtchat.sync.fold import FoldError, fold
from crdtchat.sync.limits import TRUSTED
from crdtchat.sync.mirror import Mirror
from crdtchat.sync.rules import RuleTable
from crdtchat.sync.statevector import decode_state_vector, encode_state_vector


class Committed(Protocol):
    """What is committed of a document."""

    def state(self) -> bytes:
        """All of it as one update."""

    def state_vector(self) -> bytes:
        """What it has."""


class Footing:
    """While there is no mirror nothing is written: the document stays as it is."""

    def __init__(self, document: Committed, rules: RuleTable) -> None:
        self._document = document
        self._rules = rules
        self._mirror: Mirror | None = None
        self._vector: tuple[dict[int, int], bytes] | None = None
        """The document's, and its bytes, while there is no mirror: a thousand may ask at once."""

    @property
    def mirror(self) -> Mirror:
        """All that is known of the document.

        Raises FoldError if it is not one that a verifier let through: it must be given up.
        """
        if self._mirror is None:
            mirror = Mirror()
            try:
                fold(self._document.state(), mirror, self._rules)
            except Malformed as error:
                raise FoldError(error.reason) from error
            self._mirror, self._vector = mirror, None
        return self._mirror

    def next_clock(self, client: int) -> int:
        """The clock that the next item of `client` must have."""
        if self._mirror is None:
            return self._committed()[0].get(client, 0)
        return self._mirror.next_clock(client)

    def encoded_vector(self) -> bytes:
        """The next clock of every client id, for the wire."""
        if self._mirror is None:
            return self._committed()[1]
        return self._mirror.encoded_vector()

    def forget(self) -> None:
        """Go back to what is committed."""
        self._mirror = None

    def _committed(self) -> tuple[dict[int, int], bytes]:
        if self._vector is None:
            vector = decode_state_vector(self._document.state_vector(), TRUSTED)
            self._vector = vector, encode_state_vector(vector)
        return self._vector
