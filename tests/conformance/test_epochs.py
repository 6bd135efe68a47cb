"""A stock client that still holds a page as it was before an erasure."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import crdtchat
from tests.conformance.node_peer import annotation, node_peer
from tests.server_process import ServerProcess

T = 1_700_000_000_000


def test_a_returning_y_websocket_client_brings_nothing_back(
    node: Path, server: ServerProcess, tokens: dict[str, str], page_id: str
) -> None:
    """It is closed with 4409 as often as it offers its replica; a fresh document works."""
    with node_peer(node, server.socket_url, page_id, tokens["ann"]) as old:
        old.ask("connect")
        old.wait(lambda seen: seen["synced"])
        old.write(*annotation("ann", "doomed01", "to be erased", T))
        old.write(*annotation("ann", "stays001", "what stays", T))
        with crdtchat.connect_blocking(server.url, page=page_id, name="Ours") as ours:
            ours.wait_for(lambda page: len(page.annotations) == 2)
            old.ask("disconnect")
            old.wait(lambda seen: not seen["connected"])
            command = [sys.executable, "-m", "crdtchat", "erase", "--tenant", "demo", "--yes"]
            command += ["--page", page_id, "--annotation", "doomed01", "--data", str(server.data)]
            subprocess.run(command, check=True, capture_output=True)
            ours.wait_for(lambda page: len(page.annotations) == 1)
            old.ask("connect")
            old.wait(lambda seen: (seen["closed"] or {}).get("code") == 4409)
            with node_peer(node, server.socket_url, page_id, tokens["ann"]) as fresh:
                fresh.ask("connect")
                seen = fresh.wait(lambda seen: seen["synced"])
                assert set(seen["values"]["a"]) == {"stays001"}
                fresh.write(*annotation("ann", "after001", "afterwards", T))
                ours.wait_for(lambda page: page.annotation("after001") is not None)
            assert [a.aid for a in ours.annotations if a.text == "to be erased"] == []
