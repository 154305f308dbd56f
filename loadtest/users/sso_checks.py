"""What scenarios of single sign-on hold against an answer: each says what is wrong with it, or nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from loadtest.client.mismatch import Mismatch, expected
from loadtest.users.admin_checks import cookies
from loadtest.users.identity_checks import SESSION, Person

if TYPE_CHECKING:
    from loadtest.client.answer import Answer
    from loadtest.client.caller import Check

FOUND = 302
"""The status that sends a browser back from the provider to a page of the gateway."""


def lets_in(answer: Answer) -> Mismatch | None:
    """Check that the browser is sent to the admin page with a session."""
    location = str(answer.headers.get("location") or "")
    if answer.status != FOUND or urlsplit(location).path.rstrip("/") != "/admin":
        return expected("to be sent to /admin", f"{answer.status} {location}")
    return None if SESSION in cookies(answer) else expected("a session")


def has_account(answer: Answer) -> Mismatch | None:
    """Complain of an account that somebody has who was turned away."""
    return expected("no account", answer["email"])


def came_from(provider: str, person: Person) -> Check:
    """Return a check that an account is that of ``person``, made by the sign-in at ``provider``."""

    def check(answer: Answer) -> Mismatch | None:
        if answer["email"] != person.email:
            return expected("the account of this person", answer["email"])
        if answer["full_name"] != person.full_name:
            return expected("the name that the provider gave", answer["full_name"])
        return (
            None
            if answer["auth_provider"] == provider
            else expected("an account from the provider", answer["auth_provider"])
        )

    return check


def lists(provider: str) -> Check:
    """Return a check that ``provider`` is among those listed."""
    return lambda a: None if provider in _ids(a) else expected("the provider in the list", _ids(a))


def lacks(provider: str) -> Check:
    """Return a check that ``provider`` is not among those listed."""
    return lambda a: expected("no provider that is off in the list", _ids(a)) if provider in _ids(a) else None


def request_of(person: Person, answer: Answer) -> dict[str, Any]:
    """Return the request of ``person`` to be let in, of those that wait.

    Raises:
        LookupError: there is none.
    """
    for request in answer.json:
        if request["email"] == person.email:
            return dict(request)
    raise LookupError("no request of the newcomer waits")


def waits(person: Person, provider: str) -> Check:
    """Return a check that a request of ``person``, who signed in at ``provider``, is among those that wait."""
    return lambda a: (
        None
        if request_of(person, a)["auth_provider"] == provider
        else expected("a request from the provider", request_of(person, a)["auth_provider"])
    )


def told(person: Person) -> Check:
    """Return a check that a decision is about ``person``."""
    return lambda a: (
        None if person.email in a["message"] else expected("a decision about this person", a["message"])
    )


def _ids(answer: Answer) -> set[str]:
    return {provider["id"] for provider in answer.json}
