"""Why a request failed, in words for people."""

from __future__ import annotations

from tornado.web import HTTPError


def words_of(error: object) -> str:
    """What an error says; empty for one that says nothing to people.

    Tornado keeps it as a format, with each `%` twice: those of file names and URLs, too.
    """
    if not isinstance(error, HTTPError) or not error.log_message:
        return ""
    return str(error.log_message % error.args)
