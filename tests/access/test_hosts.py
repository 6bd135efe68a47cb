"""By which names a server is asked."""

from __future__ import annotations

import logging

import pytest

from crdtchat.access.hosts import BadHost, Hosts, check_name

OWN = (
    *("", "localhost", "LOCALHOST:8000", "localhost.", "app.localhost:1", "127.0.0.1:8000"),
    *("127.1.2.3", "[::1]:8000", "[::1]", "0.0.0.0:8000", "192.168.1.4", "[fd00::1]"),
    *("my-box", "MY_BOX:8000", "crdtchat."),
)
FOREIGN = (
    *(
        "evil.example",
        "evil.example:8000",
        "localhost.evil.example",
        "not.localhost.example",
        "127.0.0.1.x",
    ),
    *("evil@localhost", "localhost/evil.example", "localhost:x", "[::1", "a b", "127.1", "\x00"),
)


@pytest.mark.parametrize("host", OWN)
def test_the_machines_own_names_and_addresses(host: str) -> None:
    for names in ((), ("docs.example.org",)):
        assert not Hosts(names).refusal(host)


@pytest.mark.parametrize("host", FOREIGN)
def test_others(host: str) -> None:
    refusal = Hosts(()).refusal(host)
    assert "--allowed-hosts" in refusal
    assert not Hosts().refusal(host)


def test_names_that_were_given(caplog: pytest.LogCaptureFixture) -> None:
    hosts = Hosts(map(check_name, ("Docs.Example.org", " *.example.net")))
    for known in ("docs.example.org:443", "DOCS.example.org.", "a.example.net", "a.b.example.net"):
        assert not hosts.refusal(known)
    with caplog.at_level(logging.WARNING):
        for other in ("a.docs.example.org", "example.net", "badexample.net", "example.org"):
            assert other in hosts.refusal(other)
    assert len(caplog.records) == 1, "a stranger does not fill the log"


@pytest.mark.parametrize(
    "text", ["", "https://docs.example.org", "docs.example.org:8000", "a.*", "**", "a b", "x/", "ż"]
)
def test_what_is_no_name(text: str) -> None:
    with pytest.raises(BadHost):
        check_name(text)
