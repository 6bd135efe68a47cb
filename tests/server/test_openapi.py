"""The OpenAPI document is true: random requests after it find no server error, no status, kind,
header or body that it does not name."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis.strategies import booleans
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi import checks

from crdtchat.server.openapi.document import openapi_document
from crdtchat.server.rest.routes import rest_routes
from tests.server_process import ServerProcess

PAGE = "https://example.org/openapi"
CHECKS = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]


def _asked_of() -> dict[str, Any]:
    """The document, but for the pattern that words of requests have: with their length schemathesis
    makes an automaton of 10,000 states of it, for each request anew. Without, it asks for blank
    words as well."""

    def without(part: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in part.items() if (name, value) != ("pattern", r"\S")}

    found: dict[str, Any] = json.loads(json.dumps(openapi_document()), object_hook=without)
    return found


OPERATIONS: list[Any] = [
    found.ok()  # type: ignore[union-attr]
    for found in schemathesis.openapi.from_dict(_asked_of()).get_all_operations()
]
# A stream of events has no end; `tests/server/test_events.py` reads it.
OPERATIONS = [one for one in OPERATIONS if one.label != "GET /api/v1/{tenant}/events"]


@pytest.fixture
def known(server: ServerProcess, tokens: dict[str, str]) -> dict[str, str]:
    """An annotation that half of the requests are about, so that they find something."""
    made = httpx.post(
        f"{server.url}/api/v1/demo/annotations",
        params={"page": PAGE},
        headers={"Authorization": f"Bearer {tokens['own']}"},
        json={"target": {"exact": "words"}, "body": "Whose?"},
    ).json()
    return {"aid": made["id"], "cid": made["comments"][0]["id"], "tenant": "demo"}


@pytest.fixture(scope="module")
def http() -> Iterator[requests.Session]:
    with requests.Session() as found:
        found.trust_env = False  # no proxy, and no look for one before each request
        yield found


def _can_be_wrong(operation: Any) -> bool:
    """Whether more is asked for than a path, which any text could be."""
    described = openapi_document()["paths"][operation.path][operation.method]
    places = {parameter["in"] for parameter in described["parameters"]}
    return "requestBody" in described or places != {"path"}


CASES = [
    (operation, mode, examples)
    for operation in OPERATIONS
    for mode, examples in ((GenerationMode.POSITIVE, 25), (GenerationMode.NEGATIVE, 12))
    if mode is GenerationMode.POSITIVE or _can_be_wrong(operation)
]


@pytest.mark.parametrize(
    ("operation", "mode", "examples"),
    CASES,
    ids=[f"{operation.label} {mode.name}" for operation, mode, _ in CASES],
)
def test_random_requests(
    operation: Any,
    mode: GenerationMode,
    examples: int,
    server: ServerProcess,
    known: dict[str, str],
    tokens: dict[str, str],
    http: requests.Session,
) -> None:
    http.headers["Authorization"] = f"Bearer {tokens['own']}"

    @settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode), is_about_known=booleans())
    def ask(case: Any, is_about_known: bool) -> None:
        if is_about_known:
            given_path = case.path_parameters
            given_path.update({name: known[name] for name in given_path if name in known})
            if "page" in case.query:
                case.query["page"] = PAGE
        case.call_and_validate(server.url, session=http, checks=CHECKS)

    ask()


def test_it_names_every_route() -> None:
    documented = {
        (path, method.upper())
        for path, operations in openapi_document()["paths"].items()
        for method in operations
    }
    served = {
        (route.path, method)
        for route in rest_routes()
        for method in route.methods or ()
        if method != "HEAD"
    }
    assert documented == served


def test_its_references_lead_somewhere() -> None:
    document = openapi_document()

    def references(part: object) -> Iterator[str]:
        if isinstance(part, dict):
            if "$ref" in part:
                yield part["$ref"]
            for value in part.values():
                yield from references(value)
        elif isinstance(part, list):
            for value in part:
                yield from references(value)

    named = {reference.rpartition("/")[2] for reference in references(document)}
    assert named <= set(document["components"]["schemas"])
    operations = [one for path in document["paths"].values() for one in path.values()]
    names = [operation["operationId"] for operation in operations]
    assert len(set(names)) == len(names)
