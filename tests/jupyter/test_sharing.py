"""Who is signed in on a central server, by what, and as whom."""

from __future__ import annotations

import time
from fnmatch import fnmatchcase

import jwt
import pytest
from crdtchat_jupyter.app import CrdtChatExtension
from crdtchat_jupyter.sharing import Central, NotTheirs, RunOut

from crdtchat.access.principal import Principal
from crdtchat.access.roles import Role

SECRET = "a secret of more than thirty-two characters"
URL = "https://central.example"
ANN = Principal("jupyter", "ann", "Ann", Role.VIEWER)
BOB = Principal("jupyter", "bob", "Bob", Role.COMMENTER)
TOKEN = jwt.encode({"sub": "ann"}, SECRET, "HS256")


def test_the_secret_signs_anybody_in_to_one_page_with_their_role() -> None:
    central = Central(URL, "class", SECRET, "")
    for who in (ANN, BOB):
        claims = jwt.decode(central.token_of(who, "jupyter/[a]*.ipynb"), SECRET, ["HS256"])
        assert (claims["sub"], claims["name"], claims["role"]) == (who.user, who.name, who.role)
        assert fnmatchcase("jupyter/[a]*.ipynb", claims["pages"])
        assert not fnmatchcase("jupyter/axx.ipynb", claims["pages"])


def test_a_token_is_its_owners_alone() -> None:
    central = Central(URL, "class", "", TOKEN)
    assert central.token_of(ANN, "jupyter/x") == TOKEN
    with pytest.raises(NotTheirs, match="ann alone"):
        central.token_of(BOB, "jupyter/x")


def test_a_token_that_has_run_out_is_given_to_nobody() -> None:
    """The central server refused it, and the panel asked its reader to sign in, who had."""
    now = int(time.time())
    spent, fresh = (
        jwt.encode({"sub": "ann", "exp": now + more_s}, SECRET, "HS256") for more_s in (-60, 3_600)
    )
    with pytest.raises(RunOut, match=f"for {URL} has run out: start the server anew"):
        Central(URL, "class", "", spent).token_of(ANN, "jupyter/x")
    assert Central(URL, "class", "", fresh).token_of(ANN, "jupyter/x") == fresh


def test_it_says_how_a_discussion_comes_out_of_the_central_server() -> None:
    told = Central(URL, "class", SECRET, "").exchange("jupyter/a b.ipynb")
    api = f"{URL}/api/v1/class"
    assert f"GET {api}/export?page=jupyter%2Fa%20b.ipynb " in told
    assert told.endswith(f"POST {api}/import?page=jupyter%2Fa%20b.ipynb")
    assert SECRET not in told


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"server_url": URL}, "needs a server_secret, or a server_token"),
        ({"server_secret": SECRET}, "needs a server_url"),
        ({"server_url": URL, "server_token": "cct_api"}, "is no sign-in token"),
    ],
)
def test_half_a_configuration_is_refused(
    settings: dict[str, str], says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CRDTCHAT_TOKEN", raising=False)
    with pytest.raises(ValueError, match=says):
        CrdtChatExtension(**settings)._central()


def test_a_hub_gives_the_token_by_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CRDTCHAT_TOKEN", TOKEN)
    central = CrdtChatExtension(server_url=URL + "/")._central()
    assert central == Central(URL, "jupyter", "", TOKEN)
