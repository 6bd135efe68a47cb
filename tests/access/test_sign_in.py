"""Sign-in tokens: which keys, which algorithms, which claims."""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP384R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key as generate_rsa

from crdtchat.access.description import BadTenant, read_tenant
from crdtchat.access.directory import Directory
from crdtchat.access.gate import Admission, Gate
from crdtchat.access.principal import Denied
from crdtchat.access.roles import Action, Role
from crdtchat.access.tokens import GUEST_AUDIENCE, LEEWAY_S
from crdtchat.stores.memory import MemoryStore
from tests.access.signing import SECRET, Signer, new_signer, unsigned, write_key_set

ALGORITHMS = ("HS256", "RS256", "ES256", "EdDSA")


async def admit(token: str, table: dict[str, Any], action: Action = Action.READ) -> Admission:
    """Come in to a tenant of this description."""
    store = MemoryStore()
    await store.open()
    directory = Directory({"docs": read_tenant("docs", table)}, store)
    await directory.refresh()
    now = time.time_ns() // 1_000_000
    gate = Gate(directory, store)
    tenant = gate.tenant("docs")
    return await gate.admit(tenant, token=token, name="", now=now, page="page", action=action)


def table_of(signer: Signer) -> dict[str, Any]:
    if signer.algorithm == "HS256":
        return {"secret": signer.key}
    return {"public_keys": [signer.pem]}


@pytest.mark.parametrize("algorithm", ALGORITHMS)
async def test_each_kind_of_key(algorithm: str) -> None:
    signer = new_signer(algorithm)
    admission = await admit(signer.sign(role="moderator", seconds=60), table_of(signer))
    principal = admission.principal
    assert (principal.user, principal.name, principal.role) == ("ann", "Ann", Role.MODERATOR)
    assert abs(admission.expires / 1000 - time.time() - 60) < 30
    assert not principal.guest and not admission.is_new
    with pytest.raises(Denied):
        await admit(new_signer(algorithm, "").sign(), {"secret": SECRET[::-1]})


async def test_secrets_are_rotated() -> None:
    old, new = Signer("HS256", "o" * 32), Signer("HS256", "n" * 32)
    for signer in (old, new):
        await admit(signer.sign(), {"secrets": [new.key, old.key]})
    with pytest.raises(Denied):
        await admit(old.sign(), {"secrets": [new.key]})


@pytest.mark.parametrize("algorithm", ["RS256", "ES256", "EdDSA"])
async def test_a_key_set(tmp_path: Path, algorithm: str) -> None:
    """`kid` chooses among its keys; those for other uses are passed over."""
    first, second = new_signer(algorithm, "one"), new_signer(algorithm, "two")
    path = tmp_path / "keys.json"
    encryption = {**new_signer("RS256").jwk, "use": "enc"}
    write_key_set(path, first, second, more=(encryption, {"kty": "oct", "k": "c2VjcmV0"}))
    for signer in (first, second):
        await admit(signer.sign(), {"jwks": str(path)})
    lying = Signer(algorithm, first.key, "two")
    with pytest.raises(Denied):
        await admit(lying.sign(), {"jwks": str(path)})
    await admit(Signer(algorithm, first.key).sign(), {"jwks": str(path)})
    with pytest.raises(Denied):
        await admit(new_signer(algorithm, "one").sign(), {"jwks": str(path)})


async def test_what_a_token_says_never_chooses_the_algorithm() -> None:
    """RFC 8725 section 2.1: no signature at all, and the public key as a shared secret."""
    signer = new_signer("RS256")
    table = {"public_keys": [signer.pem]}
    with pytest.raises(Denied):
        await admit(unsigned(), table)
    header, body, _ = signer.sign().split(".")
    head = base64.urlsafe_b64encode(b'{"alg":"HS256","typ":"JWT"}').rstrip(b"=").decode()
    mac = hmac.new(signer.pem.encode(), f"{head}.{body}".encode(), hashlib.sha256).digest()
    confused = f"{head}.{body}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"
    with pytest.raises(Denied):
        await admit(confused, table)
    longer = Signer("HS512", 2 * SECRET)
    with pytest.raises(Denied):
        await admit(longer.sign(), {"secret": 2 * SECRET})
    with pytest.raises(Denied):
        await admit(f"{header}.{body}.", table)


@pytest.mark.parametrize(
    "claims",
    [
        {"sub": None},
        {"sub": ""},
        {"sub": "a/b"},
        {"sub": "~1234"},
        {"sub": "a\ud800"},
        {"sub": 5},
        {"sub": "x" * 129},
        {"exp": None},
        {"exp": "soon"},
        {"role": "king"},
        {"role": ["owner"]},
        {"pages": 5},
        {"pages": "other/*"},
        {"pages": []},
        {"pages": ["other/*", 5]},
        {"pages": ["other/*", "more/*"]},
        {"aud": GUEST_AUDIENCE},
        {"exp": time.time() - LEEWAY_S - 30},
        {"nbf": time.time() + LEEWAY_S + 3000},
        {"iat": time.time() + LEEWAY_S + 3000},
    ],
)
async def test_claims_that_are_refused(claims: dict[str, Any]) -> None:
    body = {"sub": "ann", "exp": int(time.time()) + 3600, **claims}
    given = {name: value for name, value in body.items() if value is not None}
    token = jwt.encode(given, SECRET, "HS256")
    with pytest.raises(Denied):
        await admit(token, {"secret": SECRET})


async def test_a_token_may_be_for_several_pages() -> None:
    signer = new_signer("HS256")
    token = signer.sign(pages=["page", "docs/*"])
    principal = (await admit(token, table_of(signer))).principal
    may = [principal.may(Action.COMMENT, page) for page in ("page", "docs/a", "other", "docs")]
    assert may == [True, True, False, False]
    # A commenter may read, and was told the contrary.
    for role, action, words in (
        ("commenter", Action.READ, "the token is for other pages than this one"),
        ("commenter", Action.MODERATE, "the role commenter may not moderate here"),
    ):
        with pytest.raises(Denied) as denied:
            await admit(signer.sign(pages="docs/*", role=role), table_of(signer), action)
        assert (denied.value.reason, denied.value.forbidden) == (words, True)


async def test_claims_that_may_be_left_out() -> None:
    signer = new_signer("HS256")
    principal = (await admit(signer.sign(name=None, role=None), table_of(signer))).principal
    assert (principal.name, principal.role, principal.pages) == ("ann", Role.COMMENTER, ("*",))
    soon = time.time() + LEEWAY_S / 2
    await admit(signer.sign(nbf=soon, iat=soon), table_of(signer))
    late = await admit(signer.sign(seconds=-LEEWAY_S / 2), table_of(signer))
    assert late.expires > time.time() * 1000


async def test_the_audience() -> None:
    signer = new_signer("HS256")
    table = {**table_of(signer), "audience": "comments"}
    await admit(signer.sign(aud="comments"), table)
    await admit(signer.sign(aud=["shop", "comments"]), table)
    for other in ("shop", None):
        with pytest.raises(Denied):
            await admit(signer.sign(aud=other), table)
    await admit(signer.sign(aud="shop"), table_of(signer))


async def test_endless_tokens_are_not_looked_at() -> None:
    with pytest.raises(Denied, match="so long"):
        await admit("x" * 9_000, {"secret": SECRET})
    with pytest.raises(Denied):
        await admit("a.b.c", {"secret": SECRET})


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ({"secret": "short"}, "at least 32 characters"),
        ({"secrets": "x" * 40}, "secrets is a list"),
        ({"public_keys": ["no key"]}, "BEGIN PUBLIC KEY"),
        ({"jwks": "/nowhere/keys.json"}, "cannot read the key set /nowhere/keys.json"),
        ({"guests": "owner"}, "guests is"),
        ({"origins": ["docs.example.org"]}, "is no origin"),
        ({"page_versions": "yes"}, "page_versions is true or false"),
        ({"limits": 5}, "limits is a table"),
        ({"limits": {"speed": 5}}, "there is no limit 'speed'; there are operations_per_minute"),
        ({"limits": {"connections": -1}}, "the limit connections is a number"),
        ({"limits": {"connections": True}}, "the limit connections is a number"),
        ({"sekret": "x"}, "has no setting 'sekret'"),
        (5, "is a table"),
    ],
)
def test_descriptions_that_are_refused(table: object, words: str) -> None:
    with pytest.raises(BadTenant, match=words):
        read_tenant("docs", table)


@pytest.mark.parametrize("name", ["", "a/b", "a b", ".", "..", "x" * 65, "a?b"])
def test_names_that_are_refused(name: str) -> None:
    with pytest.raises(BadTenant, match="cannot be called"):
        read_tenant(name, {})


def test_keys_that_are_refused(tmp_path: Path) -> None:
    weak = Signer("RS256", generate_rsa(65_537, 1_024))
    other = Signer("ES384", generate_private_key(SECP384R1()))
    for signer, words in ((weak, "2048 bits"), (other, "RSA, P-256 or Ed25519")):
        with pytest.raises(BadTenant, match=words):
            read_tenant("docs", {"public_keys": [signer.pem]})
    path = tmp_path / "keys.json"
    deep = "[" * 100_000
    for text in ("", "[]", '{"keys": 5}', '{"keys": []}', '{"keys": [{"kty": "RSA"}]}', deep):
        path.write_text(text)
        with pytest.raises(BadTenant):
            read_tenant("docs", {"jwks": str(path)})
