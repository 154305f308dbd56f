"""Requests whose path names another team than the one that a membership or a request to join belongs to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from loadtest.client.answer import Answer
from loadtest.client.caller import Check
from loadtest.users.access.checks import DENIED, is_denied
from loadtest.users.base import named, task
from loadtest.users.checks import has
from loadtest.users.identity.fixtures import MEMBERS, PeopleUser
from loadtest.users.identity.memberships import REQUESTS
from loadtest.users.read_back import Entity
from loadtest.users.teams import OPEN

APPROVE = "POST /teams/{team_id}/join-requests/{request_id}/approve"
REJECT = "DELETE /teams/{team_id}/join-requests/{request_id}"
CHANGE = "PUT /teams/{team_id}/members/{user_email}"
REMOVE = "DELETE /teams/{team_id}/members/{user_email}"


class CrossTeamUser(PeopleUser):
    """The owner of two teams, who mixes them up."""

    area = "teams"

    @task
    def request_to_join(self) -> None:
        """A request to join one team is decided as one of another team, and stays pending."""
        email, bearer = self.member.email, self.member.bearer
        with self.two_teams() as (team, other):
            ask: dict[str, Any] = {"team_id": team.id, "json": {"message": "May I?"}, "bearer": bearer}
            asked = self.call("POST /teams/{team_id}/join", check=has("status", "pending"), **ask)
            request = Entity(asked.id, {"team_id": team.id, "request_id": asked.id}, {"status": "pending"})
            for operation in (APPROVE, REJECT):
                self.call(
                    operation,
                    team_id=other.id,
                    request_id=asked.id,
                    refusals=DENIED,
                    check=is_denied("a decision on a request to join another team"),
                    effect=lambda _: REQUESTS.shows(self.call, request),
                )
            unchanged = self.is_no_member(other, email)
            self.call("GET /teams/{team_id}/members", team_id=other.id, check=unchanged)
            self.delete(REJECT, read=REQUESTS, identity=asked.id, **named(request.path))

    @task
    def membership(self) -> None:
        """A member of one team is promoted and removed as one of another team, and stays a member."""
        email = self.member.email
        with self.two_teams() as (team, other):
            joined: Check = self.is_member(team, email, "member")
            joins: dict[str, Any] = {"json": {"email": email, "role": "member"}}
            self.call("POST /teams/{team_id}/members", team_id=team.id, effect=joined, **joins)
            foreign: dict[str, Any] = {"team_id": other.id, "user_email": email, "refusals": DENIED}
            promoted = is_denied("the promotion of a user who is not a member")
            self.call(CHANGE, json={"role": "owner"}, check=promoted, effect=joined, **foreign)
            removed = is_denied("the removal of a user who is not a member")
            self.call(REMOVE, check=removed, effect=joined, **foreign)
            self.delete(REMOVE, read=MEMBERS, team_id=team.id, user_email=email)

    @contextmanager
    def two_teams(self) -> Iterator[tuple[Answer, Answer]]:
        """Create two teams for the ``with`` block."""
        with self.team(**OPEN) as first, self.team(**OPEN) as second:
            yield first, second
