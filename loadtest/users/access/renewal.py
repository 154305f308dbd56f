"""What has ended can begin again, and end again: roles, memberships, invitations, and names that are free again.

The gateway keeps what is revoked or deleted, as inactive: it must count neither as present, so that a new one is
refused, nor as a second one beside the new one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from loadtest.users.access.checks import INVALID, is_invalid
from loadtest.users.access.repetition import RepeatingUser
from loadtest.users.base import named, task
from loadtest.users.checks import has
from loadtest.users.identity.checks import one_owner
from loadtest.users.identity.fixtures import PeopleUser
from loadtest.users.identity.memberships import INVITATIONS, REQUESTS
from loadtest.users.identity.rbac import ROLES, new_role
from loadtest.users.read_back import Entity, Item, Listed, ReadBack
from loadtest.users.registry.fixtures import (
    ADDRESS,
    INFO,
    RegistryUser,
    new_agent,
    new_gateway,
    new_prompt,
    new_resource,
    new_server,
    new_tool,
)
from loadtest.users.teams import OPEN, new_team

TIMES = range(2)
"""A role is given, a name is used, …: and then again."""
GIVE = "POST /rbac/users/{user_email}/roles"
REVOKE = "DELETE /rbac/users/{user_email}/roles/{role_id}"


class SoftDeletionUser(PeopleUser, RegistryUser, RepeatingUser):
    """People who do again what was revoked, left or deleted."""

    area = "renewal"
    weight = 1

    @task
    def global_role(self) -> None:
        """A role everywhere is given, revoked, given and revoked."""
        self.gives(self.viewer.email, "global")

    @task
    def team_role(self) -> None:
        """A role in a team is given, revoked, given and revoked."""
        with self.team(**OPEN) as team:
            self.gives(self.viewer.email, "team", {"scope_id": team.id})

    def gives(self, email: str, scope: str, more: Mapping[str, str] | None = None) -> None:
        """Give a role and revoke it, twice; what is given or revoked already is refused."""
        body = {
            "name": self.name("role"),
            "description": "A role of the load test.",
            "scope": scope,
            "permissions": ["teams.read"],
        }
        read = Listed("GET /rbac/roles", params={"scope": scope})
        held = Listed("GET /rbac/users/{user_email}/roles", key="role_id", params={"scope": scope})
        where = {"scope": scope, **(more or {})}
        with self.created(
            "POST /rbac/roles", json=body, delete="DELETE /rbac/roles/{role_id}", read=read
        ) as role:
            given: dict[str, Any] = {"json": {"role_id": role.id} | where, "user_email": email}
            revoked: dict[str, Any] = {"params": where, "user_email": email, "role_id": role.id}
            holds = Entity(role.id, {"user_email": email}, where)
            if scope == "global":
                everywhere = is_invalid("a role everywhere for one team")
                narrowed = {"role_id": role.id, "scope_id": role.id} | where
                self.call(GIVE, user_email=email, json=narrowed, refusals=INVALID, check=everywhere)
            for _ in TIMES:
                self.call(GIVE, effect=lambda _: held.shows(self.call, holds), **given)
                self.again(GIVE, **given)
                self.delete(REVOKE, read=held, **revoked)
                self.again(REVOKE, **revoked)

    @task
    def membership(self) -> None:
        """A member is added, promoted and removed, twice."""
        email = self.member.email
        with self.team(**OPEN) as team:
            path = {"team_id": team.id, "user_email": email}
            for _ in TIMES:
                self.call(
                    "POST /teams/{team_id}/members",
                    team_id=team.id,
                    json={"email": email, "role": "member"},
                    effect=self.is_member(team, email, "member"),
                )
                self.call(
                    "PUT /teams/{team_id}/members/{user_email}",
                    json={"role": "owner"},
                    effect=self.is_member(team, email, "owner"),
                    **named(path),
                )
                left = self.is_no_member(team, email)
                self.call("DELETE /teams/{team_id}/members/{user_email}", effect=left, **named(path))

    @task
    def invitation(self) -> None:
        """A person is invited and the invitation cancelled, twice."""
        email = self.stranger().email
        with self.team(**OPEN) as team:
            pending = INVITATIONS._replace(path={"team_id": team.id})
            for _ in TIMES:
                invitation = self.call(
                    "POST /teams/{team_id}/invitations",
                    team_id=team.id,
                    json={"email": email, "role": "member"},
                    check=has("email", email),
                )
                cancel = "DELETE /teams/invitations/{invitation_id}"
                self.delete(cancel, read=pending, invitation_id=invitation.id)

    @task
    def request_to_join(self) -> None:
        """A person asks to join a team and is rejected, twice."""
        with self.team(**OPEN) as team:
            for _ in TIMES:
                request = self.call(
                    "POST /teams/{team_id}/join",
                    team_id=team.id,
                    bearer=self.member.bearer,
                    json={"message": "May I?"},
                    check=has("status", "pending"),
                )
                reject = "DELETE /teams/{team_id}/join-requests/{request_id}"
                self.delete(reject, read=REQUESTS, team_id=team.id, request_id=request.id)

    @task
    def account_address(self) -> None:
        """An account is registered and deleted, and another one with its address."""
        person = self.stranger()
        body = {"email": person.email, "password": person.password, "full_name": person.full_name}
        for _ in TIMES:
            self.call(
                "POST /auth/email/register", bearer="", json=body, check=has("user.email", person.email)
            )
            self.forget(person)

    @task
    def team_name(self) -> None:
        """A team with a member is deleted, and another one with its name, in which its owner is alone."""
        email, body = self.member.email, new_team(self.name("team"))
        for _ in TIMES:
            with self.created("POST /teams/", json=body, delete="DELETE /teams/{team_id}") as team:
                own: dict[str, Any] = {"team_id": team.id}
                self.call("GET /teams/{team_id}/members", check=one_owner, **own)
                joins = {"email": email, "role": "member"}
                joined = self.is_member(team, email, "member")
                self.call("POST /teams/{team_id}/members", json=joins, effect=joined, **own)

    @task
    def role_name(self) -> None:
        """A role is created and deleted, and another one with its name."""
        body = new_role(self.name("role"))
        self.reuses("POST /rbac/roles", body, "DELETE /rbac/roles/{role_id}", read=ROLES)

    @task
    def entity_names(self) -> None:
        """An entity of each kind is created and deleted, and another one with its name."""
        tool = new_tool(self.name("tool"), self.backend("rest"))
        self.reuses("POST /tools", tool, "DELETE /tools/{tool_id}")
        resource = new_resource(self.name("resource"))
        self.reuses("POST /resources", resource, "DELETE /resources/{resource_id}", read=INFO)
        self.reuses("POST /prompts", new_prompt(self.name("prompt")), "DELETE /prompts/{prompt_id}")
        self.reuses("POST /servers", new_server(self.name("server")), "DELETE /servers/{server_id}")
        agent = new_agent(self.name("agent"), self.backend("a2a"))
        self.reuses("POST /a2a", agent, "DELETE /a2a/{agent_id}")

    @task
    def gateway_name(self) -> None:
        """A federated server is registered and deleted, and again with its name and address."""
        body = new_gateway(self.name("gateway"), self.backend("mcp_small"))
        read = Item("GET /gateways/{gateway_id}")
        self.reuses("POST /gateways", body, "DELETE /gateways/{gateway_id}", read=read, differs=ADDRESS)

    def reuses(
        self,
        create: str,
        body: Mapping[str, Any],
        delete: str,
        *,
        read: ReadBack | None = None,
        differs: tuple[str, ...] = (),
    ) -> None:
        """Create an entity and delete it, twice."""
        for _ in TIMES:
            with self.created(create, json=body, delete=delete, read=read, differs=differs):
                pass
