"""Credentials, and session tokens made from them.

A token from the gateway's own command line is not enough: 1.0.7 answers 403 on ``/roots`` and 401 on state changes
unless the claims describe a session and its user (``mcpgateway/utils/create_jwt_token.py``, ``auth.py``).
"""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

import jwt
import msgspec

from loadtest.core import settings

ISSUER = "mcpgateway"
AUDIENCE = "mcpgateway-api"
LIFETIME = 24 * 3600
"""Seconds; longer than any run, so that tokens do not expire during a soak."""


class Credentials(msgspec.Struct, frozen=True, kw_only=True):
    """Credentials of an administrator. The repr contains no secret."""

    email: str
    password: str | None = None
    jwt_secret: str | None = None
    token: str | None = None
    """A bearer token, used instead of one signed with ``jwt_secret``."""

    def __repr__(self) -> str:
        return f"Credentials(email={self.email!r}, …)"

    def secrets(self) -> tuple[str, ...]:
        """Return the values to mask in output."""
        return tuple(value for value in (self.token, self.jwt_secret, self.password) if value)

    def bearer(self) -> str:
        """Return an administrator's token: ``token``, or one made by :func:`session_token`.

        Raises:
            ValueError: there is neither a token nor a JWT secret.
        """
        if self.token:
            return self.token
        if not self.jwt_secret:
            raise ValueError("there is neither a token nor a JWT secret")
        return session_token(self.email, self.jwt_secret, admin=True)


def session_token(email: str, secret: str, *, admin: bool, lifetime: int = LIFETIME) -> str:
    """Return a signed JWT for a session of ``email``, valid for ``lifetime`` seconds from now (HS256)."""
    user = {"email": email, "full_name": "Load test", "is_admin": admin, "auth_provider": "local"}
    own = {"is_admin": admin, "teams": None, "token_use": "session", "user": user}
    return _signed(email, secret, own, lifetime)


def limited_token(
    email: str, secret: str, *, teams: Sequence[str] | None = None, times: Mapping[str, Any] | None = None
) -> str:
    """Return a signed JWT of the administrator ``email`` that is limited, as an API token can be (HS256).

    Args:
        email: whose token it is.
        secret: signs it.
        teams: ids of the teams whose entities it shows, besides public ones; None for those of all teams.
        times: when it may be used, ``{"start_time": "09:00", "end_time": "17:00", "timezone": "UTC"}``; None for
            always.
    """
    own: dict[str, Any] = {
        "is_admin": True,
        "teams": None if teams is None else list(teams),
        "token_use": "api",
        "user": {"email": email, "full_name": "Load test", "is_admin": True, "auth_provider": "api_token"},
        "scopes": {
            "server_id": None,
            "permissions": [],
            "ip_restrictions": [],
            "time_restrictions": dict(times or {}),
        },
    }
    return _signed(email, secret, own, LIFETIME)


def _signed(email: str, secret: str, own: Mapping[str, Any], lifetime: int) -> str:
    """Return a JWT of ``email`` with its ``own`` claims, valid for ``lifetime`` seconds from now (HS256)."""
    now = int(time.time())
    claims = {
        "sub": email,
        "iss": ISSUER,
        "aud": AUDIENCE,
        "jti": str(uuid.uuid4()),
        "iat": now,
        "exp": now + lifetime,
        **own,
    }
    return jwt.encode(claims, secret, algorithm="HS256")


def credentials(environ: Mapping[str, str] = os.environ) -> Credentials:
    """Return the credentials in the environment, for a gateway that is already running."""
    return Credentials(
        email=settings.ADMIN_EMAIL.get(environ),
        password=settings.ADMIN_PASSWORD.read(environ),
        jwt_secret=settings.JWT_SECRET.read(environ),
        token=settings.TOKEN.read(environ),
    )
