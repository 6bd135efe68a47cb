"""One server for the tests of its routes; each test has a page of its own."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from tests.server_process import ServerProcess, running_server

USERS = {
    "ann": "commenter",
    "bob": "commenter",
    "vic": "viewer",
    "mod": "moderator",
    "own": "owner",
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with running_server(tmp_path_factory.mktemp("served") / "data") as found:
        yield found


@pytest.fixture(scope="module")
def tokens(server: ServerProcess) -> dict[str, str]:
    return {user: server.token(user, role) for user, role in USERS.items()}


@pytest.fixture
def page(request: pytest.FixtureRequest) -> str:
    return f"https://example.org/{request.node.name}?ż=1&b#🙂"


@pytest.fixture
def api(server: ServerProcess, tokens: dict[str, str], page: str) -> Iterator[dict[str, Api]]:
    # Not over TLS: nobody's certificates need be read for each test.
    with httpx.Client(verify=False) as http:
        yield {user: Api(http, server.url, page, token) for user, token in tokens.items()}


class Api:
    """One user's requests about one page."""

    def __init__(
        self, http: httpx.Client, url: str, page: str, token: str, tenant: str = "demo"
    ) -> None:
        self._http = http
        self.root = f"{url}/api/v1/{tenant}"
        self.page = page
        self.token = token

    def __call__(
        self,
        method: str,
        path: str = "/annotations",
        *,
        json: object = None,
        headers: dict[str, str] | None = None,
        **query: str | int,
    ) -> httpx.Response:
        return self._http.request(
            method,
            f"{self.root}{path}",
            params={"page": self.page, **query},
            headers={"Authorization": f"Bearer {self.token}", **(headers or {})},
            **({} if json is None else {"json": json}),  # type: ignore[arg-type]
        )

    def annotate(self, text: str = "Whose words?", **fields: object) -> dict[str, object]:
        """Create an annotation."""
        made = self("POST", json={"target": {"exact": "the words"}, "body": text, **fields})
        assert made.status_code == 201, made.text
        found: dict[str, object] = made.json()
        return found
