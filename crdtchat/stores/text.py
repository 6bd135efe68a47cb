"""The text every store can keep."""

from __future__ import annotations

from collections.abc import Sequence

from crdtchat.stores.base import Append, PageVersion, StoreError, Token
from crdtchat.stores.hooking import Webhook
from crdtchat.sync.effects import Deed


def require_text(*values: str) -> None:
    """Refuse text that some database cannot hold: U+0000 and lone surrogates.

    Raises `StoreError` (no retry). Ids come from URLs and JSON, where both can be written; a
    database that meets them in the middle of a commit would fail in its own way.
    """
    for value in values:
        if "\0" in value or not (value.isascii() or _is_unicode(value)):
            raise StoreError(
                "An id or name holds U+0000 or a lone surrogate, which no database keeps: "
                "refuse it where it comes in.",
                retry=False,
            )


def _is_unicode(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def require_append_text(append: Append) -> None:
    """`require_text` for everything in `append`."""
    require_text(*append.key)
    for entry in append.entries:
        require_text(entry.principal)
    for lease in append.leases:
        require_text(lease.user, lease.nonce)
    require_text(*deed_texts(append.deeds))
    for notice in append.notices:
        event = notice.event
        require_text(notice.id, event.aid, event.cid, event.by, *notice.webhooks)


def deed_texts(deeds: Sequence[Deed]) -> list[str]:
    """All text of audit lines that a store keeps."""
    return [text for deed in deeds for text in (deed.who, deed.role, deed.action, deed.target)]


def token_texts(token: Token) -> tuple[str, ...]:
    """All text of a token that a store keeps."""
    return (token.id, token.tenant, token.role, token.user, token.name, token.pages)


def version_texts(version: PageVersion) -> tuple[str, ...]:
    """All text of a page version that a store keeps as text."""
    return (version.name, version.by)


def webhook_texts(webhook: Webhook) -> tuple[str, ...]:
    """All text of a webhook that a store keeps."""
    named = (webhook.id, webhook.tenant, webhook.url, webhook.pages)
    return (*named, *webhook.secrets, *webhook.events)
