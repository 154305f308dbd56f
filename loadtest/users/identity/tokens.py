"""API tokens: those of a user, of a team, and of all users for the administrator."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from loadtest.client.answer import Answer
from loadtest.client.mismatch import expected
from loadtest.users.base import GatewayUser, task

DAYS = 5
"""Lifetime of a token; the gateway rejects tokens without expiry."""

READ = ["tools.read"]


class TokenCatalogCRUDUser(GatewayUser):
    """Tokens from creation to revocation."""

    area = "tokens"
    weight = 2

    def new_token(self) -> dict[str, Any]:
        """Return a token that may read tools."""
        return {
            "name": self.name("token"),
            "description": "A token of the load test.",
            "expires_in_days": DAYS,
            "scope": {
                "permissions": READ,
                "ip_restrictions": [],
                "time_restrictions": {},
                "usage_limits": {},
            },
            "tags": ["loadtest"],
        }

    @contextmanager
    def token(self) -> Iterator[Answer]:
        """Create a token for the ``with`` block and revoke it afterwards."""
        made = self.call(
            "POST /tokens",
            json=self.new_token(),
            check=lambda a: None if a["access_token"] else expected("a token with it"),
        )
        try:
            yield made
        finally:
            self.call(
                "DELETE /tokens/{token_id}", token_id=made["token.id"], json={"reason": "The test is over."}
            )

    @task(4)
    def lifecycle(self) -> None:
        """A token is created, read, renamed, looked up and revoked."""
        with self.token() as made:
            identity = made["token.id"]
            self.call(
                "GET /tokens/{token_id}",
                token_id=identity,
                check=lambda a: (
                    None
                    if a["name"] == made["token.name"]
                    else expected("the token that was asked for", a["name"])
                ),
            )
            new = self.name("renamed")
            self.call(
                "PUT /tokens/{token_id}",
                token_id=identity,
                json={"name": new, "description": "Renamed.", "tags": ["loadtest", "renamed"]},
                check=lambda a: None if a["name"] == new else expected("the new name", a["name"]),
            )
            self.call(
                "GET /tokens/{token_id}/usage",
                token_id=identity,
                check=lambda a: (
                    None if a["total_requests"] == 0 else expected("no use of the token", a["total_requests"])
                ),
            )

    @task(3)
    def used(self) -> None:
        """A program uses its token to list tools, and the gateway identifies its owner."""
        with self.token() as made:
            self.call("GET /tools", bearer=made["access_token"], params={"limit": 5})
            self.call("GET /tokens", params={"limit": 10})

    @task
    def revoked_by_the_administrator(self) -> None:
        """The administrator lists all tokens and revokes one."""
        made = self.call("POST /tokens", json=self.new_token())
        self.call(
            "GET /tokens/admin/all",
            params={"limit": 10, "user_email": made["token.user_email"]},
            check=lambda a: None if a["total"] >= 1 else expected("the new token to be counted", a["total"]),
        )
        self.call(
            "DELETE /tokens/admin/{token_id}",
            token_id=made["token.id"],
            json={"reason": "The administrator says so."},
        )

    @task(2)
    def of_a_team(self) -> None:
        """A token for a team, in the team's own list."""
        with self.created(
            "POST /teams/",
            json={"name": self.name("team"), "visibility": "private"},
            delete="DELETE /teams/{team_id}",
        ) as team:
            made = self.call(
                "POST /tokens/teams/{team_id}",
                team_id=team.id,
                json=self.new_token(),
                check=lambda a: (
                    None
                    if a["token.team_id"] == team.id
                    else expected("a token of the team", a["token.team_id"])
                ),
            )
            try:
                self.call(
                    "GET /tokens/teams/{team_id}",
                    team_id=team.id,
                    check=lambda a: (
                        None
                        if a["tokens.0.id"] == made["token.id"]
                        else expected("the entity in the list", a.json)
                    ),
                )
            finally:
                self.call("DELETE /tokens/{token_id}", token_id=made["token.id"])
