"""`crdtchat audit`: a tenant's audit log as JSON lines."""

from __future__ import annotations

import json
import sys
from typing import Any

from crdtchat.document.printable import printable
from crdtchat.server.printing import speak_utf8
from crdtchat.server.rest.audit import ALWAYS, audit_json
from crdtchat.server.rest.paging import MOST
from crdtchat.server.settings import Settings
from crdtchat.server.upkeep import require_tenant, run_on_store
from crdtchat.stores.base import Store


def print_audit(settings: Settings, flags: dict[str, Any]) -> int:
    """Print the whole log, or that of one page, oldest first. Answers the exit status."""

    speak_utf8()

    async def work(store: Store) -> None:
        after = 0
        while True:
            lines = await store.deeds(
                flags["tenant"],
                page=flags["page"],
                first=0,
                last=ALWAYS,
                after=after,
                most=MOST,
            )
            for line in lines:
                text = json.dumps(audit_json(line), ensure_ascii=False)
                sys.stdout.write(f"{printable(text)}\n")
            if not lines and not after:
                await require_tenant(settings, store, flags["tenant"])
            if len(lines) < MOST:
                return
            after = lines[-1].number

    run_on_store(settings, work)
    return 0
