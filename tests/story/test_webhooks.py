"""A webhook of a real server: killed in between, and with an author who is erased meanwhile."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from tests.host.receiver import NETWORK, Receiver
from tests.places import places
from tests.server_process import ServerProcess

MARK = "vanish-3W8LQ2XZ"


def test_what_was_committed_is_delivered_after_kill_9_without_what_was_erased(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CRDTCHAT_WEBHOOK_NETWORKS", NETWORK)
    receiver = Receiver()
    receiver.answer = lambda got: 500
    with receiver.listening() as port:
        pass
    server = ServerProcess(tmp_path / "data")
    secret = server.run("webhook", "add", "--tenant", "demo", "--url", receiver.url).strip()
    token = server.token("doomed")
    try:
        server.start()
        with receiver.listening(port):
            made = httpx.post(
                f"{server.url}/api/v1/demo/annotations",
                params={"page": "p"},
                json={"target": {"exact": f"words {MARK}"}, "body": f"more {MARK}"},
                headers={"Authorization": f"Bearer {token}"},
            )
            assert made.status_code == 201
            first = receiver.got.get()
            server.kill()
        server.run("erase", "--tenant", "demo", "--user", "doomed", "--yes")
        assert places(server.data, MARK) == []
        receiver.answer = lambda got: 200
        with receiver.listening(port):
            server.restart()
            got = receiver.got.get()
        assert got.verify(secret)["type"] == "new-text-chat"
        assert got.id == first.id
        assert first.data["by"] == "doomed"
        assert (got.data["aid"], got.data["by"]) == (made.json()["id"], "")
    finally:
        server.kill()
