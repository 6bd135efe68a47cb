"""Keys that verify sign-in tokens, each pinned to one algorithm (RFC 8725 section 3.1).

A PEM public key, or a file of them as a JSON Web Key Set (RFC 7517). What a token says of itself
chooses among keys (`kid`) and never the algorithm.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

LEAST_RSA_BITS = 2_048
"""RFC 7518 section 3.3."""


_NO_KEY_SET = (ValueError, KeyError, TypeError, AttributeError, RecursionError)
"""What other JSON leads to, the last where it is nested too deeply."""


class BadKey(ValueError):
    """No key that can be used; the text is one sentence with the remedy."""


@dataclass(frozen=True, slots=True)
class Key:
    """A verification key."""

    algorithm: str
    """The one algorithm that tokens of this key have."""
    material: Any
    """The secret, or the public key."""
    kid: str = ""
    """Its name in tokens' headers; empty: it is tried for any token."""


def secret_key(secret: str) -> Key:
    """A shared secret (HS256)."""
    return Key("HS256", secret)


def public_key(pem: str) -> Key:
    """Read a PEM public key. Raises BadKey."""
    try:
        material = load_pem_public_key(pem.encode())
    except (ValueError, UnsupportedAlgorithm):
        raise BadKey(
            "a public key is PEM text that begins with -----BEGIN PUBLIC KEY----- "
            "(of a private key: openssl pkey -pubout)"
        ) from None
    return Key(_algorithm(material), material)


def read_key_set(path: Path) -> tuple[Key, ...]:
    """Read a JWKS file; keys for other uses are passed over. Raises BadKey."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        rows = found["keys"]
        keys = [_key_of(row) for row in rows if _is_for_signatures(row)]
    except OSError as error:
        raise BadKey(f"cannot read the key set {path}: {error.strerror}") from None
    except (*_NO_KEY_SET, jwt.PyJWTError) as error:
        raise BadKey(f"{path} is no JSON Web Key Set: {error}") from None
    if not keys:
        raise BadKey(f"{path} holds no RSA, P-256 or Ed25519 key for signatures")
    return tuple(keys)


def _is_for_signatures(row: Mapping[str, Any]) -> bool:
    return row.get("use", "sig") == "sig" and (
        row["kty"] == "RSA" or row.get("crv") in ("P-256", "Ed25519")
    )


def _key_of(row: Mapping[str, Any]) -> Key:
    public = {name: value for name, value in row.items() if name not in ("d", "p", "q", "alg")}
    material = jwt.PyJWK(public, algorithm=_named(row)).key
    algorithm = _algorithm(material)
    if row.get("alg", algorithm) != algorithm:
        raise BadKey(f"a key set's alg is {row['alg']!r}: its key is used with {algorithm}")
    return Key(algorithm, material, str(row.get("kid", "")))


def _named(row: Mapping[str, Any]) -> str:
    return {"RSA": "RS256", "EC": "ES256"}.get(row["kty"], "EdDSA")


def _algorithm(material: object) -> str:
    match material:
        case RSAPublicKey():
            if material.key_size < LEAST_RSA_BITS:
                raise BadKey(f"an RSA key has at least {LEAST_RSA_BITS} bits: make a longer one")
            return "RS256"
        case EllipticCurvePublicKey(curve=SECP256R1()):
            return "ES256"
        case Ed25519PublicKey():
            return "EdDSA"
    raise BadKey("a public key is RSA, P-256 or Ed25519: make one of these")
