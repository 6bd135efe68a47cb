"""Signs tokens as a tenant's own server would."""

from __future__ import annotations

import base64
import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key as generate_rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

SECRET = "a secret of at least thirty-two characters"


@dataclass(frozen=True, slots=True)
class Signer:
    """A key pair, or a shared secret."""

    algorithm: str
    key: Any
    kid: str = ""

    def sign(
        self, *, seconds: float = 3600, headers: dict[str, Any] | None = None, **claims: Any
    ) -> str:
        """A token of Ann's that is valid for so long, with other claims in place of hers."""
        named = {"kid": self.kid} if self.kid else {}
        body = {"sub": "ann", "name": "Ann", "role": "commenter", "exp": time.time() + seconds}
        body |= claims
        given = {name: value for name, value in body.items() if value is not None}
        return jwt.encode(given, self.key, self.algorithm, headers={**named, **(headers or {})})

    @property
    def pem(self) -> str:
        """The public key."""
        raw: bytes = self.key.public_key().public_bytes(
            Encoding.PEM, PublicFormat.SubjectPublicKeyInfo
        )
        return raw.decode()

    @property
    def jwk(self) -> dict[str, Any]:
        """The public key as a JWK."""
        algorithm = {"RS256": RSAAlgorithm, "ES256": ECAlgorithm, "EdDSA": OKPAlgorithm}
        found = algorithm[self.algorithm].to_jwk(self.key.public_key(), as_dict=True)  # type: ignore[attr-defined]
        return {**found, "kid": self.kid} if self.kid else dict(found)


def new_signer(algorithm: str, kid: str = "") -> Signer:
    """A fresh key of an algorithm."""
    match algorithm:
        case "RS256":
            return Signer(algorithm, generate_rsa(65_537, 2_048), kid)
        case "ES256":
            return Signer(algorithm, generate_private_key(SECP256R1()), kid)
        case "EdDSA":
            return Signer(algorithm, Ed25519PrivateKey.generate(), kid)
    return Signer("HS256", SECRET, kid)


def write_key_set(path: Path, *signers: Signer, more: tuple[dict[str, Any], ...] = ()) -> None:
    """Write a JWKS file as key servers do: whole, in one step."""
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps({"keys": [*(one.jwk for one in signers), *more]}))
    fresh.replace(path)


def unsigned(**claims: Any) -> str:
    """A token that says of itself that it needs no signature."""

    def part(value: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    body = {"sub": "ann", "exp": int(time.time()) + 3600, **claims}
    return f"{part({'alg': 'none', 'typ': 'JWT'})}.{part(body)}."
