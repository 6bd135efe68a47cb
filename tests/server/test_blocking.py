"""Nobody blocks who is above them, wherever that is known from."""

from __future__ import annotations

from pathlib import Path

import httpx

from tests.access.signing import SECRET, Signer
from tests.server.conftest import Api
from tests.server.test_rest import problem
from tests.server_process import running_server

WORDS = {"target": {"exact": "words"}, "body": "an owner's"}


def test_nobody_blocks_who_is_above_them(tmp_path: Path) -> None:
    """An owner is one by a token of ours, or by one that their site signed and nobody here knows:
    of the latter a block may stand, and binds them where another token of theirs says less."""
    config = tmp_path / "crdtchat.toml"
    config.write_text(f'[tenants.demo]\nsecret = "{SECRET}"\n')
    signer = Signer("HS256", SECRET)
    with (
        running_server(tmp_path / "data", ["--config", str(config)]) as server,
        httpx.Client(verify=False) as http,
    ):

        def api(token: str) -> Api:
            return Api(http, server.url, "page", token)

        mod, own = (api(server.token(role, role)) for role in ("moderator", "owner"))
        refused = problem(mod("PUT", "/blocks/owner"), 409)
        assert "an owner's token" in refused["detail"]
        own.annotate()
        chief, less = api(signer.sign(sub="chief", role="owner")), api(signer.sign(sub="chief"))
        assert mod("PUT", "/blocks/chief").status_code == 204
        while less("POST", json=WORDS).status_code != 403:
            pass  # takes effect within a second
        chief.annotate()
        assert chief("GET", "/audit").status_code == 200
        assert mod("DELETE", "/blocks/chief").status_code == 204
