"""The reverse proxies of the operator's guide, read by the proxies themselves."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.docs.samples import Sample, samples

PROXIES = Path(sys.prefix) / "proxies" / "usr"
"""Where `tests/run` unpacks them."""
CERTIFICATE = "/etc/letsencrypt/live/comments.example.org/"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a certificate and its key, named as certbot names them."""
    folder = tmp_path_factory.mktemp("certificate")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "comments.example.org")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    (folder / "fullchain.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "privkey.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return folder


@pytest.mark.parametrize("sample", samples("nginx"), ids=lambda sample: sample.place)
def test_nginx_takes_it(sample: Sample, certificate: Path, tmp_path: Path) -> None:
    logs = sample.text.replace("/var/log/nginx/", f"{tmp_path}/")
    text = logs.replace(CERTIFICATE, f"{certificate}/")
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
