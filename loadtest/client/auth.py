"""Tokens that the gateway takes for a signed-in user's session.

The plain token of its command line is not enough: 1.0.7 answers 403 on ``/roots`` and 401 on state changes
unless the claims describe a session and its user (``mcpgateway/utils/create_jwt_token.py``, ``auth.py``).
"""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Mapping

import jwt
import msgspec

ISSUER = "mcpgateway"
AUDIENCE = "mcpgateway-api"
LIFETIME = 24 * 3600
"""Seconds; longer than any run, so that no answer of a soak is our own expired token."""


class Credentials(msgspec.Struct, frozen=True, kw_only=True):
    """What opens the gateway's door. Never printed: the repr shows the user only."""

    email: str
    password: str | None = None
    jwt_secret: str | None = None
    token: str | None = None
    """A ready token, used instead of one made with ``jwt_secret``."""

    def __repr__(self) -> str:
        return f"Credentials(email={self.email!r}, …)"

    def secrets(self) -> tuple[str, ...]:
        """Return the values that must not be shown."""
        return tuple(value for value in (self.token, self.jwt_secret, self.password) if value)

    def bearer(self) -> str:
        """Return an administrator's token: the given one, or one made by :func:`session_token`.

        Raises:
            ValueError: there is neither a token nor a secret to make one with.
        """
        if self.token:
            return self.token
        if not self.jwt_secret:
            raise ValueError("neither a token nor a JWT secret is known")
        return session_token(self.email, self.jwt_secret, admin=True)


def session_token(email: str, secret: str, *, admin: bool, lifetime: int = LIFETIME) -> str:
    """Return a signed JWT for a session of ``email``, valid for ``lifetime`` seconds from now (HS256)."""
    now = int(time.time())
    claims = {
        "sub": email,
        "iss": ISSUER,
        "aud": AUDIENCE,
        "jti": str(uuid.uuid4()),
        "iat": now,
        "exp": now + lifetime,
        "is_admin": admin,
        "teams": None,
        "token_use": "session",
        "user": {
            "email": email,
            "full_name": "Load test",
            "is_admin": admin,
            "auth_provider": "local",
        },
    }
    return jwt.encode(claims, secret, algorithm="HS256")


DEFAULT_ADMIN = "admin@example.com"


def credentials(environ: Mapping[str, str] = os.environ) -> Credentials:
    """Return the credentials that a person gave for a gateway that runs already."""
    return Credentials(
        email=environ.get("LOADTEST_ADMIN_EMAIL") or environ.get("PLATFORM_ADMIN_EMAIL") or DEFAULT_ADMIN,
        password=environ.get("LOADTEST_ADMIN_PASSWORD") or environ.get("PLATFORM_ADMIN_PASSWORD") or None,
        jwt_secret=environ.get("LOADTEST_JWT_SECRET") or environ.get("JWT_SECRET_KEY") or None,
        token=environ.get("LOADTEST_TOKEN") or environ.get("MCPGATEWAY_BEARER_TOKEN") or None,
    )
