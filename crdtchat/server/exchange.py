"""`crdtchat export` and `crdtchat import`: annotations out and in (docs/exchange.md)."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

from crdtchat.document.json_items import JsonItems
from crdtchat.document.schema import IMPORT_PREFIX
from crdtchat.document.tally import Tally
from crdtchat.host.exporting import exported
from crdtchat.host.hub import Hub
from crdtchat.host.importing import import_items
from crdtchat.server.settings import BadSetting, Settings
from crdtchat.server.upkeep import known_tenants, pages_of, run_on_store
from crdtchat.stores.base import Store
from crdtchat.sync.session import Peer

_EVERY = 100
OPERATOR = f"{IMPORT_PREFIX}operator"
"""Who the log says has imported from the command line: nobody can sign in as that."""


def export_file(settings: Settings, flags: dict[str, Any]) -> int:
    """Write a tenant's annotations to a file or standard output. Answers the exit status."""

    async def work(store: Store) -> None:
        pages = await pages_of(settings, store, flags["tenant"])
        if flags["page"] is not None and not any(one.key.page == flags["page"] for one in pages):
            raise BadSetting(f"tenant {flags['tenant']} has no page {flags['page']!r}")
        count = 0

        def note(exported: int) -> None:
            nonlocal count
            count = exported
            show(count)

        with _output(flags["output"]) as file, _progress("exported") as show:
            async for part in exported(
                store, flags["tenant"], page=flags["page"], user=flags["user"], progress=note
            ):
                file.write(part)
        sys.stderr.write(f"{count} annotations exported\n")

    run_on_store(settings, work)
    return 0


def import_file(settings: Settings, flags: dict[str, Any]) -> int:
    """Bring a file's annotations in, and report. Answers 0, or 1 if something was left out."""
    text = None if flags["text"] is None else _read_text(flags["text"])
    peer = Peer(
        OPERATOR,
        "",
        "owner",
        may_comment=True,
        may_moderate=True,
        may_import=True,
        may_restore=flags["restore"],
        via="command",
    )

    async def work(store: Store) -> Tally:
        if flags["tenant"] not in await known_tenants(settings, store):
            sys.stderr.write(f"no tenant is called {flags['tenant']} here yet\n")
        async with Hub(store) as hub:
            with _input(flags["file"]) as file, _progress("imported") as progress:
                return await import_items(
                    hub,
                    flags["tenant"],
                    JsonItems(file.read),
                    peer,
                    page=flags["page"],
                    text=text,
                    rehearse=flags["dry_run"],
                    progress=progress,
                )

    tally = run_on_store(settings, work, makes=True)
    if flags["dry_run"]:
        sys.stdout.write("a dry run: nothing was written; this is what would have been\n")
    for line in tally.lines():
        sys.stdout.write(f"{line}\n")
    return 1 if tally.left_out else 0


@contextmanager
def _output(name: str | None) -> Iterator[TextIO]:
    if name is None:
        yield sys.stdout
        sys.stdout.flush()
        return
    path = Path(name)
    partial = path.with_name(f"{path.name}.part")
    try:
        # Under its name only when it is whole: half an export is no export.
        with partial.open("w", encoding="utf-8", newline="\n") as file:
            yield file
        partial.replace(path)
    except OSError as error:
        raise BadSetting(f"cannot write {name}: {error.strerror}") from None
    finally:
        partial.unlink(missing_ok=True)


@contextmanager
def _input(name: str) -> Iterator[TextIO]:
    if name == "-":
        yield sys.stdin
        return
    try:
        file = Path(name).open(encoding="utf-8-sig")  # noqa: SIM115 - closed below
    except OSError as error:
        raise BadSetting(f"cannot read {name}: {error.strerror}") from None
    with file:
        yield file


def _read_text(name: str) -> str:
    try:
        with Path(name).open(encoding="utf-8", newline="") as file:
            return file.read()
    except (OSError, UnicodeDecodeError) as error:
        raise BadSetting(f"cannot read {name} as UTF-8: {error}") from None


@contextmanager
def _progress(verb: str) -> Iterator[Any]:
    """Counts on standard error while it is a terminal."""
    if not sys.stderr.isatty():
        yield lambda count: None
        return
    shown = 0

    def show(count: int) -> None:
        nonlocal shown
        if count >= shown + _EVERY:
            shown = count
            sys.stderr.write(f"\r{count} annotations {verb}")
            sys.stderr.flush()

    yield show
    if shown:
        sys.stderr.write("\r\x1b[K")
