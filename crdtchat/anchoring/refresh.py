"""When what is stored about a passage is renewed, so that small edits of a page never add up.

A passage that was surely found, among other words than are stored, is stored anew: its words and
surroundings as they stand now. Only its author and moderators may; the author's client goes first,
moderators' clients wait for a random while, and whoever hears that it is done has nothing to do. So
of any number of open clients about one writes. The widget follows the same rule.
"""

from __future__ import annotations

from crdtchat.anchoring.results import Anchored, Anchoring
from crdtchat.anchoring.selectors import Selectors, describe

SURE = 0.99
"""How certain a place must be before it is stored."""
NEAR_CP = 64
"""Nearest context, in code points, that is as good as all of it."""
REST_MS = 5_000
"""How long a page's text has stood still before anything is renewed."""
MODERATOR_WAIT_MS = 60_000
"""Over how long moderators' clients spread themselves."""
SELDOM_MS = 600_000
"""Readers who are served different texts do not renew each other's work all day."""


def renewed(
    text: str, stored: Selectors, found: Anchoring, *, made_on: Selectors | None = None
) -> Selectors | None:
    """The selectors to store for a passage that was found in `text`; None: leave what is stored.

    stored: what it was found by; made_on: what the annotation was made on, if that is another.
    Offsets alone are no reason: they are a hint.
    """
    if not isinstance(found, Anchored) or found.score < SURE:
        return None
    fresh = describe(text, found.start_cp, found.end_cp)
    known = (stored,) if made_on is None else (stored, made_on)
    return None if any(_alike(fresh, one) for one in known) else fresh


def is_due(*, stored_at: int, followed: bool, text_since: int) -> bool:
    """Whether it may be renewed at all, by times in milliseconds since 1970.

    stored_at: when it was made or last attached (`followed`: by a program); text_since: since when
    the page has shown this text. What was stored after that was stored by one who saw it, or a
    newer text.
    """
    return stored_at + (SELDOM_MS if followed else 0) < text_since


def wait_ms(chance: float, *, is_author: bool) -> float:
    """How long a client waits before it renews what is still due; `chance` is random in [0, 1)."""
    return REST_MS + (0.0 if is_author else chance * MODERATOR_WAIT_MS)


def _alike(fresh: Selectors, known: Selectors) -> bool:
    return (
        fresh.exact == known.exact
        and fresh.prefix[-NEAR_CP:] == known.prefix[-NEAR_CP:]
        and fresh.suffix[:NEAR_CP] == known.suffix[:NEAR_CP]
    )
