"""Large answers, sent in parts as they are read; and a bound on what one address leaves unread.

Whoever asks again and again and reads nothing would else have the server hold each answer whole.
"""

from __future__ import annotations

from contextlib import nullcontext

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from crdtchat.server.doors import Crowded, Doors
from crdtchat.server.problem import Problem, problem_response
from crdtchat.sync.codes import RejectCode

PART_BYTES = 65_536


class LargeAnswers:
    """ASGI middleware. The head of an answer goes with the first of its body: until then it can be
    another."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http" or scope["method"] == "HEAD":
            await self._app(scope, receive, send)
            return
        doors: Doors = scope["app"].state.doors
        address = scope["client"][0] if scope["client"] else ""
        head: Message | None = None
        is_refused = False

        async def send_on(message: Message) -> None:
            nonlocal head
            if head is not None:
                await send(head)
                head = None
            await send(message)

        async def send_in_parts(message: Message) -> None:
            nonlocal head, is_refused
            if message["type"] == "http.response.start":
                head = message
                return
            size = len(message.get("body", b""))
            if is_refused:
                return
            if size <= PART_BYTES:
                await send_on(message)
                return
            # What has begun goes on: it comes in parts of its own, and holds nothing whole.
            place = nullcontext() if head is None else doors.carrying(address, size)
            try:
                with place:
                    await _send(send_on, message)
            except Crowded:
                is_refused = True
                words = "your address leaves too much unread: read it, and come back"
                problem = Problem(429, words, RejectCode.RATE_LIMITED)
                await problem_response(problem)(scope, receive, send)

        await self._app(scope, receive, send_in_parts)


async def _send(send: Send, message: Message) -> None:
    """Each part waits until there is room for it."""
    body = memoryview(message["body"])
    for start in range(0, len(body), PART_BYTES):
        more = start + PART_BYTES < len(body) or message.get("more_body", False)
        part = bytes(body[start : start + PART_BYTES])
        await send({"type": "http.response.body", "body": part, "more_body": more})
