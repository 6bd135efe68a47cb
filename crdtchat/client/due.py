"""What a client that joins a page waits for."""

from __future__ import annotations

from enum import StrEnum


class Due(StrEnum):
    """The answer to a resync that is on its way."""

    NOTHING = ""
    DIFFERENCE = "difference"
    WHOLE = "whole"
