"""What scenarios of single sign-on compare in a response: each check must be able to fail."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from loadtest.client.answer import Answer
from loadtest.users.identity import checks
from loadtest.users.identity.checks import Person

if TYPE_CHECKING:
    from loadtest.client.caller import Check

ANN = Person("lt-1-ann@example.com", "secret", "lt-1-ann")
ACCOUNT = {"email": ANN.email, "full_name": ANN.full_name, "auth_provider": "lt-1-sso"}
REQUEST = {"id": "r-1", "email": ANN.email, "auth_provider": "lt-1-sso"}
SESSION = "jwt_token=x; Path=/; HttpOnly"


def response(body: Any) -> Answer:
    return Answer("GET /x", 200, {"content-type": "application/json"}, msgspec.json.encode(body))


def sent(location: str, *, cookie: str = SESSION, status: int = 302) -> Answer:
    headers: dict[str, Any] = {"location": location, "set-cookie": [cookie]}
    return Answer("GET /x", status, headers, b"")


RIGHT: list[tuple[Check, Answer]] = [
    (checks.lets_in, sent("/admin")),
    (checks.lets_in, sent("/admin/#gateways")),
    (checks.lets_in, sent("/admin?team_id=1")),
    (checks.came_from("lt-1-sso", ANN), response(ACCOUNT)),
    (checks.lists("a"), response([{"id": "b"}, {"id": "a"}])),
    (checks.lacks("a"), response([{"id": "b"}])),
    (checks.waits(ANN, "lt-1-sso"), response([{"email": "bob@example.com"}, REQUEST])),
    (checks.decides_about(ANN), response({"message": f"User {ANN.email} rejected"})),
    (checks.rejects_sign_on, sent("/admin/login?error=sso_failed", cookie="other=x")),
]
WRONG: list[tuple[Check, Answer, str]] = [
    (checks.lets_in, sent("/x"), "expected to be sent to /admin, got 302 /x"),
    (checks.lets_in, sent("/admin", status=303), "expected to be sent to /admin, got 303 /admin"),
    (checks.lets_in, response({}), "expected to be sent to /admin, got 200"),
    (checks.lets_in, sent("/admin", cookie="other=x"), "expected a session"),
    (
        checks.came_from("lt-1-sso", ANN),
        response(ACCOUNT | {"email": "bob@example.com"}),
        "expected the account of this person, got bob@example.com",
    ),
    (
        checks.came_from("lt-1-sso", ANN),
        response(ACCOUNT | {"full_name": "x"}),
        "expected the name that the provider gave, got x",
    ),
    (
        checks.came_from("lt-1-sso", ANN),
        response(ACCOUNT | {"auth_provider": "local"}),
        "expected an account from the provider, got local",
    ),
    (
        checks.rejects_sign_on,
        sent("/admin/login", cookie="other=x"),
        "expected to be sent to the login page with an error, got /admin/login",
    ),
    (
        checks.rejects_sign_on,
        sent("/admin?error=x", cookie="other=x"),
        "expected to be sent to the login page with an error, got /admin?error=x",
    ),
    (checks.rejects_sign_on, sent("/admin"), "expected no session of a user who is not admitted, got /admin"),
    (checks.has_account, response(ACCOUNT), f"expected no account, got {ANN.email}"),
    (checks.lists("a"), response([{"id": "b"}]), "expected the provider in the list, got {'b'}"),
    (checks.lacks("a"), response([{"id": "a"}]), "expected no provider that is off in the list, got {'a'}"),
    (checks.waits(ANN, "b"), response([REQUEST]), "expected a request from the provider, got lt-1-sso"),
    (
        checks.decides_about(ANN),
        response({"message": "User bob rejected"}),
        "expected a decision about this person, got User bob rejected",
    ),
]


@pytest.mark.parametrize(("check", "answer"), RIGHT)
def test_a_right_answer_passes(check: Check, answer: Answer) -> None:
    assert check(answer) is None


@pytest.mark.parametrize(("check", "answer", "complaint"), WRONG)
def test_a_wrong_answer_is_reported(check: Check, answer: Answer, complaint: str) -> None:
    assert str(check(answer)) == complaint


def test_a_request_is_found_by_who_made_it() -> None:
    assert checks.request_of(ANN, response([{"email": "bob@example.com"}, REQUEST])) == REQUEST
    with pytest.raises(LookupError, match="no request of the newcomer waits"):
        checks.request_of(ANN, response([]))
