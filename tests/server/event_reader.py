"""Reads a stream of Server-Sent Events, as browsers do."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from tests.server.conftest import Api


@dataclass(frozen=True, slots=True)
class Told:
    """One event."""

    name: str
    data: dict[str, Any]
    id: str
    """The last id seen, with this event's own."""


class EventReader:
    """One stream. `last_id` is what a browser would come back with."""

    def __init__(self, answer: httpx.Response) -> None:
        self.answer = answer
        self.last_id = ""
        self.comments = 0
        self._lines = answer.aiter_lines()

    async def opened(self) -> None:
        """Wait for the first block, which tells nothing but an id."""
        assert await self._block() is None

    async def next(self) -> Told:
        """Wait for the next event."""
        while (told := await self._block()) is None:
            pass
        return told

    async def ended(self) -> bool:
        """Read on until the server ends the stream."""
        try:
            while True:
                await self._block()
        except StopAsyncIteration:
            return True

    async def _block(self) -> Told | None:
        name, data = "message", ""
        while line := await anext(self._lines):
            field, _, value = line.partition(":")
            value = value.removeprefix(" ")
            match field:
                case "event":
                    name = value
                case "data":
                    data += value
                case "id":
                    self.last_id = value
                case "":
                    self.comments += 1
        return Told(name, json.loads(data), self.last_id) if data else None


@asynccontextmanager
async def event_reader(api: Api, last_id: str = "") -> AsyncIterator[EventReader]:
    """Open a page's stream."""
    headers = {"Authorization": f"Bearer {api.token}"}
    if last_id:
        headers["Last-Event-ID"] = last_id
    url, query = f"{api.root}/events", {"page": api.page}
    async with (
        httpx.AsyncClient(timeout=30) as http,
        http.stream("GET", url, params=query, headers=headers) as answer,
    ):
        yield EventReader(answer)
