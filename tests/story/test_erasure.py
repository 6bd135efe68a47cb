"""Erasure while everybody is there: gone from every file, and nobody can bring it back."""

from __future__ import annotations

import json
import zlib
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import quote
from urllib.request import Request, urlopen

import pytest

import crdtchat
from crdtchat.client.errors import NotSaved
from crdtchat.document.replica import Replica
from crdtchat.sync import message
from tests.fork_server import run_crdtchat
from tests.places import places
from tests.raw_client import broadcast_id, raw_client
from tests.server_process import ServerProcess, running_server
from tests.story.proxy import running_proxy

PAGE = "https://example.org/erased"
MARK = "vanish-7Q4K9XW2"
SECRET = f"{MARK} zażółć gęślą jaźń " * 20


def erase(server: ServerProcess, *arguments: str) -> str:
    command = ["erase", "--tenant", "demo", "--yes", "--data", server.data]
    ran = run_crdtchat(*command, *arguments)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def ask(
    server: ServerProcess, token: str, method: str, path: str, body: object = None
) -> tuple[int, str]:
    request = Request(
        f"{server.url}/api/v1/demo/{path}?page={quote(PAGE, safe='')}",
        None if body is None else json.dumps(body).encode(),
        {"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
        method=method,
    )
    try:
        with urlopen(request) as answer:
            return answer.status, answer.read().decode()
    except HTTPError as error:
        return error.code, error.read().decode()


def test_the_search_finds_what_is_there(tmp_path: Path) -> None:
    (tmp_path / "plain").write_bytes(b"x" * 99 + SECRET.encode())
    (tmp_path / "deflated").write_bytes(b"x" * 99 + zlib.compress(SECRET.encode()))
    assert places(tmp_path, MARK) == ["plain", "deflated, compressed"] or places(
        tmp_path, MARK
    ) == ["deflated, compressed", "plain"]


@pytest.mark.timeout(120)
async def test_an_erased_annotation_is_in_no_file_and_does_not_come_back(tmp_path: Path) -> None:
    with running_server(tmp_path / "data") as server:
        tokens = {user: server.token(user) for user in ("ann", "bob")}
        port = int(server.url.rpartition(":")[2])
        async with (
            running_proxy(port) as proxy,
            crdtchat.connect(server.url, page=PAGE, token=tokens["ann"]) as ann,
            crdtchat.connect(proxy.url, page=PAGE, token=tokens["bob"]) as bob,
        ):
            doomed = await ann.annotate(f"quoted {MARK}", SECRET, prefix=MARK)
            kept = await ann.annotate("other words", "what stays")
            await ann.wait_saved()
            await bob.wait_for(lambda page: len(page.annotations) == 2)
            await bob.reply(doomed, f"an answer that says {MARK}")
            await bob.wait_saved()
            await ann.wait_for(lambda page: len(page.annotations[0].comments) == 2)
            (opening, _) = ann.annotations[0].comments
            old_state, old_records = ann.export(), Replica()
            old_records.apply(old_state)

            # Bob is offline while it happens, and writes on.
            proxy.cut()
            await bob.wait_for(lambda page: page.state != "live")
            alone = await bob.annotate("Bob's own words", "written offline")
            await bob.reply(kept, "Bob, offline, on what stays")
            await bob.reply(doomed, "Bob, offline, on what goes")

            assert places(server.data, MARK)
            said = erase(server, "--page", PAGE, "--annotation", doomed)
            assert said.startswith(f"1 annotations of {PAGE} are erased")
            assert places(server.data, MARK) == []

            # Who is there is told within a second or so, and writes on.
            await ann.wait_for(lambda page: [a.aid for a in page.annotations] == [kept])
            await ann.reply(kept, "Ann, afterwards")
            await ann.wait_saved()
            assert MARK.encode() not in ann.export()

            # Bob returns: his own words are saved, what answered the erased is his draft.
            proxy.heal()
            with pytest.raises(NotSaved):
                await bob.wait_saved()
            await bob.wait_for(lambda page: not page.unsaved)
            assert [draft.text for draft in bob.drafts] == ["Bob, offline, on what goes"]
            assert {a.aid for a in bob.annotations} == {kept, alone}
            bob.discard(bob.drafts[0])
            texts = [c.text for a in bob.annotations for c in a.comments]
            assert "Bob, offline, on what stays" in texts
            await ann.wait_for(lambda page: page.annotations == bob.annotations)

        # The author's own old records, offered again in every way there is.
        async with raw_client(server.socket_url, PAGE, token=tokens["ann"]) as client:
            await client.join()
            for number, root, key in ((1, "a", doomed), (2, "c", f"{doomed}/{opening.cid}")):
                value = old_records.get(root, key)
                assert value is not None
                await client.operate(broadcast_id(number), client.encode(root, key, value))
                refused = await client.until(message.Reject)
                assert (refused.code, refused.hard) == ("deleted", False)
                await client.send(message.encode_resync(0, 0, b"\0"))
                await client.until(message.Batch)
        async with raw_client(server.socket_url, PAGE, token=tokens["ann"], v1=False) as stock:
            await stock.send(message.encode_sync_step2(old_state))
            assert await stock.closed() == 4409
        status, said = ask(server, tokens["ann"], "GET", f"annotations/{doomed}")
        assert 400 <= status < 500 and MARK not in said
        again = {"body": SECRET}
        status, _ = ask(server, tokens["ann"], "POST", f"annotations/{doomed}/comments", again)
        assert 400 <= status < 500
        assert MARK not in ask(server, tokens["ann"], "GET", "annotations")[1]
        assert places(server.data, MARK) == []

        server.stop()
        assert places(server.data, MARK) == []
        server.restart()
        async with crdtchat.connect(server.url, page=PAGE, token=tokens["ann"]) as ann:
            assert {a.aid for a in ann.annotations} == {kept, alone}
            assert MARK.encode() not in ann.export()


async def test_an_erased_user_is_in_no_file(tmp_path: Path) -> None:
    """Comments, name, what was edited or deleted earlier: all of it, on every page."""
    with running_server(tmp_path / "data") as server:
        bobs = server.token("bob")
        pages = [PAGE, "notes.ipynb"]
        threads = []
        async with crdtchat.connect(server.url, page=PAGE, name=f"Name {MARK}") as guest:
            assert guest.me is not None
            user, token = guest.me.id, guest.token
        for where in pages:
            async with (
                crdtchat.connect(server.url, page=where, token=bobs) as bob,
                crdtchat.connect(server.url, page=where, token=token) as guest,
            ):
                thread = await bob.annotate("words", "Bob's thread")
                await guest.wait_for(lambda page: bool(page.annotations))
                cid = await guest.reply(thread, SECRET)
                await guest.edit(thread, cid, f"{SECRET} edited")
                await guest.delete(thread, cid)
                await guest.reply(thread, f"again {MARK}")
                await guest.react(thread, guest.annotations[0].comments[0].cid, "👍")
                await guest.annotate("their own words", f"alone {MARK}")
                await guest.wait_saved()
                threads.append(thread)
        assert places(server.data, MARK)
        assert places(server.data, user)
        assert erase(server, "--user", user).startswith(f"{user} is erased from 2 pages")
        assert places(server.data, MARK) == []
        # One line of the audit log says whom the operator erased.
        data = [path.read_bytes() for path in server.data.iterdir()]
        assert sum(content.count(user.encode()) for content in data) == 1
        # Again, and of one who is misspelt: nobody takes that for done.
        for nobody in (user, user[:-1]):
            said = erase(server, "--user", nobody)
            assert said.startswith(f"no page has anything of {nobody!r}: ")
            assert "is erased" not in said
        assert places(server.data, "Bob") != []
        for where, thread in zip(pages, threads, strict=True):
            async with crdtchat.connect(server.url, page=where, token=bobs) as bob:
                # The server learns of it within a second.
                await bob.wait_for(lambda page: len(page.annotations) == 1)
                assert bob.annotations[0].aid == thread
                assert [c.text for c in bob.annotations[0].comments] == ["Bob's thread"]


async def test_tokens_of_an_erased_user_are_void(tmp_path: Path) -> None:
    with running_server(tmp_path / "data") as server:
        token = server.token("quentin")
        async with crdtchat.connect(server.url, page=PAGE, token=token) as page:
            await page.annotate("words", "Quentin's")
            await page.wait_saved()
        assert places(server.data, "Quentin")
        erase(server, "--user", "quentin")
        assert places(server.data, "Quentin") == []
        assert ask(server, token, "GET", "annotations")[0] == 401


def test_what_to_erase_must_be_said_and_confirmed(tmp_path: Path) -> None:
    def refused(*arguments: str) -> str:
        command = ["erase", "--tenant", "demo", "--data", tmp_path / "data"]
        ran = run_crdtchat(*command, *arguments)
        assert ran.returncode == 2
        return ran.stderr

    assert "say what to erase" in refused("--yes")
    for aid in ("a1b2c3", "-1b2c3", "--b2c3"):
        assert "say what to erase" in refused("--yes", "--annotation", aid)
    assert "expected one argument" in refused("--annotation", "--yes")
    assert "say what to erase" in refused("--yes", "--page", "p", "--user", "u")
    assert "confirm it with --yes" in refused("--page", "p")


async def test_what_is_not_there_is_not_said_to_be_erased(tmp_path: Path) -> None:
    """A page or annotation that is misspelt: its words would stay, and nobody would know."""
    with running_server(tmp_path / "data") as server:
        async with crdtchat.connect(server.url, page=PAGE, name="Ann") as ann:
            aid = await ann.annotate("words", SECRET)
            await ann.wait_saved()
            await ann.delete(aid)
            await ann.wait_saved()
        command = ["erase", "--tenant", "demo", "--yes", "--data", server.data]
        for wrong, says in (
            (("--page", f"{PAGE}/"), f"tenant demo has no page '{PAGE}/'"),
            (("--page", PAGE, "--annotation", aid[:-1]), f"page '{PAGE}' has no annotation"),
        ):
            ran = run_crdtchat(*command, *wrong)
            assert (ran.returncode, ran.stdout) == (2, "")
            assert says in ran.stderr
        assert places(server.data, MARK)
        # Twice, as after an interruption.
        for _ in range(2):
            said = erase(server, "--page", PAGE, "--annotation", aid)
            assert said.startswith(f"1 annotations of {PAGE} are erased")
        assert places(server.data, MARK) == []
