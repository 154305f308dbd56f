"""The attributes of the cookies that a response sets; they restrict who can read a cookie and send it."""

from __future__ import annotations

from collections.abc import Iterator
from http.cookies import CookieError, Morsel, SimpleCookie

from loadtest.client.answer import Answer, Problem
from loadtest.client.mismatch import Mismatch, expected
from loadtest.results.failures import ProblemKind

OF_GATEWAY = ("jwt_token", "access_token", "session_id", "sso_", "mcpgateway_")
"""Starts of the names of the gateway's cookies; a proxy in front of it can set others."""
READ_BY_SCRIPTS = "csrf"
"""Part of the name of a cookie that the scripts of a page read, and repeat in a header."""


def cookie_problem(answer: Answer) -> Problem | None:
    """Return the first attribute that a cookie of the gateway lacks, whatever the status of the response.

    Scripts must not be able to read a cookie, except one against forged requests; other sites must not be able to send
    it; and it must be sent to every path that it is for. ``Secure`` depends on the address of the gateway, and is
    required only where a browser would otherwise ignore the cookie.
    """
    if "set-cookie" not in answer.headers:
        return None
    for name, cookie in _set(answer):
        mismatch = _lacks(name, cookie)
        if mismatch is not None:
            return Problem(ProblemKind.CONTENT, mismatch.text, status=answer.status, actual=mismatch.actual)
    return None


def _lacks(name: str, cookie: Morsel[str]) -> Mismatch | None:
    # Not the whole cookie: its value is a secret.
    shown = "; ".join(f"{key}={value}" for key, value in cookie.items() if value)
    if not cookie["httponly"] and READ_BY_SCRIPTS not in name:
        return expected(f"the cookie {name} to be HttpOnly", shown)
    if not cookie["samesite"]:
        return expected(f"the cookie {name} with SameSite", shown)
    if cookie["samesite"].lower() == "none" and not cookie["secure"]:
        return expected(f"the cookie {name} with SameSite=None to be Secure", shown)
    return None if cookie["path"].startswith("/") else expected(f"the cookie {name} with a Path", shown)


def _set(answer: Answer) -> Iterator[tuple[str, Morsel[str]]]:
    """Return the gateway's cookies that the response sets; those that it deletes have no value."""
    lines = answer.headers.get("set-cookie") or ()
    for line in [lines] if isinstance(lines, str) else lines:
        try:
            cookies = SimpleCookie(line)
        except CookieError:
            continue
        yield from ((n, c) for n, c in cookies.items() if c.value and n.startswith(OF_GATEWAY))
