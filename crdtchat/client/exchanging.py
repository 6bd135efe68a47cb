"""A page's annotations out of the server and in, for owners (docs/exchange.md)."""

from __future__ import annotations

import json

from crdtchat.client.api import Answer, Api
from crdtchat.client.errors import RequestFailed
from crdtchat.client.place import well_formed
from crdtchat.document.tally import Tally, read_report

_PATIENCE_S = 600.0
"""For thousands of annotations, each of which the server verifies."""
_MOST = 1_073_741_824


class Exchanging:
    """The share of `Page` that asks the server for everything, or brings it much."""

    _api: Api

    async def export_json(self) -> str:
        """All that the server has of the page, as `crdtchat export` writes it. For owners.

        Raises RequestFailed.
        """
        answer = await self._api.request("GET", "export", patience_s=_PATIENCE_S, most=_MOST)
        return _good(answer).decode()

    async def import_json(self, text: str, *, dry_run: bool = False) -> Tally:
        """Bring annotations of elsewhere onto the page; answers what was new, known and refused.

        text: an export, or what other programs wrote: W3C annotations, Hypothesis, Recogito.
        dry_run: write nothing, and answer what would have been. What is there already stays as it
        is, so it may be repeated. For owners. Raises RequestFailed, and InvalidRecord (a
        ValueError) for half a surrogate pair.
        """
        answer = await self._api.request(
            *("POST", "import", well_formed(text, "the text").encode()),
            kind="application/json",
            patience_s=_PATIENCE_S,
            dryRun="true" if dry_run else "false",
        )
        return read_report(json.loads(_good(answer)))


def _good(answer: Answer) -> bytes:
    if answer.status == 200:
        return answer.body
    try:
        detail = str(json.loads(answer.body)["detail"])
    except (ValueError, KeyError, TypeError):
        detail = "no answer" if not answer.status else "no reason given"
    raise RequestFailed(answer.status, detail)
