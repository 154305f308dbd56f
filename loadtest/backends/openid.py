"""What makes an OAuth 2 provider an OpenID one: people with claims, signed identity tokens, and how to find both.

Who signs in is whom the client names (``login_hint``): nobody is asked. For the library that serves OAuth 2 the
parameters of OpenID do not exist; :func:`remembering` keeps those of a request for whoever answers it.
"""

from __future__ import annotations

import time
from contextvars import ContextVar
from typing import Any, NamedTuple
from urllib.parse import parse_qs

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm
from mcp.shared.auth import OAuthToken
from starlette.types import ASGIApp, Receive, Scope, Send

from loadtest.backends.settings import OPENID_SCOPES

NOBODY = "somebody@example.com"
"""Who signs in where the client names nobody."""

_ALGORITHM = "ES256"
_KEY_ID = "1"
_LIFETIME = 600
"""Seconds that an identity token is good for."""


class Wish(NamedTuple):
    """What a client asks of an OpenID provider beyond OAuth 2."""

    person: str = NOBODY
    """An e-mail address."""
    nonce: str | None = None
    """Returned in the identity token, so that the client knows it as the answer to its own request."""


_wish: ContextVar[Wish] = ContextVar("_wish")


def wish() -> Wish:
    """Return what the client of the request that is being answered asks for."""
    return _wish.get(Wish())


def remembering(app: ASGIApp) -> ASGIApp:
    """Return ``app`` with :func:`wish` telling it of the query of each request."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            query = parse_qs(scope["query_string"].decode("latin-1"))
            person, nonce = query.get("login_hint", [NOBODY])[0], query.get("nonce", [None])[0]
            _wish.set(Wish(person, nonce))
        await app(scope, receive, send)

    return answer


class IdentityAnswer(OAuthToken):
    """Tokens with one that says who signed in."""

    id_token: str


def claims(person: str) -> dict[str, Any]:
    """Return what is known of ``person``, an e-mail address, which has been verified."""
    name = person.partition("@")[0]
    return {
        "sub": person,
        "email": person,
        "email_verified": True,
        "name": name,
        "preferred_username": name,
    }


class Notary:
    """Signs identity tokens with a key of its own, made for one run."""

    def __init__(self, issuer: str) -> None:
        self.issuer = issuer
        self._key = ec.generate_private_key(ec.SECP256R1())

    def keys(self) -> dict[str, Any]:
        """Return the public key as a key set (RFC 7517)."""
        key = ECAlgorithm.to_jwk(self._key.public_key(), as_dict=True)
        return {"keys": [key | {"kid": _KEY_ID, "use": "sig", "alg": _ALGORITHM}]}

    def identity_token(self, person: str, client_id: str, nonce: str | None) -> str:
        """Return a token that tells ``client_id`` who signed in."""
        now = int(time.time())
        said = claims(person) | {"iss": self.issuer, "aud": client_id, "iat": now, "exp": now + _LIFETIME}
        if nonce is not None:
            said["nonce"] = nonce
        return jwt.encode(said, self._key, algorithm=_ALGORITHM, headers={"kid": _KEY_ID})

    def discovery(self) -> dict[str, Any]:
        """Return where everything is (OpenID Connect Discovery 1.0)."""
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "userinfo_endpoint": f"{self.issuer}/userinfo",
            "jwks_uri": f"{self.issuer}/keys",
            "scopes_supported": OPENID_SCOPES.split(),
            "response_types_supported": ["code"],
            "grant_types_supported": ["authorization_code", "refresh_token"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": [_ALGORITHM],
            "token_endpoint_auth_methods_supported": ["client_secret_post"],
            "code_challenge_methods_supported": ["S256"],
        }
