"""Moderation over REST and the socket, against a real server: who may, what others see, the log."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import httpx
import pytest

import crdtchat
from crdtchat.client.errors import NotSaved
from tests.server_process import ServerProcess, running_server

TENANTS = """
[tenants.demo]
guests = "commenter"
[tenants.other]
"""
USERS = {
    "ann": "commenter",
    "bob": "commenter",
    "vic": "viewer",
    "mod": "moderator",
    "own": "owner",
}
Call = Callable[..., httpx.Response]
_pages = count(1)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    folder = tmp_path_factory.mktemp("moderation")
    (folder / "crdtchat.toml").write_text(TENANTS)
    with running_server(folder / "data", ["--config", str(folder / "crdtchat.toml")]) as running:
        yield running


@pytest.fixture(scope="module")
def tokens(server: ServerProcess) -> dict[str, str]:
    return {user: server.token(user, role) for user, role in USERS.items()}


@pytest.fixture
def page() -> str:
    return f"https://example.org/moderated/{next(_pages)}"


@pytest.fixture
def call(server: ServerProcess, tokens: dict[str, str], page: str) -> Iterator[Call]:
    """Ask as somebody: `call("mod", "PUT", "annotations/ID/hidden")`."""
    with httpx.Client(verify=False, base_url=f"{server.url}/api/v1/demo/", timeout=30) as http:

        def ask(user: str, method: str, path: str, body: object = None, **query: Any) -> Any:
            return http.request(
                method,
                path,
                params={"page": page, **query},
                headers={"Authorization": f"Bearer {tokens[user]}"},
                json=body,
            )

        yield ask


@pytest.fixture
def thread(call: Call) -> tuple[str, str, str]:
    """Ann's annotation: its id, and those of her opening comment and of Bob's reply."""
    made = call(
        "ann", "POST", "annotations", {"target": {"exact": "words"}, "body": "Ann's"}
    ).json()
    path = f"annotations/{made['id']}/comments"
    reply = call("bob", "POST", path, {"body": "Bob's secret"}).json()
    return made["id"], made["comments"][0]["id"], reply["id"]


def audit(call: Call) -> list[tuple[str, str, str]]:
    """What the page's audit log says was done: who, action, target."""
    lines = call("own", "GET", "audit").json()["lines"]
    done = [line for line in lines if line["action"] != "refused"]
    return [(line.get("who", ""), line["action"], line["target"]) for line in done]


def test_a_hidden_comment_keeps_its_place_and_comes_back(
    call: Call, thread: tuple[str, str, str]
) -> None:
    aid, _, cid = thread
    comment = f"annotations/{aid}/comments/{cid}"
    for _ in range(2):
        assert call("mod", "PUT", f"{comment}/hidden").status_code == 204
    for reader in ("ann", "bob", "vic"):
        assert "secret" not in call(reader, "GET", f"annotations/{aid}").text
        assert "secret" not in call(reader, "GET", "annotations").text
        assert "secret" not in call(reader, "GET", comment).text
        places = call(reader, "GET", f"annotations/{aid}").json()["comments"]
        assert [place.get("hidden", False) for place in places] == [False, True]
    assert "secret" in call("mod", "GET", f"annotations/{aid}").text
    assert call("mod", "DELETE", f"{comment}/hidden").status_code == 204
    assert "secret" in call("vic", "GET", f"annotations/{aid}").text
    key = f"{aid}/{cid}"
    assert audit(call) == [("mod", "hide", key), ("mod", "unhide", key)]


def test_who_edits_their_hidden_comment_is_told_so_and_is_no_forger(
    call: Call, thread: tuple[str, str, str]
) -> None:
    """It was refused as signed by somebody else, which stood in the audit log under their name."""
    aid, opening, reply = thread
    for user, cid in (("ann", opening), ("bob", reply)):
        path = f"annotations/{aid}/comments/{cid}"
        call("mod", "PUT", f"{path}/hidden")
        edits = [path] if user == "bob" else [path, f"annotations/{aid}"]
        for edit in edits:
            refused = call(user, "PATCH", edit, {"body": "Better so"})
            assert (refused.status_code, "moderator hid" in refused.text) == (409, True)
    assert call("bob", "DELETE", f"annotations/{aid}/comments/{reply}").status_code == 204
    lines = call("own", "GET", "audit").json()["lines"]
    assert "refused" not in {line["action"] for line in lines}


def test_a_hidden_annotation_is_not_there_for_readers(
    call: Call, thread: tuple[str, str, str]
) -> None:
    aid, _, _ = thread
    before = call("vic", "GET", "annotations")
    call("mod", "PUT", f"annotations/{aid}/hidden")
    assert call("vic", "GET", f"annotations/{aid}").status_code == 404
    after = call("vic", "GET", "annotations")
    assert after.json()["items"] == []
    assert after.headers["etag"] != before.headers["etag"]
    assert call("own", "GET", "annotations").json()["items"][0]["hidden"] is True


def test_nobody_but_moderators_writes_in_a_locked_thread(
    call: Call, thread: tuple[str, str, str]
) -> None:
    aid, _, _ = thread
    call("mod", "PUT", f"annotations/{aid}/locked")
    refused = call("bob", "POST", f"annotations/{aid}/comments", {"body": "late"})
    assert (refused.status_code, refused.json()["code"]) == (403, "locked")
    said = call("mod", "POST", f"annotations/{aid}/comments", {"body": "why"})
    assert said.status_code == 201
    call("mod", "DELETE", f"annotations/{aid}/locked")
    assert call("bob", "POST", f"annotations/{aid}/comments", {"body": "now"}).status_code == 201
    assert audit(call) == [("mod", "lock", aid), ("mod", "unlock", aid)]


async def test_what_was_written_before_the_lock_was_known_is_a_draft(
    server: ServerProcess,
    tokens: dict[str, str],
    call: Call,
    thread: tuple[str, str, str],
    page: str,
) -> None:
    aid, _, _ = thread
    async with crdtchat.connect(server.url, page=page, token=tokens["bob"]) as bob:
        call("mod", "PUT", f"annotations/{aid}/locked")
        await bob.wait_for(lambda page: page.annotations[0].locked)
        await bob.reply(aid, "too late")
        with pytest.raises(NotSaved):
            await bob.wait_saved()
        assert [(draft.code, draft.text) for draft in bob.drafts] == [("locked", "too late")]
        bob.discard(bob.drafts[0])


@pytest.mark.parametrize("user", ["ann", "vic"])
def test_only_moderators_decide(call: Call, thread: tuple[str, str, str], user: str) -> None:
    aid, cid, _ = thread
    for method in ("PUT", "DELETE"):
        for path in (f"annotations/{aid}/hidden", f"annotations/{aid}/comments/{cid}/hidden"):
            assert call(user, method, path).status_code == 403
        assert call(user, method, f"annotations/{aid}/locked").status_code == 403
        assert call(user, method, "blocks/bob").status_code == 403
    assert call(user, "GET", "reports").status_code == 403
    assert call(user, "GET", "blocks").status_code == 403
    assert call(user, "DELETE", f"annotations/{aid}/reports").status_code == 403
    for reader in (user, "mod"):
        assert call(reader, "GET", "audit").status_code == 403
    assert audit(call) == []


def test_reports_are_for_moderators_and_go_when_dealt_with(
    call: Call, thread: tuple[str, str, str], page: str
) -> None:
    aid, cid, _ = thread
    path = f"annotations/{aid}/comments/{cid}/reports"
    assert call("vic", "POST", path, {"reason": "spam"}).status_code == 403
    given = [*[("bob", "spam")] * 40, ("bob", "abuse"), ("ann", "other")]
    for user, reason in given:
        assert call(user, "POST", path, {"reason": reason}).status_code == 204
    assert call("bob", "POST", path, {"reason": "dislike"}).status_code == 422
    assert "report" not in call("bob", "GET", "annotations").text
    found = [one for one in call("mod", "GET", "reports").json()["reports"] if one["page"] == page]
    assert [(one["target"], one["count"], one["reasons"]) for one in found] == [
        (f"{aid}/{cid}", 2, ["abuse", "other"])
    ]
    by_whom = [(one["by"], one["reason"]) for one in found[0]["reports"]]
    assert by_whom == [("bob", "abuse"), ("ann", "other")]
    assert call("mod", "DELETE", path).status_code == 204
    left = call("mod", "GET", "reports").json()["reports"]
    assert [one for one in left if one["page"] == page] == []
    # One line for each who reported, however often: nobody fills the log by saying it again.
    done = [("bob", "report"), ("ann", "report"), ("mod", "dismiss")]
    assert audit(call) == [(who, action, f"{aid}/{cid}") for who, action in done]


def test_what_is_hidden_or_locked_is_found_on_all_pages(
    server: ServerProcess,
    tokens: dict[str, str],
    call: Call,
    thread: tuple[str, str, str],
    page: str,
) -> None:
    aid, _, reply = thread
    second = f"{page}/2"
    other = {"target": {"exact": "words"}, "body": "Elsewhere"}
    elsewhere = call("ann", "POST", "annotations", other, page=second).json()["id"]

    def found(answer: httpx.Response) -> list[tuple[str, str, list[str]]]:
        items = answer.json()["items"]
        annotations = [(item["page"], item["annotation"]) for item in items]
        return [
            (where, one["id"], [mark.get("id", "") for mark in one["moderation"]])
            for where, one in annotations
        ]

    call("mod", "PUT", f"annotations/{aid}/comments/{reply}/hidden")
    call("mod", "PUT", f"annotations/{aid}/locked")
    call("mod", "PUT", f"annotations/{elsewhere}/hidden", page=second)
    whole = [(second, elsewhere, [""]), (page, aid, ["", reply])]
    everywhere = httpx.get(
        f"{server.url}/api/v1/demo/moderated",
        headers={"Authorization": f"Bearer {tokens['mod']}"},
    )
    assert found(everywhere)[:2] == whole  # What other tests hid is older.
    assert found(call("mod", "GET", "moderated")) == whole[1:]
    call("mod", "DELETE", f"annotations/{aid}/locked")
    call("mod", "DELETE", f"annotations/{aid}/comments/{reply}/hidden")
    assert found(call("mod", "GET", "moderated")) == []
    for user in ("ann", "vic"):
        assert call(user, "GET", "moderated").status_code == 403


def test_too_many_reports_are_refused(call: Call) -> None:
    statuses = []
    for _ in range(31):
        target = {"target": {"exact": "words"}, "body": "one of many"}
        aid = call("mod", "POST", "annotations", target).json()["id"]
        statuses.append(call("ann", "POST", f"annotations/{aid}/reports", {}).status_code)
        if statuses[-1] == 429:
            break
    assert statuses[-1] == 429
    assert len(statuses) > 20


async def test_a_blocked_user_reads_on_and_writes_nowhere(
    server: ServerProcess,
    tokens: dict[str, str],
    call: Call,
    thread: tuple[str, str, str],
    page: str,
) -> None:
    aid, _, _ = thread
    async with crdtchat.connect(server.url, page=page, token=tokens["bob"]) as bob:
        assert call("mod", "PUT", "blocks/bob").status_code == 204
        await bob.wait_for(lambda page: page.me is not None and page.me.role == "blocked")
        assert call("bob", "GET", f"annotations/{aid}").status_code == 200
        refused = call("bob", "POST", f"annotations/{aid}/comments", {"body": "still here"})
        assert refused.status_code == 403
        assert call("mod", "GET", "blocks").json() == {"users": ["bob"]}
        assert call("mod", "DELETE", "blocks/bob").status_code == 204
        await bob.wait_for(lambda page: page.me is not None and page.me.role == "commenter")
        await bob.reply(aid, "back again")
        await bob.wait_saved()
    assert call("mod", "PUT", "blocks/mod").status_code == 409
    lines = call("own", "GET", "audit", page="").json()["lines"]
    done = [(line.get("who", ""), line["action"], line["target"]) for line in lines]
    assert done[-2:] == [("mod", "block", "bob"), ("mod", "unblock", "bob")]


def test_a_token_for_some_pages_reaches_no_others(
    server: ServerProcess,
    call: Call,
    tokens: dict[str, str],
    thread: tuple[str, str, str],
    page: str,
) -> None:
    for user, role in (("local mod", "moderator"), ("local own", "owner")):
        tokens[user] = server.token(user, role, page=f"{page}*")
        path = f"annotations/{thread[0]}/locked"
        assert call(user, "PUT", path).status_code == 204
        assert call(user, "DELETE", path).status_code == 204
        for method in ("PUT", "DELETE"):
            refused = call(user, method, "blocks/bob")
            assert (refused.status_code, "some pages only" in refused.text) == (403, True)
        assert call(user, "GET", "blocks").json() == {"users": []}
    assert len(call("local own", "GET", "audit").json()["lines"]) == 4
    for other in ("", "https://example.org/elsewhere"):
        assert call("local own", "GET", "audit", page=other).status_code == 403
    whole = f"{server.url}/api/v1/demo/audit"
    bearer = {"Authorization": f"Bearer {tokens['local own']}"}
    assert httpx.get(whole, headers=bearer).status_code == 403


def test_a_role_that_the_operator_gave_is_not_blocked_away(
    server: ServerProcess, call: Call
) -> None:
    server.run("role", "set", "moderator", "--tenant", "demo", "--user", "zoe")
    assert call("mod", "PUT", "blocks/zoe").status_code == 409
    assert call("mod", "DELETE", "blocks/zoe").status_code == 204
    assert "zoe" not in call("mod", "GET", "blocks").json()["users"]


def test_deleting_others_words_leaves_a_line_and_ones_own_does_not(
    call: Call, thread: tuple[str, str, str]
) -> None:
    aid, own, others = thread
    call("bob", "DELETE", f"annotations/{aid}/comments/{others}")
    assert audit(call) == []
    call("mod", "DELETE", f"annotations/{aid}/comments/{own}")
    assert audit(call) == [("mod", "delete", f"{aid}/{own}")]


async def test_deeds_over_the_socket_are_in_the_log_too(
    server: ServerProcess,
    tokens: dict[str, str],
    call: Call,
    thread: tuple[str, str, str],
    page: str,
) -> None:
    aid, _, cid = thread
    async with (
        crdtchat.connect(server.url, page=page, token=tokens["mod"]) as mod,
        crdtchat.connect(server.url, page=page, token=tokens["ann"]) as ann,
    ):
        await mod.hide(aid, cid)
        await mod.lock(aid)
        await mod.wait_saved()
        await ann.wait_for(lambda page: page.annotations[0].locked)
        assert [c.text for c in ann.annotations[0].comments] == ["Ann's", ""]
        assert ann.annotations[0].comments[1].hidden
        assert mod.annotations[0].comments[1].text == "Bob's secret"
        await mod.unhide(aid, cid)
        await mod.hide(aid)
        await mod.wait_saved()
        await ann.wait_for(lambda page: not page.annotations)
        await mod.delete(aid)
        await mod.wait_saved()
    key = f"{aid}/{cid}"
    deeds = [("hide", key), ("lock", aid), ("unhide", key), ("hide", aid), ("delete", aid)]
    assert audit(call) == [("mod", *deed) for deed in deeds]
    assert {line["via"] for line in call("own", "GET", "audit").json()["lines"]} == {"socket"}


def test_the_audit_log_in_parts_and_by_the_command(
    server: ServerProcess, call: Call, thread: tuple[str, str, str], page: str
) -> None:
    aid, _, _ = thread
    for method in ("PUT", "DELETE", "PUT"):
        call("mod", method, f"annotations/{aid}/locked")
    whole = call("own", "GET", "audit").json()["lines"]
    assert [line["action"] for line in whole] == ["lock", "unlock", "lock"]
    part = call("own", "GET", "audit", limit=2).json()
    assert part["lines"] == whole[:2]
    rest = call("own", "GET", "audit", limit=2, after=part["next"]).json()
    assert rest == {"lines": whole[2:]}
    day = whole[0]["at"][:10]
    assert call("own", "GET", "audit", **{"from": day, "to": day}).json()["lines"] == whole
    assert call("own", "GET", "audit", to="2020-01-01").json()["lines"] == []
    assert call("own", "GET", "audit", to="someday").status_code == 400
    printed = server.run("audit", "--tenant", "demo", "--page", page)
    assert [json.loads(line) for line in printed.splitlines()] == whole


def test_tokens_and_roles_of_the_command_line_are_in_the_log(
    server: ServerProcess, call: Call
) -> None:
    server.token("fresh")
    lines = call("own", "GET", "audit", page="").json()["lines"]
    assert lines[-1]["action"] == "token-create"
    assert lines[-1]["via"] == "command"
    assert "who" not in lines[-1]
