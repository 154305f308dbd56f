"""Tokens that are signed for the load: whose they are, and their limits."""

from __future__ import annotations

from typing import Any

import jwt
import pytest

from loadtest.client.auth import AUDIENCE, limited_token

SECRET = "a secret that is long enough for HS256"


def claims(**limits: Any) -> dict[str, Any]:
    token = limited_token("admin@example.com", SECRET, **limits)
    return dict(jwt.decode(token, SECRET, algorithms=["HS256"], audience=AUDIENCE))


@pytest.mark.parametrize(("teams", "shown"), [(None, None), ((), []), (("one",), ["one"])])
def test_a_token_names_the_teams_that_it_shows(
    teams: tuple[str, ...] | None, shown: list[str] | None
) -> None:
    found = claims(teams=teams)
    assert (found["sub"], found["teams"], found["token_use"]) == ("admin@example.com", shown, "api")


def test_a_token_has_the_times_at_which_it_may_be_used() -> None:
    times = {"start_time": "09:00", "end_time": "17:00"}
    assert claims(times=times)["scopes"]["time_restrictions"] == times
    assert claims()["scopes"]["time_restrictions"] == {}
