"""The name of a document."""

from __future__ import annotations

from typing import NamedTuple


class DocumentKey(NamedTuple):
    """Names one document. A tuple, never a joined string: no page id can reach another tenant."""

    tenant: str
    page: str
    scope: str = ""
