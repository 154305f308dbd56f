"""Content checks of the identity scenarios."""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

import jwt

from loadtest.client.mismatch import Mismatch, expected
from loadtest.users.admin.checks import cookies

if TYPE_CHECKING:
    from loadtest.client.answer import Answer
    from loadtest.client.caller import Check


LINK = re.compile(r"reset-password/([\w-]+)")
"""The link in the mail to reset a password; the group is its token."""
UNAUTHORIZED = (401,)
"""Statuses of a call with credentials that do not count."""
TOLERANCE = 60
"""Seconds by which the lifetime of a token may differ: it is issued after the request was received."""
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
        if answer["user.email"] != person.email:
            return expected("the session of this person", answer["user.email"])
        return lives(answer["expires_in"])(answer)

    return check


def lives(seconds: float) -> Check:
    """Return a check that the token of a response expires so long after it was issued."""

    def check(answer: Answer) -> Mismatch | None:
        claims = jwt.decode(answer["access_token"], options={"verify_signature": False})
        lifetime = claims["exp"] - claims["iat"]
        right = abs(lifetime - seconds) <= TOLERANCE
        return None if right else expected(f"a token that expires after {seconds:.0f} s", f"{lifetime} s")

    return check


def ends_after(seconds: float) -> Check:
    """Return a check that a new API token states that it ends so long after its creation."""

    def check(answer: Answer) -> Mismatch | None:
        begin, end = (_moment(answer[f"token.{name}"]) for name in ("created_at", "expires_at"))
        right = abs((end - begin).total_seconds() - seconds) <= TOLERANCE
        return (
            None if right else expected(f"the end of the token {seconds:.0f} s after its creation", str(end))
        )

    return check


def _moment(stated: Any) -> dt.datetime:
    """Return a time in ISO 8601 without its zone, which is always UTC; gateways do not always state it."""
    return dt.datetime.fromisoformat(str(stated)).replace(tzinfo=None)


def has_subject(answer: Answer) -> Mismatch | None:
    """Check that the token of a renewed session names its account."""
    claims = jwt.decode(answer["access_token"], options={"verify_signature": False})
    return None if claims["sub"] not in ("", "None") else expected("a token with a subject", claims["sub"])


def is_for(email: str) -> Check:
    """Return a check that the token of a renewed session is for the account of ``email``."""

    def check(answer: Answer) -> Mismatch | None:
        claims = jwt.decode(answer["access_token"], options={"verify_signature": False})
        stated = claims.get("user", {}).get("email", claims["sub"])
        right = claims["sub"] not in ("", "None") and ("@" not in stated or stated == email)
        return None if right else expected("a token for the account of the session", stated)

    return check


def is_called(name: str, under: str = "name") -> Check:
    """Return a check that the answer has ``name``."""
    return lambda a: None if a[under] == name else expected("the name that was given", a[under])


def is_member(email: str, role: str, *, by: str = "") -> Check:
    """Return a check that the membership is that of ``email``, as ``role``, whom ``by`` invited if given."""

    def check(answer: Answer) -> Mismatch | None:
        if answer["user_email"] != email:
            return expected("the membership of this person", answer["user_email"])
        if answer["role"] != role:
            return expected(f"the role {role}", answer["role"])
        if not by or answer["invited_by"] == by:
            return None
        return expected("the owner who let the member in", answer["invited_by"])

    return check


def one_owner(answer: Answer) -> Mismatch | None:
    """Check that just the owner is in a team."""
    alone = len(answer.json) == 1
    return (
        None if alone and answer["0.role"] == "owner" else expected("a team of its owner alone", answer.json)
    )


def sends_to(address: str) -> Check:
    """Return a check that a sign-in starts at ``address`` of the provider."""

    def check(answer: Answer) -> Mismatch | None:
        found = str(answer["authorization_url"])
        if not found.startswith(address):
            return expected("the address of the provider", found)
        state = parse_qs(urlsplit(found).query).get("state")
        return (
            None
            if state == [answer["state"]]
            else expected("the state that the address has", answer["state"])
        )

    return check


def nothing(answer: Answer) -> Mismatch | None:
    """Check that a list is empty."""
    return None if answer.json == [] else expected("an empty list", answer.json)


def at_most(number: int, least: int = 1) -> Check:
    """Return a check that a list has at most the requested number of entries, and at least ``least``."""
    return lambda a: (
        None if least <= len(a.json) <= number else expected(f"{least} to {number} entries", len(a.json))
    )


def are_of(email: str, least: int = 1) -> Check:
    """Return a check that a list has at least this number of events, all of one account."""
    return lambda a: (
        None
        if len(a.json) >= least and all(event["user_email"] == email for event in a.json)
        else expected("events of this account and no other", a.json)
    )


def is_part(whole: list[dict[str, Any]], start: int, end: int) -> Check:
    """Return a check that a list has the entries of ``whole`` from ``start`` up to ``end``."""
    wanted = [one["id"] for one in whole[start:end]]

    def check(answer: Answer) -> Mismatch | None:
        found = [one["id"] for one in answer.json]
        return None if found == wanted else expected(f"the entries {start} to {end} of the list", found)

    return check


def is_refused(answer: Answer) -> Mismatch | None:
    """Check that a call is refused because of its credentials."""
    refused = answer.status in UNAUTHORIZED
    return None if refused else expected("credentials that no longer count to be refused", answer.status)


def log_ins(number: int) -> Check:
    """Return a check that the events contain ``number`` sign-ins."""

    def check(answer: Answer) -> Mismatch | None:
        found = sum(1 for event in answer.json if event["event_type"] == "login" and event["success"])
        return None if found == number else expected(f"{number} log-ins", found)

    return check


CHANGED = [("login", False), ("login", True), ("password_change", True)]
"""Events of an account, the newest first, whose old password is refused after it changed and the new one was used."""


def records_change(answer: Answer) -> Mismatch | None:
    """Check that the newest events are :data:`CHANGED`, and that the refused one has a reason."""
    newest = answer.json[: len(CHANGED)]
    kinds = [(one["event_type"], one["success"]) for one in newest]
    right = kinds == CHANGED and bool(newest[0]["failure_reason"])
    return None if right else expected("the change of the password and the log-ins after it", newest)


def has_csrf_token(answer: Answer) -> Mismatch | None:
    """Check that the response has a CSRF token."""
    return None if answer["csrf_token"] else expected("a token")


def counts_permissions(answer: Answer) -> Mismatch | None:
    """Check that the number of permissions equals the stated count."""
    stated, listed = answer["total_count"], len(answer["all_permissions"])
    return (
        None
        if stated == listed and listed
        else expected("a count of all permissions listed", (stated, listed))
    )


FOUND = 302
"""The status that sends a browser back from the provider to a page of the gateway."""


def lets_in(answer: Answer) -> Mismatch | None:
    """Check that the browser is sent to the admin page with a session."""
    location = str(answer.headers.get("location") or "")
    if answer.status != FOUND or urlsplit(location).path.rstrip("/") != "/admin":
        return expected("to be sent to /admin", f"{answer.status} {location}")
    return None if SESSION in cookies(answer) else expected("a session")


def rejects_sign_on(answer: Answer) -> Mismatch | None:
    """Check that the browser is sent to the login page with an error, and gets no session."""
    location = urlsplit(str(answer.headers.get("location") or ""))
    if SESSION in cookies(answer):
        return expected("no session of a user who is not admitted", location.geturl())
    right = answer.status == FOUND and location.path == "/admin/login" and "error=" in location.query
    return None if right else expected("to be sent to the login page with an error", location.geturl())


def gives_reason(reason: str) -> Check:
    """Return a check that the browser is sent to the login page, which states this ``reason``."""

    def check(answer: Answer) -> Mismatch | None:
        location = str(answer.headers.get("location") or "")
        stated = parse_qs(urlsplit(location).query).get("error")
        right = stated == [reason]
        return rejects_sign_on(answer) or (None if right else expected(f"the reason {reason}", location))

    return check


def has_account(answer: Answer) -> Mismatch | None:
    """Return a mismatch if a rejected user has an account."""
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
    """Return the pending approval request of ``person``.

    Raises:
        LookupError: there is none.
    """
    for request in answer.json:
        if request["email"] == person.email:
            return dict(request)
    raise LookupError("no request of the newcomer waits")


def waits(person: Person, provider: str) -> Check:
    """Return a check that a request of ``person``, who signed in at ``provider``, is pending."""
    return lambda a: (
        None
        if request_of(person, a)["auth_provider"] == provider
        else expected("a request from the provider", request_of(person, a)["auth_provider"])
    )


def waits_no_more(person: Person, what: str = "that was decided") -> Check:
    """Return a check that no request of ``person`` is pending; ``what`` says why there must be none."""
    return lambda a: (
        expected(f"no request {what}", person.email)
        if any(one["email"] == person.email for one in a.json)
        else None
    )


def decides_about(person: Person) -> Check:
    """Return a check that a decision is about ``person``."""
    return lambda a: (
        None if person.email in a["message"] else expected("a decision about this person", a["message"])
    )


def _ids(answer: Answer) -> set[str]:
    return {provider["id"] for provider in answer.json}
