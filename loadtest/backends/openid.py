"""OpenID Connect on top of an OAuth 2 provider: claims, signed identity tokens, and discovery.

The user is the one in ``login_hint``, without a prompt. The OAuth 2 library ignores the parameters of OpenID;
:func:`remembering` makes those of the current request available.

What the provider states about a person can be changed: see :class:`Stated`.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterable, Mapping
from contextvars import ContextVar
from types import MappingProxyType
from typing import Any, NamedTuple
from urllib.parse import parse_qs

import jwt
import msgspec
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm
from mcp.shared.auth import OAuthToken
from starlette.types import ASGIApp, Receive, Scope, Send

from loadtest.backends.settings import OPENID_SCOPES

DEFAULT_USER = "user@example.com"
"""The user of a request without ``login_hint``."""

_ALGORITHM = "ES256"
_KEY_ID = "1"
_LIFETIME = 600
"""Lifetime of an identity token in seconds."""
_ELSEWHERE = "https://elsewhere.example.com"
"""The issuer of tokens that are not this provider's."""


class OpenIdParameters(NamedTuple):
    """The OpenID parameters of a request."""

    person: str = DEFAULT_USER
    """An e-mail address."""
    nonce: str | None = None
    """Returned in the identity token, by which the client matches it to its request."""
    brief: bool = False
    """Whether the access token has expired when it is issued, and those of its renewals expire soon: ``brief=true``."""


class Stated(NamedTuple):
    """What the provider states about a person: claims that replace the usual ones; one that is None is left out."""

    token: Mapping[str, Any] = MappingProxyType({})
    """Claims of the identity token: those that identify it as well, such as ``nonce``."""
    userinfo: Mapping[str, Any] = MappingProxyType({})
    """Claims of the response of ``/userinfo``."""
    forged: bool = False
    """Whether the identity token is signed with another key than that of the provider."""


USUAL = Stated()


def stated(query: Mapping[str, str]) -> Stated:
    """Return what the parameters of a control request state: ``token`` and ``userinfo`` are JSON objects."""
    return Stated(
        msgspec.json.decode(query.get("token", "{}")),
        msgspec.json.decode(query.get("userinfo", "{}")),
        forged=query.get("forged") == "true",
    )


_parameters: ContextVar[OpenIdParameters] = ContextVar("openid_parameters")


def openid_parameters() -> OpenIdParameters:
    """Return the OpenID parameters of the current request."""
    return _parameters.get(OpenIdParameters())


def remembering(app: ASGIApp) -> ASGIApp:
    """Return ``app`` such that :func:`openid_parameters` returns those of each request."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            query = parse_qs(scope["query_string"].decode("latin-1"))
            person, nonce = query.get("login_hint", [DEFAULT_USER])[0], query.get("nonce", [None])[0]
            _parameters.set(OpenIdParameters(person, nonce, brief="brief" in query))
        await app(scope, receive, send)

    return answer


class IdentityAnswer(OAuthToken):
    """Tokens with an identity token."""

    id_token: str


def claims(person: str, changes: Mapping[str, Any] = MappingProxyType({})) -> dict[str, Any]:
    """Return the claims about ``person``, a verified e-mail address, with ``changes``, without those that are None."""
    name = person.partition("@")[0]
    usual = {
        "sub": person,
        "email": person,
        "email_verified": True,
        "name": name,
        "preferred_username": name,
    }
    return {key: value for key, value in (usual | dict(changes)).items() if value is not None}


class TokenSigner:
    """Signs identity tokens with a key that is generated for one run."""

    def __init__(self, issuer: str) -> None:
        self.issuer = issuer
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._other_key = ec.generate_private_key(ec.SECP256R1())

    def keys(self) -> dict[str, Any]:
        """Return the public key as a key set (RFC 7517)."""
        key = ECAlgorithm.to_jwk(self._key.public_key(), as_dict=True)
        return {"keys": [key | {"kid": _KEY_ID, "use": "sig", "alg": _ALGORITHM}]}

    def identity_token(self, person: str, client_id: str, nonce: str | None, says: Stated = USUAL) -> str:
        """Return an identity token of ``person`` for ``client_id``, about whom the provider ``says`` something else."""
        now = int(time.time())
        own = {"iss": self.issuer, "aud": client_id, "iat": now, "exp": now + _LIFETIME, "nonce": nonce}
        key = self._other_key if says.forged else self._key
        payload = claims(person, own | dict(says.token))
        return jwt.encode(payload, key, algorithm=_ALGORITHM, headers={"kid": _KEY_ID})

    def access_token(self, scopes: Iterable[str], *, foreign: bool) -> str:
        """Return an access token for the MCP server, of another issuer if it is ``foreign``."""
        now = int(time.time())
        payload = {
            "iss": _ELSEWHERE if foreign else self.issuer,
            "aud": [f"{self.issuer}/mcp"],
            "scp": [f"api://loadtest/{one}" for one in scopes],
            "iat": now,
            "exp": now + _LIFETIME,
            "jti": secrets.token_urlsafe(16),
        }
        return jwt.encode(payload, self._key, algorithm=_ALGORITHM, headers={"kid": _KEY_ID})

    def discovery(self) -> dict[str, Any]:
        """Return the metadata of OpenID Connect Discovery 1.0."""
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
