"""Requests that must be refused when they are made again: names that are taken, and decisions that were made.

The second request is refused with a reason, neither carried out nor answered with an error of the gateway.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from loadtest.users.access.checks import AGAIN, has_its_status, is_refused_again
from loadtest.users.base import GatewayUser, task
from loadtest.users.checks import has
from loadtest.users.identity.fixtures import TOKEN, PeopleUser
from loadtest.users.identity.memberships import REQUESTS
from loadtest.users.identity.rbac import ROLES, new_role
from loadtest.users.read_back import Entity
from loadtest.users.registry.fixtures import (
    INFO,
    PRIVATE,
    PUBLIC,
    RegistryUser,
    new_agent,
    new_prompt,
    new_resource,
    new_server,
    new_tool,
    of_team,
)
from loadtest.users.teams import OPEN, new_team

DAYS = 5
"""Lifetime of a token; the gateway rejects tokens without expiry."""
MAY_I = {"message": "May I?"}
"""A request to join a team."""


class RepeatingUser(GatewayUser):
    """A user who makes requests again."""

    abstract = True

    def again(self, operation: str, **options: Any) -> None:
        """Make a request again that was carried out before: it must be refused."""
        known = has_its_status if self.link.session.as_recorded else None
        self.call(operation, refusals=AGAIN, check=is_refused_again, effect=known, **options)


class DuplicateRequestUser(PeopleUser, RegistryUser, RepeatingUser):
    """People who make a request again that was carried out."""

    area = "repetition"
    weight = 1

    @task
    def tool_name(self) -> None:
        """A second tool with the same name: public, and of a team."""
        with self.team() as team:
            for scope in (PUBLIC, of_team(team.id)):
                body = new_tool(self.name("tool"), self.backend("rest"), scope=scope)
                with self.created("POST /tools", json=body, delete="DELETE /tools/{tool_id}"):
                    for operation in ("POST /tools", "POST /tools/"):
                        self.again(operation, json=body)

    @task
    def resource_address(self) -> None:
        """A second resource with the same address: public, and of a team."""
        with self.team() as team:
            for scope in (PUBLIC, of_team(team.id)):
                self.resource_again(scope)

    @task
    def private_resource_address(self) -> None:
        """A second private resource of the same owner with the same address."""
        self.resource_again(PRIVATE)

    def resource_again(self, scope: Mapping[str, str]) -> None:
        """Create a resource in ``scope``, and again."""
        body = new_resource(self.name("resource"), scope=scope)
        with self.created("POST /resources", json=body, delete="DELETE /resources/{resource_id}", read=INFO):
            for operation in ("POST /resources", "POST /resources/"):
                self.again(operation, json=body)

    @task
    def prompt_name(self) -> None:
        """A second prompt with the same name: public, and of a team."""
        with self.team() as team:
            for scope in (PUBLIC, of_team(team.id)):
                body = new_prompt(self.name("prompt"), scope=scope)
                with self.created("POST /prompts", json=body, delete="DELETE /prompts/{prompt_id}"):
                    for operation in ("POST /prompts", "POST /prompts/"):
                        self.again(operation, json=body)

    @task
    def server_name(self) -> None:
        """A second virtual server with the same name: public, private, and of a team."""
        with self.team() as team:
            for scope in (PUBLIC, PRIVATE, of_team(team.id)):
                body = new_server(self.name("server"), scope=scope)
                with self.created("POST /servers", json=body, delete="DELETE /servers/{server_id}"):
                    for operation in ("POST /servers", "POST /servers/"):
                        self.again(operation, json=body)

    @task
    def agent_name(self) -> None:
        """A second agent with the same name: public, and of a team."""
        with self.team() as team:
            for scope in (PUBLIC, of_team(team.id)):
                body = new_agent(self.name("agent"), self.backend("a2a"), scope=scope)
                with self.created("POST /a2a", json=body, delete="DELETE /a2a/{agent_id}"):
                    for operation in ("POST /a2a", "POST /a2a/"):
                        self.again(operation, json=body)

    @task
    def team_name(self) -> None:
        """A second team with the same name."""
        body = new_team(self.name("team"))
        with self.created("POST /teams/", json=body, delete="DELETE /teams/{team_id}"):
            self.again("POST /teams/", json=body)

    @task
    def role_name(self) -> None:
        """A second role with the same name."""
        body = new_role(self.name("role"))
        with self.created("POST /rbac/roles", json=body, delete="DELETE /rbac/roles/{role_id}", read=ROLES):
            self.again("POST /rbac/roles", json=body)

    @task
    def token_name(self) -> None:
        """A second token with the same name, and a token that is revoked again."""
        body = {
            "name": self.name("token"),
            "description": "A token of the load test.",
            "expires_in_days": DAYS,
        }
        made = self.call("POST /tokens", json=body, check=has("token.name", body["name"]))
        own: dict[str, Any] = {"token_id": made["token.id"]}
        try:
            self.again("POST /tokens", json=body)
        finally:
            self.delete("DELETE /tokens/{token_id}", read=TOKEN, **own)
        self.again("DELETE /tokens/{token_id}", **own)

    @task
    def account_address(self) -> None:
        """A second account with the same address."""
        with self.person() as person:
            secret = {"email": person.email, "password": person.password, "full_name": person.full_name}
            self.again("POST /auth/email/admin/users", json=secret | {"is_admin": False})
            self.again("POST /auth/email/register", json=secret, bearer="")

    @task
    def membership(self) -> None:
        """A member is added, invited and asks to join again, is removed, and cannot be removed again."""
        email, bearer = self.member.email, self.member.bearer
        with self.team(**OPEN) as team:
            own: dict[str, Any] = {"team_id": team.id}
            joins = {"email": email, "role": "member"}
            joined = self.is_member(team, email, "member")
            self.call("POST /teams/{team_id}/members", json=joins, effect=joined, **own)
            self.again("POST /teams/{team_id}/members", json=joins, **own)
            self.again("POST /teams/{team_id}/invitations", json=joins, **own)
            self.again("POST /teams/{team_id}/join", json=MAY_I, bearer=bearer, **own)
            left = self.is_no_member(team, email)
            self.call("DELETE /teams/{team_id}/leave", bearer=bearer, effect=left, **own)
            self.again("DELETE /teams/{team_id}/leave", bearer=bearer, **own)
            self.again("DELETE /teams/{team_id}/members/{user_email}", user_email=email, **own)

    @task
    def invitation(self) -> None:
        """A person is invited and invited again; one that was accepted is neither accepted again nor cancelled."""
        email, bearer = self.member.email, self.member.bearer
        with self.team(**OPEN) as team:
            invite: dict[str, Any] = {"team_id": team.id, "json": {"email": email, "role": "member"}}
            invitation = self.call("POST /teams/{team_id}/invitations", check=has("email", email), **invite)
            self.again("POST /teams/{team_id}/invitations", **invite)
            accept: dict[str, Any] = {"token": invitation["token"], "bearer": bearer}
            joined = self.is_member(team, email, "member")
            self.call("POST /teams/invitations/{token}/accept", effect=joined, **accept)
            self.again("POST /teams/invitations/{token}/accept", **accept)
            self.again("DELETE /teams/invitations/{invitation_id}", invitation_id=invitation.id)

    @task
    def request_to_join(self) -> None:
        """A person asks to join a team again while the first request is pending."""
        with self.team(**OPEN) as team:
            ask: dict[str, Any] = {"team_id": team.id, "json": MAY_I, "bearer": self.member.bearer}
            self.call("POST /teams/{team_id}/join", check=has("status", "pending"), **ask)
            self.again("POST /teams/{team_id}/join", **ask)

    @task
    def request_approved(self) -> None:
        """A request to join a team is approved again."""
        self.decided("POST /teams/{team_id}/join-requests/{request_id}/approve")

    @task
    def request_rejected(self) -> None:
        """A request to join a team is rejected again."""
        self.decided("DELETE /teams/{team_id}/join-requests/{request_id}")

    def decided(self, operation: str) -> None:
        """Decide a request to join a team twice."""
        with self.team(**OPEN) as team:
            ask: dict[str, Any] = {"team_id": team.id, "json": MAY_I, "bearer": self.member.bearer}
            request = self.call("POST /teams/{team_id}/join", check=has("status", "pending"), **ask)
            own: dict[str, Any] = {"team_id": team.id, "request_id": request.id}
            self.call(
                operation, effect=lambda _: REQUESTS.is_gone(self.call, Entity(request.id, own, {})), **own
            )
            self.again(operation, **own)
