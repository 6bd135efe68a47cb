"""Words of others, as they may stand in a report or on a terminal."""

from __future__ import annotations

import json


def printable(text: str) -> str:
    """The text with what is no sign as JSON escapes it: line ends, what commands a terminal, what
    turns the direction of writing. So it stays JSON if it was."""
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() else json.dumps(one)[1:-1] for one in text)
