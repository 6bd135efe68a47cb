"""After a backup took the place of a log: every replica begins anew.

Those who were there hold more than the backup does, under numbers that are about to be given again:
what is written next would be taken for what they have. In a new epoch they drop what they hold.
"""

from __future__ import annotations

import secrets

from crdtchat.host.erasing import rebuild_document
from crdtchat.stores.base import DocumentKey, Store

_LEAP = 2**14
"""Epochs that a page may leap over: nobody may have been in the new one already, neither after
erasures that the backup does not know of, nor after the same backup took this place before."""


async def begin_anew(store: Store, key: DocumentKey) -> None:
    """Begin a new epoch of a page, whose content stays. Raises StoreError."""
    await rebuild_document(
        store, key, lambda content, loaded: content, leap=_LEAP // 2 + secrets.randbelow(_LEAP // 2)
    )
