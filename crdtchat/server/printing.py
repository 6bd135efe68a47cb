"""What commands print: results on standard output, remarks on standard error."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Sequence
from io import TextIOWrapper

from crdtchat.access.tenants import Tenant
from crdtchat.document.printable import printable

logger = logging.getLogger("crdtchat.server")


def print_table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> None:
    lines = [head, *(tuple(map(printable, row)) for row in rows)]
    widths = [max(len(line[at]) for line in lines if at < len(line)) for at in range(len(head))]
    for line in lines:
        cells = (cell.ljust(width) for cell, width in zip(line, widths, strict=False))
        print_line("  ".join(cells).rstrip())


def print_line(text: str) -> None:
    sys.stdout.write(f"{text}\n")


def announce(text: str) -> None:
    """Print what a server says of itself. Where that cannot be written, or has signs that the
    output's encoding lacks, it serves all the same."""
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except OSError as error:
        logger.warning("standard output cannot be written: %s", error.strerror)
        give_output_up()


def give_output_up() -> None:
    """What could not be written of standard output would be tried again at the end."""
    with open(os.devnull, "w") as nowhere:
        os.dup2(nowhere.fileno(), sys.stdout.fileno())


def speak_utf8() -> None:
    """Print in UTF-8 from here on, whatever the locale's encoding: as JSON is read by programs."""
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8")


def tenant_line(tenant: Tenant) -> str:
    """Who may come in, and whose pages may embed it."""
    who = f"guests are {tenant.guests}s" if tenant.guests else "by token only"
    named = {"loopback": "pages of this machine", "*": "every page", "null": "files"}
    pages = ", ".join(named.get(origin, origin) for origin in tenant.origins)
    return f"tenant {tenant.id}: {who}; embedded by {pages or 'its own pages alone'}"


def note(text: str) -> None:
    sys.stderr.write(f"{text}\n")
