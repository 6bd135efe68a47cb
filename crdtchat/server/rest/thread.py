"""One annotation of a page, read at the cost of its thread and not of the page."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.requests import Request

from crdtchat.document import records, schema
from crdtchat.document.rebuild import users
from crdtchat.document.records import TombstoneRecord
from crdtchat.document.view import Annotation, Comment, read_view
from crdtchat.host.gathering import Gathering
from crdtchat.server.problem import Problem
from crdtchat.server.rest.answering import annotation_bytes, comment_bytes
from crdtchat.server.rest.asking import Asked, etag_of, require_match
from crdtchat.sync.codes import RejectCode
from crdtchat.sync.update import Value


class _Excerpt:
    """The values of one annotation's records, and the names of those who wrote them."""

    def __init__(self, room: Gathering, aid: str) -> None:
        self._roots: dict[str, dict[str, Value]] = {root: {} for root in schema.ROOTS}
        for record in room.mirror.group(aid):
            value = room.replica.get(record.root, record.key)
            if value is not None:
                self._roots[record.root][record.key] = value
        for user in users(self._roots):
            name = room.replica.get(schema.USERS, user)
            if name is not None:
                self._roots[schema.USERS][user] = name

    def values(self, root: str) -> Mapping[str, Value]:
        """See `document.view.Values`."""
        return self._roots[root]


def find_annotation(room: Gathering, aid: str, *, hidden: bool) -> Annotation | None:
    """The annotation as readers see it, or with what is `hidden`; None if there is none (now)."""
    if not schema.is_id(aid):
        return None
    return next(iter(read_view(_Excerpt(room, aid), hidden=hidden)), None)


def require_annotation(room: Gathering, aid: str, *, hidden: bool, gone: int = 409) -> Annotation:
    """The annotation. Raises Problem: 404 for one that never was, `gone` for a deleted one, which
    who changes it may not have known."""
    found = find_annotation(room, aid, hidden=hidden)
    if found is None:
        if _is_gone(room, aid):
            raise Problem(gone, "the annotation was deleted", RejectCode.DELETED)
        raise Problem(404, "there is no such annotation", RejectCode.UNKNOWN_ANNOTATION)
    return found


def require_editable(room: Gathering, annotation: Annotation, cid: str) -> Comment:
    """A comment of it, whose place is not all that is shown of it. Raises Problem."""
    comment = require_comment(room, annotation, cid)
    if comment.hidden and not comment.author:
        raise Problem(409, "a moderator hid the comment: it can be deleted, not edited")
    return comment


def require_comment(
    room: Gathering, annotation: Annotation, cid: str, *, gone: int = 409
) -> Comment:
    """A comment of it. Raises Problem, as `require_annotation` does."""
    for comment in annotation.comments:
        if comment.cid == cid and comment.deleted is None:
            return comment
    if find_tombstone(room, annotation.aid, cid) is not None:
        raise Problem(gone, "the comment was deleted", RejectCode.DELETED)
    raise Problem(404, "there is no such comment", RejectCode.UNKNOWN_COMMENT)


def require_unchanged(request: Request, asked: Asked, room: Gathering) -> Annotation:
    """The annotation that the path names. Raises Problem unless it, or the comment that is named,
    is there, and is what the request may be conditional on: the ETag is of what who asks is shown.
    """
    aid, cid = request.path_params["aid"], request.path_params.get("cid")
    found = require_annotation(room, aid, hidden=asked.moderates)
    if cid is None:
        content = annotation_bytes(found, asked.key.page)
    else:
        content = comment_bytes(require_comment(room, found, cid))
    require_match(request, etag_of(content))
    return found


def _is_gone(room: Gathering, aid: str) -> bool:
    """Whether it was deleted, or all its comments were, one by one."""
    if find_tombstone(room, aid) is not None:
        return True
    is_made = schema.is_id(aid) and room.replica.get(schema.ANNOTATIONS, aid) is not None
    return is_made and find_annotation(room, aid, hidden=True) is None


def find_tombstone(room: Gathering, aid: str, cid: str = "") -> TombstoneRecord | None:
    """Who deleted an annotation or a comment, and when; None if nobody did. A comment's outlives
    its place in the thread."""
    if not all(map(schema.is_id, filter(None, (aid, cid)))):
        return None
    key = records.comment_key(aid, cid) if cid else aid
    return records.read_tombstone(room.replica.get(schema.TOMBSTONES, key))


def was_deleted_by(asked: Asked, room: Gathering, aid: str, cid: str = "") -> bool:
    """Whether who asks has deleted it before, and asks again since no answer reached them."""
    stone = find_tombstone(room, aid, cid)
    return stone is not None and stone.by == asked.principal.user
