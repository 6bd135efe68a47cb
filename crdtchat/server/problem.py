"""Errors over HTTP: RFC 9457 problem bodies, made in one place."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from math import ceil

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from crdtchat.access.guard import TooManyConnections
from crdtchat.document.records import InvalidRecord
from crdtchat.server.doors import Crowded
from crdtchat.stores.base import StoreError
from crdtchat.sync.codes import QuotaSpent, Refused, RejectCode, TooFast


class Problem(Exception):
    """Ends a request with a problem body."""

    def __init__(
        self,
        status: int,
        detail: str,
        code: str = "",
        *,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.code = code
        self.headers = headers or {}


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
    headers = dict(problem.headers)
    if problem.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    if problem.status in (429, 503):
        headers.setdefault("Retry-After", "1")
    return Response(
        json.dumps(body), problem.status, headers, media_type="application/problem+json"
    )


def problem_of(refused: Refused) -> Problem:
    """A refused write as HTTP says it."""
    status = {
        RejectCode.READ_ONLY: 403,
        RejectCode.LOCKED: 403,
        RejectCode.FORGED_AUTHOR: 403,
        RejectCode.NOT_AUTHOR: 403,
        RejectCode.SERVER_ONLY: 403,
        RejectCode.EXISTS: 409,
        RejectCode.DELETED: 409,
        RejectCode.UNKNOWN_ANNOTATION: 404,
        RejectCode.UNKNOWN_COMMENT: 404,
        RejectCode.RATE_LIMITED: 429,
        RejectCode.QUOTA_SPENT: 429,
    }.get(refused.code, 422)
    headers = {}
    if isinstance(refused, TooFast | QuotaSpent):
        headers["Retry-After"] = str(ceil(refused.wait_s))
    return Problem(status, refused.reason, refused.code, headers=headers)


async def _answer(request: Request, error: Exception) -> Response:
    match error:
        case Problem():
            return problem_response(error)
        case Refused():
            return problem_response(problem_of(error))
        case InvalidRecord():
            return problem_response(Problem(422, str(error), RejectCode.BAD_VALUE))
        case Crowded():
            words = "too many connections from your address"
            return problem_response(Problem(429, words, RejectCode.RATE_LIMITED))
        case TooManyConnections():
            return problem_response(Problem(429, str(error), RejectCode.RATE_LIMITED))
        case StoreError(retry=retry):
            return problem_response(Problem(503 if retry else 500, error.told))
        case HTTPException(status_code=status, detail=detail, headers=headers):
            return problem_response(Problem(status, detail, headers=headers))
        case ClientDisconnect():
            # Nobody hears this: it is the end of the request without an error of ours.
            return problem_response(Problem(400, "the body broke off"))
    raise error


Handler = Callable[[Request, Exception], Awaitable[Response]]
HANDLERS: dict[type[Exception] | int, Handler] = dict.fromkeys(
    (
        *(Problem, Refused, InvalidRecord, Crowded, TooManyConnections, StoreError),
        *(HTTPException, ClientDisconnect),
    ),
    _answer,
)
"""What turns an exception of a route into its answer."""
