"""`crdtchat export` and `crdtchat import`: annotations out and in (docs/exchange.md)."""

from __future__ import annotations

import os
import secrets
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import TextIOWrapper
from pathlib import Path
from typing import Any, TextIO

from crdtchat.document.json_items import JsonItems
from crdtchat.document.schema import IMPORT_PREFIX
from crdtchat.host.damage import Damage
from crdtchat.host.exporting import exported
from crdtchat.host.hub import Hub
from crdtchat.host.importing import import_items
from crdtchat.server.printing import speak_utf8
from crdtchat.server.progress import progress
from crdtchat.server.settings import BadSetting, Settings
from crdtchat.server.upkeep import (
    check_page,
    check_tenant,
    known_tenants,
    pages_of,
    run_on_store,
)
from crdtchat.stores.base import Store
from crdtchat.sync.session import Peer

OPERATOR = f"{IMPORT_PREFIX}operator"
"""Who the log says has imported from the command line: nobody can sign in as that."""


def export_file(settings: Settings, flags: dict[str, Any]) -> int:
    """Write a tenant's annotations to a file or standard output. Answers the exit status."""

    async def work(store: Store) -> None:
        pages = await pages_of(settings, store, flags["tenant"])
        if flags["page"] is not None:
            check_page(pages, flags["tenant"], flags["page"])
        count, damage = 0, Damage() if flags["page"] is None else None

        def note(exported: int) -> None:
            nonlocal count
            count = exported
            show(count)

        with output_to(flags["output"]) as file, progress("exporting", " annotations") as show:
            async for part in exported(
                store,
                flags["tenant"],
                page=flags["page"],
                user=flags["user"],
                progress=note,
                damage=damage,
            ):
                file.write(part)
        sys.stderr.write(f"{count} annotations exported\n")
        if damage is not None:
            damage.report()

    run_on_store(settings, work)
    return 0


def import_file(settings: Settings, flags: dict[str, Any]) -> int:
    """Bring a file's annotations in, and report. Answers 0, or 1 if something was left out. Raises
    BadSetting, when all others are in, for pages that cannot be read back."""
    check_tenant(flags["tenant"])
    text = None if flags["text"] is None else _read_text(flags["text"])
    damage = Damage() if flags["page"] is None else None
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

    async def work(store: Store) -> int:
        if flags["tenant"] not in await known_tenants(settings, store):
            sys.stderr.write(f"no tenant is called {flags['tenant']} here yet\n")
        async with Hub(store) as hub:
            with _input(flags["file"]) as file, _followed(file) as read:
                tally = await import_items(
                    hub,
                    flags["tenant"],
                    JsonItems(read),
                    peer,
                    page=flags["page"],
                    text=text,
                    rehearse=flags["dry_run"],
                    damage=damage,
                )
        if flags["dry_run"]:
            sys.stdout.write("a dry run: nothing was written; this is what would have been\n")
        for line in tally.lines():
            sys.stdout.write(f"{line}\n")
        if damage is not None:
            damage.report()
        return 1 if tally.left_out else 0

    return run_on_store(settings, work, makes=True)


@contextmanager
def output_to(name: str | None) -> Iterator[TextIO]:
    """A file that has its name when it is whole, whoever else writes one of that name meanwhile; or
    standard output, or what else has that name and is no file. Raises BadSetting."""
    if name is None:
        speak_utf8()
        yield sys.stdout
        sys.stdout.flush()
        return
    path = Path(name)
    try:
        if path.exists() and not path.is_file():
            # A pipe, /dev/stdout or /dev/null: a file in its place would be there for everybody.
            with path.open("w", encoding="utf-8", newline="\n") as file:
                yield file
            return
        path = Path(os.path.realpath(path))
        partial = path.with_name(f"{path.name}.{secrets.token_hex(4)}.part")
        try:
            # Under its name only when it is whole: half an export is no export.
            with partial.open("w", encoding="utf-8", newline="\n") as file:
                yield file
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)
    except OSError as error:
        raise BadSetting(f"cannot write {name}: {error.strerror}") from None


@contextmanager
def _input(name: str) -> Iterator[TextIO]:
    if name == "-":
        if isinstance(sys.stdin, TextIOWrapper):
            sys.stdin.reconfigure(encoding="utf-8-sig")  # as a file is read, in any locale
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
        with Path(name).open(encoding="utf-8-sig", newline="") as file:
            return file.read()
    except (OSError, UnicodeDecodeError) as error:
        raise BadSetting(f"cannot read {name} as UTF-8: {error}") from None


@contextmanager
def _followed(file: TextIO) -> Iterator[Callable[[int], str]]:
    """Reading a file, while a bar shows how much of it was read."""
    about = os.fstat(file.fileno())
    total = about.st_size if stat.S_ISREG(about.st_mode) else None
    with progress("importing", "B", total, bytes_=True) as show:

        def read(characters: int) -> str:
            text = file.read(characters)
            if total is not None:
                show(file.buffer.tell())
            return text

        yield read
