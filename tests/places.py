"""Where words still stand on the disk."""

from __future__ import annotations

import re
import zlib
from pathlib import Path

_MAY_BEGIN = re.compile(rb"\x78|\x1f\x8b")
"""RFC 1950: a stream begins so; RFC 1952: gzip."""


def places(directory: Path, mark: str | bytes) -> list[str]:
    """Names of the files that hold a mark: as it is, or inside anything that zlib compressed."""
    found = []
    wanted = mark.encode() if isinstance(mark, str) else mark
    for path in (path for path in directory.rglob("*") if path.is_file()):
        data = path.read_bytes()
        if wanted in data:
            found.append(path.name)
        found += [
            f"{path.name}, compressed"
            for begin in _MAY_BEGIN.finditer(data)
            if wanted in _inflated(memoryview(data)[begin.start() :])
        ]
    return found


def _inflated(data: memoryview) -> bytes:
    """What follows, if it is a stream: either header is known by itself."""
    try:
        return zlib.decompressobj(zlib.MAX_WBITS + 32).decompress(data, 10_000_000)
    except zlib.error:
        return b""
