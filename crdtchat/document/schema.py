"""The page's document: roots, keys, values and their bounds (PROTOCOL section 3).

Version 1. Positions of a value may be added behind the last one, never re-meant; a change that old
clients cannot read raises `SCHEMA_VERSION` and needs a migration into a new epoch.
"""

from __future__ import annotations

import re

SCHEMA_VERSION = 1

ANNOTATIONS = "a"
COMMENTS = "c"
STATUSES = "s"
REACTIONS = "r"
TOMBSTONES = "d"
USERS = "u"
ANCHORS = "t"
MODERATION = "m"
ROOTS = (ANNOTATIONS, COMMENTS, STATUSES, REACTIONS, TOMBSTONES, USERS, ANCHORS, MODERATION)

EXACT_CP = 8_192
CONTEXT_CP = 128
COMMENT_CP = 10_000
PART_CP = 512
VERSION_CP = 64
REACTION_CP = 64
NAME_CP = 128
USER_CP = 128
FUTURE_MS = 300_000
"""How far ahead of the server's clock a record may be dated."""

TARGET_KINDS = frozenset({"", "text", "source", "rendered", "output", "cell", "page"})
WHOLE_KINDS = frozenset({"cell", "output", "page"})
"""Kinds whose target may be the whole, without quoted words."""

OPEN, RESOLVED = 0, 1
HIDDEN, LOCKED = 1, 2
"""Flags of a value of `m`, which add up."""

_ID = re.compile(r"[A-Za-z0-9_-]{4,22}")
_PAIR = re.compile(r"([A-Za-z0-9_-]{4,22})/([A-Za-z0-9_-]{4,22})")
_USER = re.compile(r"[^/\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]{1,128}")
_PROTOTYPE = "__proto__"
"""A key that JavaScript objects treat apart."""


IMPORT_PREFIX = "import:"
"""User ids of people of elsewhere begin so; nobody who signs in has one."""


def is_imported(user: str) -> bool:
    """Whether a user id names somebody whose words were imported."""
    return user.startswith(IMPORT_PREFIX)


def is_id(text: str) -> bool:
    """Whether `text` is an annotation or comment id."""
    return _ID.fullmatch(text) is not None and text != _PROTOTYPE


def is_user(text: str) -> bool:
    """Whether `text` is a user id: short, printable, without the separator `/`.

    JSON can spell half a surrogate pair, which no database keeps.
    """
    return _USER.fullmatch(text) is not None and text != _PROTOTYPE


def split_ids(key: str) -> tuple[str, str] | None:
    """Split the key of a comment, annotation/comment; None if it is not one."""
    found = _PAIR.fullmatch(key)
    if found is None or _PROTOTYPE in (found[1], found[2]):
        return None
    return found[1], found[2]
