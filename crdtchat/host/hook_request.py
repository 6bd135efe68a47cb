"""One request to a webhook: a POST to an address that was checked, and the status of its answer.

Not an HTTP client's work but less: no redirects, no proxies, no cookies, no compression, no body
of the answer. All of that would have to be switched off, and the connection has to go to the very
address that was checked, within one deadline over everything.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping, Sequence
from functools import cache

import anyio
import httptools
from anyio.abc import ByteStream

from crdtchat.host.hook_address import Network, Target, Unreachable, find_addresses, read_url

ANSWER_BYTES = 16_384
"""Of an answer's head that are read."""
_CONNECT_S = 5.0
"""For each address of a name."""


class Undelivered(Exception):
    """The webhook was not reached, or did not take it; the text says why in few words."""

    def __init__(self, reason: str, *, gone: bool = False) -> None:
        super().__init__(reason)
        self.gone = gone
        """Whether the receiver asks to be left alone for good (410)."""


class Sender:
    """Sends requests within bounds that all of them share."""

    def __init__(
        self, networks: Sequence[Network] = (), *, timeout_s: float = 15.0, resolvers: int = 64
    ) -> None:
        """`networks`: of the operator's own, that webhooks may lead into. `timeout_s`: for all of
        a request. `resolvers`: names that may be looked up at once."""
        self.timeout_s = timeout_s
        self._networks = networks
        self._limiter = anyio.CapacityLimiter(resolvers)

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> None:
        """Send JSON; returns once it was answered with 2xx. Raises Undelivered, BadUrl."""
        target = read_url(url)
        try:
            with anyio.fail_after(self.timeout_s):
                addresses = await find_addresses(target, self._networks, self._limiter)
                async with await _connect(target, addresses) as stream:
                    await stream.send(_request(target, headers, body))
                    status = await _read_status(stream)
        except TimeoutError:
            raise Undelivered(f"no answer within {self.timeout_s:g} s") from None
        except Unreachable as error:
            raise Undelivered(str(error)) from None
        except (OSError, anyio.EndOfStream, anyio.BrokenResourceError) as error:
            why = type(error.__cause__ or error).__name__
            raise Undelivered(f"the connection failed: {why}") from None
        if not 200 <= status < 300:
            raise Undelivered(f"answered {status}", gone=status == 410)


@cache
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()


async def _connect(target: Target, addresses: Sequence[str]) -> ByteStream:
    """Connect to the first address that answers. Raises OSError."""
    failure: OSError = ConnectionError("no address")
    for address in addresses:
        try:
            with anyio.move_on_after(_CONNECT_S):
                if target.secure:
                    return await anyio.connect_tcp(
                        address,
                        target.port,
                        ssl_context=_tls(),
                        tls_hostname=target.host,
                        tls_standard_compatible=False,
                    )
                return await anyio.connect_tcp(address, target.port)
            failure = ConnectionError("too slow")
        except OSError as error:
            failure = error
    raise failure


def _request(target: Target, headers: Mapping[str, str], body: bytes) -> bytes:
    lines = [
        f"POST {target.path} HTTP/1.1",
        f"Host: {target.authority}",
        "User-Agent: crdtchat",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        "Connection: close",
        *(f"{name}: {value}" for name, value in headers.items()),
    ]
    return "\r\n".join([*lines, "", ""]).encode("ascii") + body


class _Answer:
    """Collects the status of the answer; httptools calls it."""

    def __init__(self) -> None:
        self.parser = httptools.HttpResponseParser(self)
        self.status = 0

    def on_headers_complete(self) -> None:
        status = self.parser.get_status_code()
        if not self.status and status >= 200:  # what comes before are interim answers
            self.status = status


async def _read_status(stream: ByteStream) -> int:
    """The status of the answer. Raises Undelivered, and what the stream raises."""
    answer, left = _Answer(), ANSWER_BYTES
    while not answer.status:
        data = await stream.receive()
        left -= len(data)
        try:
            answer.parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            if not answer.status:
                raise Undelivered("the answer is not HTTP") from None
        if left < 0 and not answer.status:
            raise Undelivered("the answer has no end")
    return answer.status
