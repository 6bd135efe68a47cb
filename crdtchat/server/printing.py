"""What commands print: results on standard output, remarks on standard error."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from crdtchat.access.tenants import Tenant
from crdtchat.document.printable import printable


def print_table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> None:
    lines = [head, *(tuple(map(printable, row)) for row in rows)]
    widths = [max(len(line[at]) for line in lines if at < len(line)) for at in range(len(head))]
    for line in lines:
        cells = (cell.ljust(width) for cell, width in zip(line, widths, strict=False))
        print_line("  ".join(cells).rstrip())


def print_line(text: str) -> None:
    sys.stdout.write(f"{text}\n")


def tenant_line(tenant: Tenant) -> str:
    """Who may come in, and whose pages may embed it."""
    who = f"guests are {tenant.guests}s" if tenant.guests else "by token only"
    named = {"loopback": "pages of this machine", "*": "every page", "null": "files"}
    pages = ", ".join(named.get(origin, origin) for origin in tenant.origins)
    return f"tenant {tenant.id}: {who}; embedded by {pages or 'its own pages alone'}"


def note(text: str) -> None:
    sys.stderr.write(f"{text}\n")
