"""The one account that stays: somebody who is no administrator, for teams to invite, to add and to let join.

A gateway cannot delete somebody who was ever in a team (1.0.7) or ever asked to join one (1.0.0rc1): the
membership's history and the request hold on to the account. People made for one scenario would therefore pile
up. This one is found again by every later run, is left out of the count of entities, and is a member only of
teams that a scenario made for itself, so that any number of scenarios can share it.
"""

from __future__ import annotations

import contextlib
import hmac
import secrets

import msgspec
import requests

from loadtest.client.auth import session_token
from loadtest.client.session import Session
from loadtest.desk import Desk

EMAIL = "lt-standing-member@example.com"
UPDATES = ("PUT /auth/email/admin/users/{user_email}", "PATCH /auth/email/admin/users/{user_email}")
"""What changes an account; 1.0.0rc1 has only the first, 1.1.0 only the second."""


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """An account that can act for itself."""

    email: str
    bearer: str = ""
    """Empty until it has signed in: no token goes from one machine to another."""

    def __repr__(self) -> str:
        return f"Member({self.email!r}, …)"


def standing_member(session: Session) -> Member:
    """Return the account that stays, made now if the gateway does not have it yet.

    Raises:
        requests.RequestException: the gateway makes no accounts.
    """
    desk = Desk(session)
    if session.credentials.jwt_secret:
        _make_sure(desk, "GET /auth/email/admin/users/{user_email}", None)
        return signed_in(session)
    # An earlier run with this token may have set the password, and 1.0.7 takes no password twice. A wrong one is
    # a 401 there and a 500 on 1.0.0rc1.
    with contextlib.suppress(requests.HTTPError):
        return signed_in(session)
    update = next((one for one in UPDATES if session.contract.path(one)), UPDATES[0])
    _make_sure(desk, update, shared_password(session.bearer))
    return signed_in(session)


def signed_in(session: Session) -> Member:
    """Return the account that stays, signed in by what this process knows itself: the secret or the token.

    Raises:
        requests.RequestException: the gateway refuses it; another token may have been used to make it.
    """
    secret = session.credentials.jwt_secret
    if secret:
        return Member(email=EMAIL, bearer=session_token(EMAIL, secret, admin=False))
    login = {"email": EMAIL, "password": shared_password(session.bearer)}
    answer = Desk(session).ask("POST /auth/login", json=login)
    return Member(email=EMAIL, bearer=str(answer["access_token"]))


def _make_sure(desk: Desk, operation: str, password: str | None) -> None:
    """Find the account with ``operation``, which sets the password if there is one, or make it."""
    try:
        json = {"password": password, "is_active": True} if password else None
        desk.ask(operation, json=json, path={"user_email": EMAIL})
    except requests.HTTPError as error:
        if error.response.status_code not in (requests.codes.not_found, requests.codes.bad_request):
            raise
        account = {
            "email": EMAIL,
            "password": password or new_password(),
            "full_name": "Load test",
            "is_admin": False,
            "is_active": True,
            "password_change_required": False,
        }
        desk.ask("POST /auth/email/admin/users", json=account)


CLASSES = ("ABCDEFGHJKLMNPQRSTUVWXYZ", "abcdefghijkmnopqrstuvwxyz", "23456789", "!@#$%^&*")


def new_password() -> str:
    """Return a random password that the gateway's policy takes, an administrator's too (24 characters).

    The classes of characters alternate, so that it holds no sequence like ``abc``, which the policy refuses.
    """
    return _password(secrets.token_bytes(6 * len(CLASSES)))


def shared_password(token: str) -> str:
    """Return the password that every process with the same ``token`` knows, and nobody else."""
    return _password(hmac.digest(token.encode(), EMAIL.encode(), "sha256"))


def _password(noise: bytes) -> str:
    length = 6 * len(CLASSES)
    return "".join(
        CLASSES[place % len(CLASSES)][byte % len(CLASSES[place % len(CLASSES)])]
        for place, byte in enumerate(noise[:length])
    )
