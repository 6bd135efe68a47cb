"""The text every store can keep."""

from __future__ import annotations

from crdtchat.stores.base import Append, Token


def require_text(*values: str) -> None:
    """Refuse text that some database cannot hold: U+0000 and lone surrogates.

    Raises `ValueError`. Ids come from URLs and JSON, where both can be written; one store refusing
    them in the middle of a commit would take the other documents of the commit down with it.
    """
    for value in values:
        if not value.isascii():
            value.encode()  # UnicodeEncodeError is a ValueError
        if "\0" in value:
            raise ValueError("a stored id or name contains U+0000: refuse it where it comes in")


def require_append_text(append: Append) -> None:
    """`require_text` for everything in `append`."""
    require_text(*append.key)
    for entry in append.entries:
        require_text(entry.principal)
    for lease in append.leases:
        require_text(lease.user, lease.nonce)


def token_texts(token: Token) -> tuple[str, ...]:
    """All text of a token that a store keeps."""
    return (token.id, token.tenant, token.role, token.user, token.name, token.pages)
