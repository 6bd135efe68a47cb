"""A small web site in a thread: another origin than the server, with pages that tests write."""

from __future__ import annotations

import html
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self

TEXT = """
<h1>The lighthouse</h1>
<p id="first">The keeper of the lighthouse wrote down every ship that passed. He wrote with a
  <em>steel pen</em> and never crossed anything out.</p>
<p id="second">One evening the lamp went dark 😀 for eleven minutes, and nobody ever said why. The
  <a href="#elsewhere">harbour master</a> asked twice.</p>
<p id="third">In the morning the book lay open on the table, and the last line in it was not his.</p>
"""

WIDE = (
    "<style>body{margin:0 40px 120px;font:17px/1.6 sans-serif;background:#fff;color:#222}</style>"
)


class Site:
    """`page` adds a page and answers its address."""

    def __init__(self) -> None:
        self._pages: dict[str, tuple[str, bytes, dict[str, str]]] = {}
        pages = self._pages

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                path = self.path.split("?", 1)[0]
                if path not in pages:
                    self.send_response(204 if path == "/favicon.ico" else 404)
                    self.end_headers()
                    return
                kind, content, headers = pages[path]
                self.send_response(200)
                self.send_header("Content-Type", f"{kind}; charset=utf-8")
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def add(
        self,
        path: str,
        content: str,
        *,
        kind: str = "text/html",
        headers: dict[str, str] | None = None,
    ) -> str:
        """Serve this content; answers its address."""
        self._pages[path] = (kind, content.encode(), headers or {})
        return self.origin + path

    def remove(self, path: str) -> None:
        """From now on it is not found."""
        del self._pages[path]

    def page(
        self,
        path: str,
        server: str,
        options: str,
        *,
        body: str = TEXT,
        lang: str = "en",
        headers: dict[str, str] | None = None,
    ) -> str:
        """A page with an article and the widget, made by the two lines of the manual.

        The instance is `chat`; events are collected in `news`.
        """
        script = html.escape(f"{server}/crdtchat.js")
        return self.add(
            path,
            f"""<!doctype html><html lang="{lang}"><head><title>A page</title>
            <meta name="viewport" content="width=device-width">{WIDE}</head>
            <body><main><article id="text">{body}</article></main>
            <script src="{script}"></script>
            <script>
              var news = [];
              var chat = CrdtChat(document.getElementById("text"), {options});
              for (const kind of ["new-text-chat", "updated-text-chat", "deleted-text-chat"])
                chat.on(kind, (event) => news.push({{kind, ...event}}));
            </script></body></html>""",
            headers=headers,
        )

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
