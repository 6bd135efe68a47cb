"""What the routes answer is what the OpenAPI document says, and nothing beside it: a rich page is
read by every route, and each body held to its schema with no other members allowed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest

from crdtchat.server.openapi.document import openapi_document
from tests.server.conftest import Api


def closed(part: object) -> object:
    """A schema in which objects have the members that are named and no others."""
    if isinstance(part, list):
        return [closed(one) for one in part]
    if not isinstance(part, dict):
        return part
    found = {name: closed(value) for name, value in part.items()}
    if "properties" in found and "additionalProperties" not in found:
        found["additionalProperties"] = False
    return found


DOCUMENT: dict[str, Any] = openapi_document()
COMPONENTS = {"components": closed(DOCUMENT["components"])}


def check(method: str, path: str, status: int, body: object) -> None:
    """Raises unless a body is what the document says."""
    described = DOCUMENT["paths"][f"/api/v1/{{tenant}}{path}"][method.lower()]
    (content,) = described["responses"][str(status)]["content"].values()
    schema = {**closed(content["schema"]), **COMPONENTS}  # type: ignore[dict-item]
    jsonschema.Draft202012Validator(
        schema, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER
    ).validate(body)


def members(part: object) -> Iterator[str]:
    """The names of all members, wherever they stand."""
    if isinstance(part, dict):
        for name, value in part.items():
            yield name
            if name != "@context":
                yield from members(value)
    elif isinstance(part, list):
        for one in part:
            yield from members(one)


@pytest.fixture
def rich(api: dict[str, Api]) -> tuple[str, str, str]:
    """A thread with everything in it: its id, those of its opening comment and of a reply."""
    ann, bob, mod = api["ann"], api["bob"], api["mod"]
    target = {"exact": "the words", "prefix": "Whose are ", "start": 10, "version": "v" * 22}
    made = ann(
        "POST", json={"target": {**target, "kind": "output", "part": "cell=a"}, "body": "Whose?"}
    ).json()
    aid, cid = made["id"], made["comments"][0]["id"]
    thread = f"/annotations/{aid}"
    reply, gone, hidden = (
        bob("POST", f"{thread}/comments", json={"body": text, "parent": cid}).json()["id"]
        for text in ("Anybody's.", "Nonsense", "Rude")
    )
    bob("POST", f"{thread}/comments", json={"body": "After it.", "parent": gone})
    bob("PATCH", f"{thread}/comments/{reply}", json={"body": "Everybody's."})
    bob("PUT", f"{thread}/comments/{cid}/reactions/👍")
    ann("PATCH", thread, json={"resolved": True, "target": {"exact": "other words", "start": 40}})
    mod("DELETE", f"{thread}/comments/{gone}")
    mod("PUT", f"{thread}/comments/{hidden}/hidden")
    mod("PUT", f"{thread}/locked")
    bob("POST", f"{thread}/reports", json={"reason": "spam"})
    mod("PUT", "/blocks/troll")
    whole = ann.annotate("Another")["id"]
    mod("PUT", f"/annotations/{whole}/hidden")
    return aid, cid, reply


def test_bodies_have_the_members_that_are_described(
    api: dict[str, Api], rich: tuple[str, str, str]
) -> None:
    aid, cid, _ = rich
    seen: set[str] = set()
    for user in ("own", "vic"):
        for path, names in (
            ("/annotations", {}),
            ("/annotations/{aid}", {"aid": aid}),
            ("/annotations/{aid}/comments/{cid}", {"aid": aid, "cid": cid}),
            ("/presence", {}),
            ("/pages", {}),
            *((path, {}) for path in OWNERS if user == "own"),
        ):
            answer = api[user]("GET", path.format(**names))
            assert answer.status_code == 200, answer.text
            check("GET", path, 200, answer.json())
            seen.update(members(answer.json()))
    first = api["own"]("GET", "/annotations", limit=1)
    second = api["own"]("GET", "/annotations", limit=1, offset=1)
    for part in (first, second):
        check("GET", "/annotations", 200, part.json())
    export = api["own"]("GET", "/export")
    for user in ("ann", "bob", "mod"):
        own = api["own"]("GET", "/export", user=user)
        check("GET", "/export", 200, own.json())
        seen.update(members(own.json()))
    for dry in ("true", "false"):
        report = api["own"]("POST", "/import", json=export.json(), dryRun=dry)
        check("POST", "/import", 200, report.json())
    problem = api["vic"]("PUT", f"/annotations/{aid}/locked")
    check("PUT", "/annotations/{aid}/locked", 403, problem.json())
    # The page was rich: nothing that an annotation can have was missing.
    named = DOCUMENT["components"]["schemas"]
    everything = {
        *(named["ExportedAnnotation"]["properties"] | named["Comment"]["properties"]),
        *(named["DeletedComment"]["properties"] | named["Target"]["properties"]),
    }
    assert everything <= seen


OWNERS = ("/export", "/moderated", "/reports", "/blocks", "/audit", "/usage")


def test_what_is_made_and_changed_is_described_too(api: dict[str, Api]) -> None:
    ann = api["ann"]
    made = ann("POST", json={"target": {"exact": "words"}, "body": "Whose?"})
    check("POST", "/annotations", 201, made.json())
    thread = f"/annotations/{made.json()['id']}"
    check("PATCH", "/annotations/{aid}", 200, ann("PATCH", thread, json={"resolved": True}).json())
    reply = ann("POST", f"{thread}/comments", json={"body": "Mine."})
    check("POST", "/annotations/{aid}/comments", 201, reply.json())
    changed = ann("PATCH", f"{thread}/comments/{reply.json()['id']}", json={"body": "Ours."})
    check("PATCH", "/annotations/{aid}/comments/{cid}", 200, changed.json())


def test_a_body_with_a_member_too_many_is_found(api: dict[str, Api]) -> None:
    answer = api["vic"]("GET", "/presence").json()
    with pytest.raises(jsonschema.ValidationError, match="unheard"):
        check("GET", "/presence", 200, {**answer, "unheard": 1})
