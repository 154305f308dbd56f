"""What the scenarios about identity compare in a response: each check must be able to fail."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jwt
import msgspec
import pytest

from loadtest.client.answer import Answer
from loadtest.users.identity.checks import (
    LINK,
    Person,
    at_most,
    counts_permissions,
    ends_after,
    has_csrf_token,
    has_subject,
    is_called,
    is_for,
    is_member,
    lives,
    log_ins,
    nothing,
    one_owner,
    whose,
)

if TYPE_CHECKING:
    from loadtest.client.caller import Check

PERSON = Person("lt-1-person@example.com", "secret", "lt-1-person")
LOG_IN = {"event_type": "login", "success": True}


def answer(body: Any) -> Answer:
    return Answer("GET /x", 200, {"content-type": "application/json"}, msgspec.json.encode(body))


def token(subject: str, email: str = "") -> str:
    return jwt.encode({"sub": subject} | ({"user": {"email": email}} if email else {}), "k" * 32)


def session(lifetime: int = 3600) -> dict[str, Any]:
    claims = {"sub": PERSON.email, "iat": 1_000_000, "exp": 1_000_000 + lifetime}
    return {
        "access_token": jwt.encode(claims, "k" * 32),
        "expires_in": 3600,
        "user": {"email": PERSON.email},
    }


@pytest.mark.parametrize(
    ("check", "right", "wrong"),
    [
        (is_called("a"), {"name": "a"}, {"name": "b"}),
        (nothing, [], [{}]),
        (one_owner, [{"role": "owner"}], [{"role": "member"}]),
        (one_owner, [{"role": "owner"}], [{"role": "owner"}, {"role": "member"}]),
        (
            is_member("a@b", "owner"),
            {"user_email": "a@b", "role": "owner"},
            {"user_email": "a@b", "role": "member"},
        ),
        (
            is_member("a@b", "owner"),
            {"user_email": "a@b", "role": "owner"},
            {"user_email": "c@b", "role": "owner"},
        ),
        (
            is_member("a@b", "owner", by="d@b"),
            {"user_email": "a@b", "role": "owner", "invited_by": "d@b"},
            {"user_email": "a@b", "role": "owner", "invited_by": "a@b"},
        ),
        (
            whose(PERSON),
            session(),
            session() | {"user": {"email": "else@example.com"}},
        ),
        (
            whose(PERSON),
            session(),
            session() | {"access_token": ""},
        ),
        (whose(PERSON), session(), session(lifetime=7200)),
        (lives(3600), session(), session(lifetime=60)),
        (lives(3600), session(lifetime=3601), session(lifetime=7200)),
        (log_ins(1), [LOG_IN, {"event_type": "logout", "success": True}], []),
        (log_ins(1), [LOG_IN], [LOG_IN, LOG_IN]),
        (log_ins(1), [LOG_IN, LOG_IN | {"success": False}], [LOG_IN | {"success": False}]),
        (has_subject, {"access_token": token("7f")}, {"access_token": token("None")}),
        (has_subject, {"access_token": token("7f")}, {"access_token": token("")}),
        (is_for("a@b"), {"access_token": token("7f")}, {"access_token": token("None")}),
        (is_for("a@b"), {"access_token": token("a@b")}, {"access_token": token("c@b")}),
        (is_for("a@b"), {"access_token": token("7f", "a@b")}, {"access_token": token("7f", "c@b")}),
        (has_csrf_token, {"csrf_token": "x"}, {"csrf_token": ""}),
        (is_called("a", under="full_name"), {"full_name": "a"}, {"full_name": "b"}),
        (at_most(10), [{}], []),
        (at_most(10), [{}] * 10, [{}] * 11),
        (at_most(1, least=0), [], [{}] * 2),
        (
            counts_permissions,
            {"total_count": 1, "all_permissions": ["x"]},
            {"total_count": 2, "all_permissions": ["x"]},
        ),
        (
            counts_permissions,
            {"total_count": 1, "all_permissions": ["x"]},
            {"total_count": 0, "all_permissions": []},
        ),
    ],
)
def test_the_right_answer_passes_and_the_wrong_one_does_not(check: Check, right: Any, wrong: Any) -> None:
    assert check(answer(right)) is None
    assert check(answer(wrong))


@pytest.mark.parametrize(
    ("end", "right"),
    [
        ("2030-01-02T00:00:00Z", True),
        ("2030-01-02T00:00:00", True),
        ("2030-01-01T00:00:00Z", False),
        ("2030-01-03T00:00:00+00:00", False),
    ],
)
def test_a_token_states_its_end(end: str, right: bool) -> None:
    made = {"token": {"created_at": "2030-01-01T00:00:00.5", "expires_at": end}}
    assert (ends_after(24 * 60 * 60)(answer(made)) is None) is right


def test_the_token_is_found_in_the_mails_link() -> None:
    mail = '<a href="http://127.0.0.1:1/admin/reset-password/aB-_9?x=1">Reset</a> https://example.com/reset'
    assert LINK.findall(mail) == ["aB-_9"]
    assert not LINK.findall("reset-password/")


def test_a_person_does_not_show_the_password() -> None:
    assert "secret" not in repr(PERSON)
