"""Where a page's WebSocket is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from urllib.parse import quote, urlencode, urlsplit, urlunsplit

from crdtchat.client.place import well_formed

_SCHEMES = {"http": "ws", "ws": "ws", "https": "wss", "wss": "wss"}


@dataclass(frozen=True, slots=True)
class Address:
    """A server, a tenant and a page."""

    url: str
    """Base URL of the server; a path prefix is kept (reverse proxies)."""
    tenant: str
    page: str
    """Page id: any text, usually the page's own URL."""
    direct: bool = False
    """Whether no proxy leads there, as to what runs this program."""

    def __post_init__(self) -> None:
        """Raises ValueError for a URL that cannot be connected to, and for empty ids."""
        for what, text in (("URL", self.url), ("tenant", self.tenant), ("page", self.page)):
            well_formed(text, f"the {what} {text!r}")
        try:
            parts = urlsplit(self.url)
            named = parts.scheme in _SCHEMES and parts.hostname and parts.port != 0
            if parts.hostname and not parts.hostname.isascii():
                parts.hostname.encode("idna")  # as it is looked up
        except ValueError as error:
            raise ValueError(f"not a server's URL: {self.url!r} ({error})") from None
        if "@" in parts.netloc:
            raise ValueError("a server's URL holds no user and no password: sign in with a token")
        if not named:
            raise ValueError(f"not a server's URL: {self.url!r} (expected http:// or https://)")
        if not self.tenant or not self.page:
            raise ValueError("tenant and page must not be empty")

    @property
    def is_secure(self) -> bool:
        """Whether the connection is encrypted."""
        return _SCHEMES[urlsplit(self.url).scheme] == "wss"

    @property
    def host(self) -> str:
        """The server's name."""
        return urlsplit(self.url).hostname or ""

    @property
    def ascii_host(self) -> str:
        """The server's name as it is looked up, and told to others."""
        return self.host if self.host.isascii() else self.host.encode("idna").decode()

    @property
    def port(self) -> int:
        """The server's port."""
        return urlsplit(self.url).port or (443 if self.is_secure else 80)

    def api_target(self, path: str, query: Mapping[str, str] = MappingProxyType({})) -> str:
        """What to ask the REST interface for, about this page."""
        asked = urlencode({"page": self.page, **query})
        return f"{self._prefix}/api/v1/{quote(self.tenant, '')}/{path}?{asked}"

    def socket_url(self, *, name: str = "", lease: str = "") -> str:
        """The WebSocket URL. Tokens travel in a header, never in the URL: URLs end up in logs."""
        parts = urlsplit(self.url)
        path = f"{self._prefix}/sync/{quote(self.tenant, '')}/{quote(self.page, '')}"
        wanted = {"name": name, "lease": lease}
        query = urlencode({key: value for key, value in wanted.items() if value})
        netloc = parts.netloc
        if not netloc.isascii():
            # Else all of it were taken for text, and the page in it encoded once more.
            netloc = self.ascii_host + (f":{parts.port}" if parts.port else "")
        return urlunsplit((_SCHEMES[parts.scheme], netloc, path, query, ""))

    @property
    def _prefix(self) -> str:
        """What of the base URL comes before our paths, as HTTP can say it; nothing twice."""
        return quote(urlsplit(self.url).path.rstrip("/"), safe="/%:@!$&'()*+,;=")
