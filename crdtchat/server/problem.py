"""Errors over HTTP: RFC 9457 problem bodies, made in one place."""

from __future__ import annotations

import json
from http import HTTPStatus

from starlette.responses import Response

from crdtchat.sync.codes import Refused, RejectCode


class Problem(Exception):
    """Ends a request with a problem body."""

    def __init__(self, status: int, detail: str, code: str = "") -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.code = code


def problem_response(problem: Problem) -> Response:
    """The body of a problem; `code` is the protocol's reject code where there is one."""
    body = {
        "type": f"urn:crdtchat:problem:{problem.code}" if problem.code else "about:blank",
        "title": HTTPStatus(problem.status).phrase,
        "status": problem.status,
        "detail": problem.detail,
    }
    if problem.code:
        body["code"] = problem.code
    headers = {"WWW-Authenticate": "Bearer"} if problem.status == 401 else {}
    if problem.status in (429, 503):
        headers["Retry-After"] = "1"
    return Response(
        json.dumps(body), problem.status, headers, media_type="application/problem+json"
    )


def problem_of(refused: Refused) -> Problem:
    """A refused write as HTTP says it."""
    status = {
        RejectCode.READ_ONLY: 403,
        RejectCode.FORGED_AUTHOR: 403,
        RejectCode.NOT_AUTHOR: 403,
        RejectCode.SERVER_ONLY: 403,
        RejectCode.EXISTS: 409,
        RejectCode.DELETED: 409,
        RejectCode.UNKNOWN_ANNOTATION: 404,
        RejectCode.UNKNOWN_COMMENT: 404,
        RejectCode.RATE_LIMITED: 429,
    }.get(refused.code, 422)
    return Problem(status, refused.reason, refused.code)
