"""The embeds of the README and the documentation, pasted into a page of another origin."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path

import jwt
import pytest

from tests.browser.conftest import SECRET, OpenReader
from tests.browser.site import Site
from tests.docs.samples import Sample, samples
from tests.server_process import ServerProcess, running_server

SERVER = re.compile(r"https?://(comments\.example\.org|127\.0\.0\.1:8000)")


@pytest.fixture(scope="module")
def server(bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """Both tenants that the samples name."""
    folder = tmp_path_factory.mktemp("samples")
    config = folder / "crdtchat.toml"
    config.write_text(
        '[tenants.demo]\nguests = "commenter"\norigins = ["*"]\n'
        f'[tenants.docs]\nguests = "viewer"\nsecret = "{SECRET}"\norigins = ["*"]\n'
    )
    with running_server(folder / "data", ["--config", str(config)]) as running:
        yield running


@pytest.mark.parametrize("sample", samples("html"), ids=lambda sample: sample.place)
def test_the_embed_is_live(
    sample: Sample, readers: OpenReader, site: Site, server: ServerProcess
) -> None:
    claims = {"sub": "ann", "name": "Ann", "role": "commenter", "exp": int(time.time()) + 600}
    token = jwt.encode(claims, SECRET, algorithm="HS256")
    text = SERVER.sub(server.url, sample.text)
    text = re.sub(r"'THE TOKEN'|\bTOKEN\b", f"'{token}'", text)
    if "/crdtchat.js" not in text:
        text = f'<script src="{server.url}/crdtchat.js"></script>{text}'
    if 'id="article"' not in text and 'id="text"' not in text:
        text = f'<article id="article">Any text of yours.</article>{text}'
    if "<!doctype" not in text:
        text = f"<!doctype html><title>Sample</title>{text}"
    ann = readers(site.add(f"/sample{sample.line}", text))
    ann.expect_live()
