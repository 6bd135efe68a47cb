"""A store that is away, in the log: told when that begins, and when it is over."""

from __future__ import annotations

import logging

from crdtchat.stores.base import StoreError


class Outage:
    """Of one thing that is tried again and again, up to four times a second: said each time it
    would bury all else, and fill a disk in a night."""

    def __init__(self, logger: logging.Logger, words: str) -> None:
        """`words`: what cannot be done meanwhile."""
        self._logger = logger
        self._words = words
        self._reason = ""

    def goes_on(self, error: StoreError) -> None:
        """It failed, as it may have before."""
        reason = str(error)
        if reason != self._reason:
            self._reason = reason
            self._logger.warning("%s: %s", self._words, reason)

    def is_over(self) -> None:
        """It was done, as it mostly is."""
        if self._reason:
            self._reason = ""
            self._logger.info("this is over: %s", self._words)
