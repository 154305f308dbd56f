"""Which attributes a cookie of the gateway must have."""

from __future__ import annotations

from typing import Any

import pytest

from loadtest.client.answer import Answer
from loadtest.client.protocols.cookies import cookie_problem

SESSION = "jwt_token=secret; HttpOnly; Path=/; SameSite=lax"
CSRF = "mcpgateway_csrf_token=token; Path=/admin; SameSite=strict"


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        (None, None),
        (SESSION, None),
        ([SESSION, CSRF], None),
        ("jwt_token=secret; Path=/; SameSite=lax", "expected the cookie jwt_token to be HttpOnly"),
        (
            [CSRF, "sso_session_id=x; Path=/; SameSite=lax"],
            "expected the cookie sso_session_id to be HttpOnly",
        ),
        ("jwt_token=secret; HttpOnly; Path=/", "expected the cookie jwt_token with SameSite"),
        (
            "jwt_token=secret; HttpOnly; Path=/; SameSite=None",
            "expected the cookie jwt_token with SameSite=None to be Secure",
        ),
        ("jwt_token=secret; HttpOnly; Path=/; SameSite=None; Secure", None),
        ("jwt_token=secret; HttpOnly; SameSite=lax", "expected the cookie jwt_token with a Path"),
        ('jwt_token=""; Max-Age=0', None),
        ("balancer=node1", None),
        ("not a cookie", None),
    ],
)
def test_a_cookie_must_have_its_attributes(lines: Any, problem: str | None) -> None:
    found = cookie_problem(Answer("POST /x", 303, {"set-cookie": lines} if lines else {}, b""))
    assert (found.raw if found else None) == problem
    assert found is None or "secret" not in found.actual
