"""Own pages: health, usage, moderation, the widget's script and the demo."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, partial
from importlib import metadata
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from crdtchat.server.problem import Problem
from crdtchat.server.rest.asking import etag_of, is_known

STATIC = Path(__file__).parent / "static"
DEMO = Path(__file__).parent.parent / "widget" / "demo"
BUNDLE = Path(__file__).parent.parent / "widget" / "dist" / "crdtchat.js"

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self' ws: wss:; font-src 'self'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'self'"
)
SECURITY_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


def version() -> str:
    """The installed version."""
    return metadata.version("crdtchat")


async def health(request: Request) -> Response:
    """`GET /health`: 200 while it serves, also without its broker: then it is a second late."""
    found = {"status": "ok", "version": version()}
    neighbours = request.app.state.hub.neighbours
    if neighbours is not None and neighbours.broker.place:
        found["broker"] = "connected" if neighbours.broker.connected else "away"
    return JSONResponse(found)


def own_pages() -> list[Route]:
    """`GET /usage`, `/moderate` and the files beside them. They hold nothing: their scripts ask the
    REST interface, with the token of whoever looks."""
    return [
        Route(f"/{path.name.removesuffix('.html')}", partial(_send, path))
        for path in sorted(STATIC.iterdir())
    ]


async def _send(path: Path, request: Request) -> Response:
    return _sent(path, request, SECURITY_HEADERS)


def _sent(
    path: Path, request: Request, headers: Mapping[str, str], media_type: str | None = None
) -> Response:
    """A file, or 304 if the asker has it."""
    about = path.stat()
    headers = {**headers, "ETag": _etag(path, about.st_mtime_ns, about.st_size)}
    if is_known(request, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    return FileResponse(path, headers=headers, media_type=media_type)


@cache
def _etag(path: Path, changed_ns: int, size: int) -> str:
    """Of what a file holds: those of two versions may be of one size, and dated alike by who packed
    them. Worked out anew where it changed below the server."""
    return etag_of(path.read_bytes())


async def welcome(request: Request) -> Response:
    """`GET /` where there is no demo: that this is a server, and which pages it has."""
    return await _send(STATIC / "welcome.html", request)


async def script(request: Request) -> Response:
    """`GET /crdtchat.js`: the widget; any page may load it."""
    if not BUNDLE.is_file():
        raise Problem(404, "this installation was built without the widget")
    headers = {
        "Access-Control-Allow-Origin": "*",
        "Cross-Origin-Resource-Policy": "cross-origin",
        "Cache-Control": "public, max-age=300",
        "X-Content-Type-Options": "nosniff",
    }
    return _sent(BUNDLE, request, headers, "text/javascript")


async def demo(request: Request) -> Response:
    """`GET /` and the files beside it."""
    name = request.path_params.get("name") or "index.html"
    # Looked up among the files: the system refuses to look for some names, as very long ones.
    for path in DEMO.iterdir():
        if path.name == name and path.is_file() and not name.startswith("."):
            return await _send(path, request)
    raise Problem(404, "there is nothing here")
