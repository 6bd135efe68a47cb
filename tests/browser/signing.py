"""Tokens that run out while their owners write."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import jwt
from playwright.sync_api import (
    expect,
)

from tests.browser.conftest import SECRET
from tests.browser.faults import (
    HOUR_MS,
    TENANT,
    Stage,
    cut,
    expect_kept,
    expect_texts,
    nudge,
)
from tests.reliability.machine import Machine


@contextmanager
def signing_machine(folder: Path) -> Iterator[Machine]:
    """A server whose clock can be set, with a tenant that knows its users by token and lets guests write."""
    (folder / "crdtchat.toml").write_text(
        f'[tenants.{TENANT}]\nguests = "commenter"\nsecret = "{SECRET}"\norigins = ["*"]\n'
    )
    machine = Machine(folder, ["--config", str(folder / "crdtchat.toml")])
    machine.server.start()
    try:
        yield machine
    finally:
        machine.server.kill()


def token(user: str, hours: float) -> str:
    """A commenter's, for so long."""
    claims = {
        "sub": user,
        "name": user.title(),
        "role": "commenter",
        "exp": int(time.time() + 3_600 * hours),
    }
    return jwt.encode(claims, SECRET, algorithm="HS256")


ASK = ", sso: () => fetch('/token').then((answer) => answer.ok ? answer.text() : Promise.reject(answer.status))"


def expired(stage: Stage, machine: Machine) -> None:
    """A token runs out while its owner writes offline; the words wait for a good one, over a reload too."""
    site = stage.site
    site.add("/token", token("zoe", 0.5), kind="text/plain")
    zoe = stage.ann(url=stage.page("zoe", ASK))
    zoe.annotate("every ship", "First")
    zoe.expect_live()
    bob = stage.bob()
    bob.open("every ship")

    # The host page cannot tell a new one: its own sign-in ran out as well.
    cut(stage, zoe)
    zoe.reply("In the tunnel")
    expect_kept(zoe.page, 1)
    machine.set_clock(HOUR_MS)
    site.remove("/token")
    zoe.expected += ["404", "the page gave no token"]
    with zoe.page.expect_response("**/token"):
        stage.line.mend()
        nudge(zoe.page.context)
    zoe.expect_state("1 unsent")
    zoe.page.reload()
    zoe.open("every ship")
    expect(zoe.comment("In the tunnel")).to_be_visible()
    zoe.expect_state("1 unsent")
    site.add("/token", token("zoe", 2), kind="text/plain")
    nudge(zoe.page.context)
    zoe.expect_live()
    expect_texts(bob, "First", "In the tunnel")

    # A page whose token is a text can get no other: it says so, and the next page sends what waits.
    cut(stage, zoe)
    zoe.reply("In the next")
    expect_kept(zoe.page, 1)
    machine.set_clock(3 * HOUR_MS)
    stage.line.mend()
    zoe.expected.append("the server refused the connection")
    zoe.page.goto(stage.page("fixed", f", sso: {token('zoe', 2)!r}"))
    zoe.expect_state("Sign in to take part")
    zoe.open("every ship")
    expect(zoe.comment("In the next")).to_be_visible()
    zoe.page.goto(stage.page("again", f", sso: {token('zoe', 4)!r}"))
    zoe.expect_live()
    expect_texts(bob, "First", "In the tunnel", "In the next")
    expect_kept(zoe.page, 0)
    assert (found := stage.entries()) == (3, 3), found
    machine.set_clock(0)


def forgotten(stage: Stage, machine: Machine) -> None:
    """The server knows a guest no more: what they wrote offline becomes a draft of whom they are now."""
    ann = stage.ann(url=stage.page("guest"))
    ann.annotate("every ship", "First", "Ann")
    ann.expect_live()
    cut(stage, ann)
    ann.reply("As who I was")
    expect_kept(ann.page, 1)
    machine.server.kill()
    with closing(sqlite3.connect(machine.server.data / "crdtchat.sqlite3")) as database, database:
        database.execute("DELETE FROM secret WHERE name = 'guest-tokens'")
    machine.server.restart()
    stage.line.mend()
    nudge(ann.page.context)
    ann.expect_live()
    expect_texts(ann, "First")
    expect_kept(ann.page, 0)
    ann.page.reload()
    ann.expect_live()
    ann.show_panel()
    expect(ann.panel.locator(".drafts")).to_contain_text("As who I was")
    expect(ann.panel.locator(".drafts")).to_contain_text("under another sign-in")
