"""Own pages: health, metrics, the widget's script and the demo."""

from __future__ import annotations

from importlib import metadata
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, PlainTextResponse, Response

from crdtchat.host.hub import Hub
from crdtchat.server.problem import Problem

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
    """`GET /health`: 200 while it serves."""
    hub: Hub = request.app.state.hub
    return JSONResponse(
        {
            "status": "ok",
            "version": version(),
            "rooms": len(hub.rooms()),
            "connections": sum(room.room.sessions for room in hub.rooms()),
        }
    )


async def metrics(request: Request) -> Response:
    """`GET /metrics`: Prometheus text (exposition format 0.0.4)."""
    hub: Hub = request.app.state.hub
    lines = [
        "# TYPE crdtchat_rooms gauge",
        f"crdtchat_rooms {len(hub.rooms())}",
        "# TYPE crdtchat_connections gauge",
        f"crdtchat_connections {sum(room.room.sessions for room in hub.rooms())}",
    ]
    for name in sorted(hub.counters):
        lines += [
            f"# TYPE crdtchat_{name}_total counter",
            f"crdtchat_{name}_total {hub.counters[name]}",
        ]
    return PlainTextResponse("\n".join(lines) + "\n", media_type="text/plain; version=0.0.4")


async def script(request: Request) -> Response:
    """`GET /crdtchat.js`: the widget; any page may load it."""
    if not BUNDLE.is_file():
        raise Problem(404, "this installation was built without the widget")
    return FileResponse(
        BUNDLE,
        media_type="text/javascript",
        headers={
            "Access-Control-Allow-Origin": "*",
            "Cross-Origin-Resource-Policy": "cross-origin",
            "Cache-Control": "public, max-age=300",
            "X-Content-Type-Options": "nosniff",
        },
    )


async def demo(request: Request) -> Response:
    """`GET /` and the files beside it."""
    name = request.path_params.get("name") or "index.html"
    path = DEMO / name
    if "/" in name or name.startswith(".") or not path.is_file():
        raise Problem(404, "there is nothing here")
    return FileResponse(path, headers=SECURITY_HEADERS)
