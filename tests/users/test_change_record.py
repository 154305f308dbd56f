"""An entity must state its own changes: its version, the time of the last one, and who made it."""

from __future__ import annotations

from typing import Any

import pytest

from loadtest.client.mismatch import Mismatch
from loadtest.users.change_record import changed_by, made_by
from loadtest.users.read_back import properties_of

ME = "admin@example.com"
UPDATE = "PUT /things/{thing_id}"
SWITCH = "POST /things/{thing_id}/state"
OLD: dict[str, Any] = {
    "version": 1,
    "updatedAt": "2026-11-29T21:27:29.194801Z",
    "createdAt": "2026-11-29T21:27:29.194798Z",
    "modifiedBy": None,
}
NEW: dict[str, Any] = {
    "version": 2,
    "updatedAt": "2026-11-29T21:27:30.000000",
    "createdAt": "2026-11-29T21:27:29.194798",
    "modifiedBy": ME,
}


def found(new: dict[str, Any], operation: str = UPDATE, who: str = ME) -> Mismatch | None:
    return changed_by(who, properties_of(OLD), new, operation)


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"version": 1}, "version"),
        ({"version": 0}, "version"),
        ({"updatedAt": OLD["updatedAt"]}, "updatedAt"),
        ({"createdAt": NEW["updatedAt"]}, "createdAt"),
        ({"modifiedBy": None}, "modifiedBy"),
        ({"modifiedBy": "other@example.com"}, "modifiedBy"),
    ],
)
def test_a_change_that_is_not_stated_is_found(wrong: dict[str, Any], named: str) -> None:
    assert found(NEW) is None
    assert named in str(found(NEW | wrong))


def test_a_switch_has_a_new_time_only() -> None:
    switched = OLD | {"updatedAt": NEW["updatedAt"]}
    assert found(switched, SWITCH) is None
    assert "updatedAt" in str(found(OLD, SWITCH))


@pytest.mark.parametrize("shown", [None, [], {}, {"name": "a"}, {"version": "2", "updatedAt": None}])
def test_what_is_not_stated_is_not_compared(shown: Any) -> None:
    assert changed_by(ME, properties_of(OLD), shown, UPDATE) is None
    assert changed_by(ME, {}, NEW, UPDATE) is None


def test_an_unknown_caller_is_not_compared() -> None:
    assert found(NEW | {"modifiedBy": "other@example.com"}, who="") is None
    assert made_by("", {"createdBy": "other@example.com"}, "POST /things") is None


def test_another_creator_is_found() -> None:
    assert made_by(ME, {"createdBy": ME}, "POST /things") is None
    assert made_by(ME, {"createdBy": None}, "POST /things") is None
    assert "createdBy" in str(made_by(ME, {"created_by": "other@example.com"}, "POST /things"))
