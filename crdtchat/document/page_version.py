"""Page versions: the text that annotations were made on, named by its hash (PROTOCOL section 6).

A version's name says what its text is, and stands in a record whose writer the verifier knows. So a
text counts for the records of those who named it and for nothing else, whoever it came from.
"""

from __future__ import annotations

import re
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from hashlib import sha256
from typing import Protocol

from crdtchat.document import schema
from crdtchat.document.records import read_anchor, read_annotation
from crdtchat.sync.update import Value

VERSION_BYTES = 2_097_152
"""Of the longest text kept, in UTF-8."""
VERSIONS_PER_PAGE = 64
_LETTERS = 22
"""132 bits: nobody finds two texts of one name, which would let one stand in for the other."""
_NAME = re.compile(rf"[A-Za-z0-9_-]{{{_LETTERS}}}")


class Values(Protocol):
    """Anything that knows the values of the roots."""

    def values(self, root: str) -> Mapping[str, Value]:
        """All values of a root, by key."""


def version_of(text: str | bytes) -> str:
    """Name the version whose text this is (as bytes: in UTF-8).

    The text is taken as it is, without any normalisation: offsets count its code points. Raises
    UnicodeEncodeError for half a surrogate pair.
    """
    data = text.encode() if isinstance(text, str) else text
    return name_of_digest(sha256(data).digest())


def name_of_digest(digest: bytes) -> str:
    """Name the version whose text has this SHA-256."""
    return urlsafe_b64encode(digest).decode()[:_LETTERS]


def is_version(name: str) -> bool:
    """Whether `name` is the name of a version."""
    return _NAME.fullmatch(name) is not None


def named_versions(source: Values) -> dict[str, set[str]]:
    """The versions that living records name, and who named each.

    Both what an annotation was made on and what it is about now count.
    """
    named: dict[str, set[str]] = {}
    gone = source.values(schema.TOMBSTONES)
    for aid, value in source.values(schema.ANNOTATIONS).items():
        head = read_annotation(value)
        if head is not None and head.target.version and aid not in gone:
            named.setdefault(head.target.version, set()).add(head.author)
    for aid, value in source.values(schema.ANCHORS).items():
        anchor = read_anchor(value)
        if anchor is not None and anchor.target.version and aid not in gone:
            named.setdefault(anchor.target.version, set()).add(anchor.by)
    return named
