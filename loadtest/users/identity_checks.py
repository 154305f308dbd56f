"""What scenarios about identity hold against an answer: each says what is wrong with it, or nothing."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

import jwt

from loadtest.client.mismatch import Mismatch, expected

if TYPE_CHECKING:
    from loadtest.client.answer import Answer
    from loadtest.client.caller import Check

LINK = re.compile(r"reset-password/([\w-]+)")
"""The link in the mail to somebody who forgot the password; the group is its token."""
SESSION = "jwt_token"
"""The cookie of a browser's session: its token."""


class Person(NamedTuple):
    """An account that one scenario made for itself."""

    email: str
    password: str
    full_name: str

    def __repr__(self) -> str:
        return f"Person({self.email!r}, …)"


def whose(person: Person) -> Check:
    """Return a check that a new session is that of ``person``."""

    def check(answer: Answer) -> Mismatch | None:
        if not answer["access_token"]:
            return expected("a token")
        return (
            None
            if answer["user.email"] == person.email
            else expected("the session of this person", answer["user.email"])
        )

    return check


def names_somebody(answer: Answer) -> Mismatch | None:
    """Check that the token of a renewed session says whose it is."""
    claims = jwt.decode(answer["access_token"], options={"verify_signature": False})
    return (
        None if claims["sub"] not in ("", "None") else expected("a token that names somebody", claims["sub"])
    )


def is_called(name: str, under: str = "name") -> Check:
    """Return a check that the answer has ``name``."""
    return lambda a: None if a[under] == name else expected("the name that was given", a[under])


def is_member(email: str, role: str) -> Check:
    """Return a check that the membership is that of ``email``, as ``role``."""

    def check(answer: Answer) -> Mismatch | None:
        if answer["user_email"] != email:
            return expected("the membership of this person", answer["user_email"])
        return None if answer["role"] == role else expected(f"the role {role}", answer["role"])

    return check


def one_owner(answer: Answer) -> Mismatch | None:
    """Check that just the owner is in a team."""
    alone = len(answer.json) == 1
    return (
        None if alone and answer["0.role"] == "owner" else expected("a team of its owner alone", answer.json)
    )


def nothing(answer: Answer) -> Mismatch | None:
    """Check that a list is empty."""
    return None if answer.json == [] else expected("an empty list", answer.json)


def at_most(number: int, least: int = 1) -> Check:
    """Return a check that a list holds no more than was asked for, and ``least`` at least."""
    return lambda a: (
        None if least <= len(a.json) <= number else expected(f"{least} to {number} entries", len(a.json))
    )


def log_ins(number: int) -> Check:
    """Return a check that the events tell ``number`` log-ins."""

    def check(answer: Answer) -> Mismatch | None:
        told = sum(1 for event in answer.json if event["event_type"] == "login" and event["success"])
        return None if told == number else expected(f"{number} log-ins", told)

    return check


def has_csrf_token(answer: Answer) -> Mismatch | None:
    """Check that a token against forged requests came."""
    return None if answer["csrf_token"] else expected("a token")


def counts_permissions(answer: Answer) -> Mismatch | None:
    """Check that as many permissions are listed as are told."""
    told, listed = answer["total_count"], len(answer["all_permissions"])
    return (
        None if told == listed and listed else expected("a count of all permissions listed", (told, listed))
    )
