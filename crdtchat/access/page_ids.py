"""What a page may be called."""

from __future__ import annotations

PAGE_CHARACTERS = 2_048
NO_PAGE_ID = "the page id is empty, too long or holds U+0000"


def is_page_id(text: str) -> bool:
    """Whether it is 1 to `PAGE_CHARACTERS` characters, and none of them U+0000, which databases do
    not keep."""
    return 0 < len(text) <= PAGE_CHARACTERS and "\x00" not in text
