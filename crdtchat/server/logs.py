"""Structured logs: one JSON object a line on standard error. No token, no query string, no text."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime


class JsonLines(logging.Formatter):
    """Formats a record as one line of JSON."""

    def __init__(self, worker: int | None = None) -> None:
        """`worker`: which of several processes this is; 0: their parent."""
        super().__init__()
        self._worker = worker

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if self._worker is not None:
            line["worker"] = self._worker
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


def set_up_logs(worker: int | None = None) -> None:
    """Send everything from the level of warnings, and our own from info, to standard error.

    `worker`: see `JsonLines`.
    """
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines(worker))
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("crdtchat").setLevel(logging.INFO)
    # Their warnings are one for each malformed request, and for each answer to whoever has gone
    # meanwhile: whoever likes could fill the disk.
    for name in ("uvicorn.error", "asyncio"):
        logging.getLogger(name).setLevel(logging.ERROR)
