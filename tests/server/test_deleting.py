"""REST on a real server: what was deleted is gone, however often and whatever is asked of it."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from tests.server.conftest import Api
from tests.server.test_rest import problem

Apis = dict[str, Api]


def test_a_deletion_that_is_sent_again_is_done(api: Apis) -> None:
    """Whose answer was lost cannot know it; so says RFC 9110, also of one with `If-Match`."""
    ann = api["ann"]
    path = f"/annotations/{ann.annotate()['id']}"
    reply = f"{path}/comments/{ann('POST', f'{path}/comments', json={'body': 'x'}).json()['id']}"
    for record in (reply, path):
        seen = {"If-Match": ann("GET", record).headers["etag"]}
        etags = set()
        for headers in (seen, seen, {}):
            assert ann("DELETE", record, headers=headers).status_code == 204
            etags.add(ann("GET").headers["etag"])
        assert len(etags) == 1, "nothing is written for the second"


def test_what_another_deleted_is_in_conflict(api: Apis) -> None:
    ann, mod = api["ann"], api["mod"]
    path = f"/annotations/{ann.annotate()['id']}"
    reply = f"{path}/comments/{ann('POST', f'{path}/comments', json={'body': 'x'}).json()['id']}"
    for record in (reply, path):
        assert mod("DELETE", record).status_code == 204
        problem(ann("DELETE", record), 409, "deleted")


@pytest.mark.parametrize("who", ["ann", "mod"])
def test_a_reply_that_was_deleted_does_not_come_back(api: Apis, who: str) -> None:
    """Its request may be sent once more, by a client that had no answer."""
    ann = api["ann"]
    path = f"/annotations/{ann.annotate()['id']}"
    reply: dict[str, Any] = {"body": "Once.", "broadcastId": str(uuid4())}
    cid = ann("POST", f"{path}/comments", json=reply).json()["id"]
    assert api[who]("DELETE", f"{path}/comments/{cid}").status_code == 204
    problem(ann("POST", f"{path}/comments", json=reply), 409, "deleted")
    assert len(ann("GET", path).json()["comments"]) == 1


def test_a_reply_that_keeps_no_place_is_known_to_be_deleted(api: Apis) -> None:
    ann = api["ann"]
    path = f"/annotations/{ann.annotate()['id']}"
    reply = f"{path}/comments/{ann('POST', f'{path}/comments', json={'body': 'x'}).json()['id']}"
    assert ann("DELETE", reply).status_code == 204
    problem(ann("GET", reply), 404, "deleted")
    problem(ann("PATCH", reply, json={"body": "y"}), 409, "deleted")
    problem(ann("PUT", f"{reply}/reactions/👍"), 409, "deleted")


def test_a_discussion_whose_comments_were_all_deleted_is_known_to_be(api: Apis) -> None:
    ann = api["ann"]
    body = {"target": {"exact": "x"}, "body": "Once.", "broadcastId": str(uuid4())}
    made = ann("POST", json=body).json()
    path = f"/annotations/{made['id']}"
    comment = f"{path}/comments/{made['comments'][0]['id']}"
    assert ann("DELETE", comment).status_code == 204
    assert ann("DELETE", comment).status_code == 204
    for record in (path, comment):
        problem(ann("GET", record), 404, "deleted")
    problem(ann("PATCH", path, json={"resolved": True}), 409, "deleted")
    problem(ann("POST", f"{path}/comments", json={"body": "y"}), 409, "deleted")
    problem(ann("POST", json=body), 409, "deleted")


def test_what_moderators_hid_is_not_said_to_be_deleted(api: Apis) -> None:
    ann, mod = api["ann"], api["mod"]
    path = f"/annotations/{ann.annotate()['id']}"
    assert mod("PUT", f"{path}/hidden").status_code == 204
    problem(ann("GET", path), 404, "unknown-annotation")
