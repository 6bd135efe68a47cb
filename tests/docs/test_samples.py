"""Every code sample of the README and the documentation is run, or read by what it is for."""

from __future__ import annotations

import configparser
import importlib.util
import json
import re
import shlex
import subprocess
from base64 import b64encode
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from standardwebhooks.webhooks import Webhook
from traitlets.config import Config

from crdtchat.server.cli import make_parser
from crdtchat.server.settings import read_settings
from tests.docs.samples import PAGES, ROOT, Sample, inline_code, samples
from tests.server_process import ServerProcess, running_server

RUN_HERE = {"python", "sh", "toml", "json", "ini", "yaml", "http"}
RUN_ELSEWHERE = {
    "html": "tests/browser/test_samples.py",
    "nginx": "tests/docs/test_proxies.py",
    "caddyfile": "tests/docs/test_proxies.py",
    "jinja": "tests/lab/test_published.py",
}


SERVER = re.compile(r"http://127\.0\.0\.1:8000|https://comments\.example\.org")
WEBHOOK_SECRET = f"whsec_{b64encode(bytes(32)).decode()}"


def name_of(sample: Sample) -> str:
    return sample.place


def signed(body: str) -> dict[str, str]:
    """The headers of a webhook's request."""
    now = datetime.now(UTC)
    signature = Webhook(WEBHOOK_SECRET).sign("evt_1", now, body)
    stamp = str(int(now.timestamp()))
    return {"webhook-id": "evt_1", "webhook-timestamp": stamp, "webhook-signature": signature}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with running_server(tmp_path_factory.mktemp("docs") / "data") as found:
        yield found


def test_every_language_is_looked_at() -> None:
    assert {sample.language for sample in samples()} <= {"", "text"} | RUN_HERE | set(RUN_ELSEWHERE)
    for path in RUN_ELSEWHERE.values():
        assert (ROOT / path).is_file()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_python_runs_from_the_top_of_the_page_to_its_end(
    page: Path, server: ServerProcess, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """With what a configuration file (`c`) or a handler of webhooks is given. What finds its page
    by the kernel that it runs in is run in one by `tests/jupyter`."""
    monkeypatch.chdir(tmp_path)
    token = server.token("ann", "owner")
    body = '{"type": "new-text-chat"}'
    names: dict[str, Any] = {"c": Config(), "body": body, "headers": signed(body)}
    for sample in samples("python"):
        if sample.page == page:
            text = SERVER.sub(server.url, sample.text).replace("whsec_...", WEBHOOK_SECRET)
            text = "\n" * (sample.line - 1) + text.replace('"..."', repr(token))
            code = compile(text, str(page), "exec")
            if "connect_blocking()" not in text:
                exec(code, names)
    for value in names.values():
        if isinstance(value, httpx.Client):
            value.close()


@pytest.mark.parametrize("sample", samples("sh"), ids=name_of)
def test_commands_exist_and_take_these_flags(sample: Sample) -> None:
    subprocess.run(["bash", "-n"], input=sample.text, text=True, check=True)
    for line in sample.text.replace("\\\n", " ").splitlines():
        for command in re.split(r"&&|\|| > .*", line):
            check_command(shlex.split(command, comments=True))


def test_commands_in_the_text_exist() -> None:
    found = [text.split() for text in inline_code() if text.startswith(("python -m", "crdtchat "))]
    assert len(found) > 20
    for words in found:
        if words[0] == "python":
            check_command(words)
        elif not {"|", "..."} & set("".join(words)):
            check_names(words[1:])


@pytest.mark.parametrize("sample", samples("toml"), ids=name_of)
def test_configuration_is_taken(sample: Sample, tmp_path: Path) -> None:
    path = tmp_path / "crdtchat.toml"
    path.write_text(sample.text)
    assert read_settings({"config": str(path)}, {}) != read_settings({}, {})


@pytest.mark.parametrize("sample", samples("json"), ids=name_of)
def test_json_is_json(sample: Sample) -> None:
    json.loads(sample.text)


@pytest.mark.parametrize("sample", samples("http"), ids=name_of)
def test_requests_have_headers_and_a_body_that_is_json(sample: Sample) -> None:
    head, _, body = sample.text.partition("\n\n")
    _, *headers = head.splitlines()
    assert all(re.fullmatch(r"[a-z-]+: \S.*", header) for header in headers)
    json.loads(body)


@pytest.mark.parametrize("sample", samples("yaml"), ids=name_of)
def test_yaml_is_yaml(sample: Sample) -> None:
    assert list(yaml.safe_load_all(sample.text))


@pytest.mark.parametrize("sample", samples("ini"), ids=name_of)
def test_units_run_commands_that_exist(sample: Sample) -> None:
    unit = configparser.ConfigParser(strict=False)
    unit.read_string(sample.text)
    if unit.has_option("Service", "ExecStart"):
        check_command(shlex.split(unit["Service"]["ExecStart"]))


def check_command(words: list[str]) -> None:
    """Our own commands take these flags, and modules that are run are there."""
    if not words:
        return
    program = words[0].rpartition("/")[2]
    if program == "runuser":
        check_command(words[words.index("--") + 1 :])
    elif program == "crdtchat":
        make_parser().parse_args(words[1:])
    elif program.startswith("python") and words[1:2] == ["-m"]:
        module = words[2].strip(".")
        assert module == "pytest" or importlib.util.find_spec(module), words


def check_names(words: list[str]) -> None:
    """The words of a command that is quoted without all it needs: it and its flags exist."""
    parser = make_parser()
    for word in words:
        actions = {name: one for one in parser._actions for name in one.option_strings}
        if word.startswith("--"):
            assert word.partition("=")[0] in actions, words
        for one in parser._actions:
            if isinstance(one.choices, dict) and word in one.choices:
                parser = one.choices[word]
                break
