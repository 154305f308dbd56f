"""Teams: lifecycle and lists."""

from __future__ import annotations

from typing import Any

from loadtest.client.mismatch import expected
from loadtest.users.base import task
from loadtest.users.identity.checks import is_called, nothing, one_owner
from loadtest.users.identity.fixtures import PeopleUser

MAX_MEMBERS = 20


def new_team(name: str) -> dict[str, Any]:
    """Return a public team that users can find and ask to join."""
    return {
        "name": name,
        "description": "A team of the load test.",
        "visibility": "public",
        "max_members": MAX_MEMBERS,
    }


class TeamsCRUDUser(PeopleUser):
    """Teams as their owner sees them."""

    area = "teams"
    weight = 3

    @task(5)
    def lifecycle(self) -> None:
        """A team is created, renamed and deleted."""
        with self.created(
            "POST /teams/", json=new_team(self.name("team")), delete="DELETE /teams/{team_id}"
        ) as team:
            self.call("GET /teams/{team_id}", team_id=team.id, check=is_called(team["name"]))
            new = self.name("renamed")
            self.call(
                "PUT /teams/{team_id}",
                team_id=team.id,
                json={"name": new, "description": "Renamed.", "visibility": "private"},
                check=is_called(new),
            )
            self.call("GET /teams/{team_id}", team_id=team.id, check=is_called(new))
            self.call("GET /teams/{team_id}/members", team_id=team.id, check=one_owner)
            self.call("GET /teams/{team_id}/invitations", team_id=team.id, check=nothing)
            self.call("GET /teams/{team_id}/join-requests", team_id=team.id, check=nothing)

    @task(3)
    def lists(self) -> None:
        """Every team, page by page, and the public ones that other users could join."""
        self.call(
            "GET /teams/",
            params={"limit": 10},
            check=lambda a: (
                None
                if len(a["teams"]) <= a["total"]
                else expected("at most as many teams as there are", (len(a["teams"]), a["total"]))
            ),
        )
        self.call("GET /teams/", params={"limit": 10, "include_pagination": True})
        self.call(
            "GET /teams/discover",
            params={"limit": 10},
            bearer=self.member.bearer,
            check=lambda a: (
                None if all(team["is_joinable"] for team in a.json) else expected("only teams to join")
            ),
        )
