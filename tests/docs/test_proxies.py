"""The reverse proxies of the operator's guide, read by the proxies themselves."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.certificates import certified
from tests.docs.samples import Sample, samples

PROXIES = Path(sys.prefix) / "proxies" / "usr"
"""Where `tests/run` unpacks them."""
CERTIFICATE = "/etc/letsencrypt/live/comments.example.org/"


@pytest.mark.parametrize("sample", samples("nginx"), ids=lambda sample: sample.place)
def test_nginx_takes_it(sample: Sample, tmp_path: Path) -> None:
    logs = sample.text.replace("/var/log/nginx/", f"{tmp_path}/")
    certified(tmp_path, days=1)
    text = logs.replace(CERTIFICATE, f"{tmp_path}/")
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    folders = "\n".join(f"{kind}_temp_path {tmp_path};" for kind in kinds)
    path = tmp_path / "nginx.conf"
    path.write_text(
        f"pid {tmp_path}/pid; error_log {tmp_path}/error.log;"
        f"events {{}}\nhttp {{\n{folders}\n{text}\n}}\n"
    )
    checked = subprocess.run(
        [PROXIES / "sbin/nginx", "-t", "-c", path], capture_output=True, text=True
    )
    assert checked.returncode == 0, checked.stderr


@pytest.mark.parametrize("sample", samples("caddyfile"), ids=lambda sample: sample.place)
def test_caddy_takes_it(sample: Sample, tmp_path: Path) -> None:
    path = tmp_path / "Caddyfile"
    path.write_text(sample.text)
    checked = subprocess.run(
        [PROXIES / "bin/caddy", "validate", "--adapter", "caddyfile", "--config", path],
        capture_output=True,
        text=True,
        env={"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"},
    )
    assert checked.returncode == 0, checked.stderr
