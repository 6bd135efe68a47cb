"""Who may do what: one table."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    """What somebody is on a page, from least to most."""

    BLOCKED = "blocked"
    """Was a commenter, and reads now."""
    VIEWER = "viewer"
    COMMENTER = "commenter"
    MODERATOR = "moderator"
    OWNER = "owner"


class Action(StrEnum):
    """What is asked of the table."""

    READ = "read"
    COMMENT = "comment"
    MODERATE = "moderate"
    IMPORT = "import"
    ADMINISTER = "administer"


ALLOWED: dict[Role, frozenset[Action]] = {
    Role.BLOCKED: frozenset({Action.READ}),
    Role.VIEWER: frozenset({Action.READ}),
    Role.COMMENTER: frozenset({Action.READ, Action.COMMENT}),
    Role.MODERATOR: frozenset({Action.READ, Action.COMMENT, Action.MODERATE}),
    Role.OWNER: frozenset(Action),
}


def binding(own: Role, given: Role | None) -> Role:
    """The role that counts of somebody whose token says `own`, where an operator or a moderator
    gave them another. A block is a moderator's word, and owners are above moderators."""
    if given is None or (given is Role.BLOCKED and own is Role.OWNER):
        return own
    return given
