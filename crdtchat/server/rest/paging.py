"""Parts of a list: `limit`, and the place behind which a part begins.

A place is the key of a row, not a number of rows: whatever is written or deleted between two
requests, none is told twice or left out for it.
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any

from starlette.requests import Request

from crdtchat.server.problem import Problem
from crdtchat.server.rest.asking import number

MOST = 1_000
"""Rows in one answer."""
_LARGEST = 2**53
Key = tuple[int | str, ...]


def limit_of(request: Request) -> int:
    """How many rows are wanted. Raises Problem."""
    return number(request, "limit", MOST, range(1, MOST + 1))


def place_of(key: Key) -> str:
    """The place of a row, as the next request names it."""
    text = json.dumps(key, ensure_ascii=False, separators=(",", ":"))
    return urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


def key_at(request: Request, name: str, *kinds: type) -> Any:
    """The key of the place that a request names, of values of these types; None where it names
    none. Raises Problem."""
    text = request.query_params.get(name)
    if text is None:
        return None
    try:
        key = json.loads(urlsafe_b64decode(f"{text}{'=' * (-len(text) % 4)}"))
    except (ValueError, RecursionError):
        key = None
    is_key = isinstance(key, list) and [type(one) for one in key] == list(kinds)
    if not is_key or not all(map(_is_kept, key)):
        raise Problem(400, f"{name} is a place that an earlier answer named")
    return tuple(key)


def _is_kept(value: int | str) -> bool:
    """Whether a store may be asked for it."""
    if isinstance(value, int):
        return 0 <= value < _LARGEST
    return "\x00" not in value and value.encode(errors="ignore").decode() == value
