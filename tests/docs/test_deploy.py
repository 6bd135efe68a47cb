"""The deployment files of `docs/deploy`, read by what they are for, and by our own settings."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from compose_spec import PyCompose

from crdtchat.server.cli import make_parser
from crdtchat.server.settings import Settings, read_settings
from tests.docs.samples import ROOT, samples
from tests.docs.test_proxies import PROXIES

DEPLOY = ROOT / "docs" / "deploy"
COMPOSE = (DEPLOY / "compose.yaml").read_text()
KUBERNETES = (DEPLOY / "kubernetes.yaml").read_text()
CADDYFILE = DEPLOY / "Caddyfile"
IMAGE = (DEPLOY / "Dockerfile").read_text()


def settings_of(environment: dict[str, str]) -> Settings:
    """What a server makes of it; every variable of ours is one that it knows."""
    read = read_settings({}, environment)
    known = {f"CRDTCHAT_{name.upper()}" for name in Settings.__dataclass_fields__}
    assert {name for name in environment if name.startswith("CRDTCHAT_")} <= known
    return read


def test_compose() -> None:
    assert set(PyCompose.from_yaml(COMPOSE).service_names()) == {
        *("crdtchat", "postgres", "redis", "caddy")
    }
    services = yaml.safe_load(COMPOSE)["services"]
    settings = settings_of(services["crdtchat"]["environment"])
    assert settings.store.partition("@")[2] == "postgres/crdtchat"
    assert settings.broker == "redis://redis:6379"
    assert settings.trusted_proxies
    build = services["crdtchat"]["build"]
    assert (DEPLOY / build["context"]).resolve() == ROOT
    assert (ROOT / build["dockerfile"]).read_text() == IMAGE
    assert (DEPLOY / services["caddy"]["volumes"][0].partition(":")[0]).is_file()
    for line in re.findall(r"docker compose run --rm crdtchat (.*)", COMPOSE):
        make_parser().parse_args(line.split())


def test_what_is_no_compose_file_is_refused() -> None:
    with pytest.raises(ValueError, match="replicas"):
        PyCompose.from_yaml(COMPOSE.replace("replicas: 3", "replicas: many"))


def documents(text: str) -> list[dict[str, Any]]:
    return [one for one in yaml.safe_load_all(text) if one]


def service_links(pod: dict[str, Any], service: dict[str, Any]) -> dict[str, str]:
    """The variables by which Kubernetes tells a pod that starts of a service of its namespace."""
    if pod["spec"].get("enableServiceLinks") is False:
        return {}
    name = service["metadata"]["name"].upper().replace("-", "_")
    port = str(service["spec"]["ports"][0]["port"])
    host = "10.96.0.10"
    return {
        f"{name}_SERVICE_HOST": host,
        f"{name}_SERVICE_PORT": port,
        f"{name}_PORT": f"tcp://{host}:{port}",
    }


def test_kubernetes() -> None:
    found = documents(KUBERNETES)
    for one in found:
        kubernetes_validate.validate(one, "1.33", strict=True)
    by_kind = {one["kind"]: one for one in found}
    pod = by_kind["Deployment"]["spec"]["template"]
    (container,) = pod["spec"]["containers"]
    secret = by_kind["Secret"]["stringData"]
    own = {one["name"]: one["value"] for one in container["env"]}
    settings = settings_of(service_links(pod, by_kind["Service"]) | secret | own)
    assert settings.store.startswith("postgresql://") and settings.broker.startswith("rediss://")
    assert container["envFrom"] == [{"secretRef": {"name": by_kind["Secret"]["metadata"]["name"]}}]
    make_parser().parse_args(container["args"])
    for chosen in (
        by_kind["Deployment"]["spec"]["selector"]["matchLabels"],
        by_kind["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"],
        by_kind["Service"]["spec"]["selector"],
    ):
        assert chosen.items() <= pod["metadata"]["labels"].items()
    assert f"--uid {pod['spec']['securityContext']['runAsUser']} " in IMAGE
    assert container["ports"][0]["containerPort"] == Settings.__dataclass_fields__["port"].default


def test_what_is_no_kubernetes_file_is_refused() -> None:
    wrong = documents(KUBERNETES.replace("replicas: 3", "replica: 3"))[1]
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, "1.33", strict=True)


def test_the_image_runs_a_command_that_exists() -> None:
    lines = dict(line.split(" ", 1) for line in IMAGE.splitlines() if line.startswith(("EN", "CM")))
    words = yaml.safe_load(lines["ENTRYPOINT"]) + yaml.safe_load(lines["CMD"])
    assert words[0] == "crdtchat"
    make_parser().parse_args(words[1:])
    name, value = lines["ENV"].split("=")
    assert settings_of({name: value}).host == "0.0.0.0"


def test_caddy_takes_it(tmp_path: Path) -> None:
    checked = subprocess.run(
        [PROXIES / "bin/caddy", "validate", *("--adapter", "caddyfile"), "--config", CADDYFILE],
        capture_output=True,
        text=True,
        env={"HOME": str(tmp_path), "PATH": "/usr/bin:/bin", "SITE": "comments.example.org"},
    )
    assert checked.returncode == 0, checked.stderr


def test_systemd_takes_it(tmp_path: Path) -> None:
    """With a program in place of the one that is not installed here."""
    (unit,) = [one for one in samples("ini") if "ExecStart" in one.text]
    program = str(Path(sys.executable).with_name("crdtchat"))
    path = tmp_path / "crdtchat.service"
    path.write_text(unit.text.replace("/opt/crdtchat/bin/crdtchat", program))

    def verify() -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["systemd-analyze", "verify", "--man=no", path], capture_output=True, text=True
        )

    checked = verify()
    assert checked.returncode == 0 and path.name not in checked.stderr, checked.stderr
    path.write_text(path.read_text().replace("ProtectHome=yes", "ProtectHome=maybe"))
    assert "protect home" in verify().stderr
