"""Which web pages may use a tenant."""

from __future__ import annotations

import pytest

from crdtchat.access.origins import BadOrigin, check_pattern, is_same
from crdtchat.access.tenants import Tenant

HOST = "comments.example.org"


@pytest.mark.parametrize(
    ("pattern", "origin", "allowed"),
    [
        ("https://docs.example.org", "https://docs.example.org", True),
        ("https://Docs.Example.org/", "https://docs.example.org", True),
        ("https://docs.example.org:443", "https://docs.example.org", True),
        ("https://docs.example.org", "https://docs.example.org:8443", False),
        ("https://docs.example.org:8443", "https://docs.example.org:8443", True),
        ("https://docs.example.org", "http://docs.example.org", False),
        ("https://docs.example.org", "https://docs.example.org.evil.com", False),
        ("https://docs.example.org", "https://evil@docs.example.org", False),
        ("https://docs.example.org", "https://docs.example.org/path", False),
        ("https://*.example.org", "https://docs.example.org", True),
        ("https://*.example.org", "https://a.b.example.org", True),
        ("https://*.example.org", "https://example.org", False),
        ("https://*.example.org", "https://badexample.org", False),
        ("https://*.example.org", "https://docs.example.org:8443", False),
        ("https://*.example.org:8443", "https://docs.example.org:8443", True),
        ("https://*.example.org", "https://*.example.org", False),
        ("null", "null", True),
        ("https://docs.example.org", "null", False),
        ("loopback", "null", False),
        ("loopback", "http://localhost:5173", True),
        ("loopback", "http://[::1]:80", True),
        ("loopback", "http://127.0.0.1.evil.com", False),
        ("*", "https://anything.example", True),
        ("https://docs.example.org", f"https://{HOST}", True),
        ("https://docs.example.org", "https://[::1", False),
        ("https://docs.example.org", "", False),
        ("https://docs.example.org", "https://docs.example.org:99999", False),
    ],
)
def test_patterns(pattern: str, origin: str, allowed: bool) -> None:
    tenant = Tenant("docs", origins=(check_pattern(pattern),))
    assert tenant.allows_origin(origin, HOST) == allowed
    if pattern == "*":
        assert not tenant.trusts_origin(origin, HOST)


def test_programs_send_none() -> None:
    assert Tenant("docs").allows_origin(None, HOST)
    assert not Tenant("docs", origins=("*",)).trusts_origin(None, HOST)


@pytest.mark.parametrize(
    ("origin", "host", "same"),
    [
        ("https://comments.example.org", "comments.example.org", True),
        ("https://comments.example.org", "comments.example.org:443", True),
        ("http://127.0.0.1:8000", "127.0.0.1:8000", True),
        ("http://127.0.0.1:8000", "127.0.0.1:8001", False),
        ("https://comments.example.org", "", False),
    ],
)
def test_the_servers_own(origin: str, host: str, same: bool) -> None:
    assert is_same(origin, host) == same


@pytest.mark.parametrize(
    "text",
    [
        "docs.example.org",
        "https://docs.example.org/path",
        "https://",
        "https://*",
        "https://*.org",
        "https://docs.*.org",
        "https://*docs.example.org",
    ],
)
def test_patterns_that_mean_nothing_are_refused(text: str) -> None:
    with pytest.raises(BadOrigin):
        check_pattern(text)
