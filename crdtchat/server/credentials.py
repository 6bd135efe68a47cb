"""Where a connection's token stands: query, header or cookie. One place for socket and REST."""

from __future__ import annotations

from starlette.requests import HTTPConnection

from crdtchat.access.origins import is_same
from crdtchat.access.tenants import Tenant

COOKIE = "crdtchat_token"


def credentials(connection: HTTPConnection, tenant: Tenant) -> str | None:
    """The token of a connection: query, then header, then cookie.

    A browser sends the cookie whichever page asks; `SameSite` keeps away other sites at most. So
    it opens a socket only for the server's own pages, for origins that the tenant names and for
    programs; and it lets a request change something only if the browser says that one of the
    server's own pages made it. Programs that write send a header.
    """
    token = connection.query_params.get("token")
    if token:
        return token
    scheme, _, value = connection.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return value.strip()  # empty, as from a variable that is not set: that is no guest
    cookie = connection.cookies.get(COOKIE)
    if not cookie:
        return None
    headers = connection.headers
    origin, host = headers.get("origin"), headers.get("host", "")
    if connection.scope["type"] == "websocket":
        trusted = origin is None or tenant.trusts_origin(origin, host)
    elif connection.scope["method"] in ("GET", "HEAD"):
        # Nothing changes, and its answer is not shown to a foreign page.
        trusted = True
    elif origin is not None:
        trusted = is_same(origin, host)
    else:
        trusted = headers.get("sec-fetch-site") == "same-origin"
    return cookie if trusted else None
