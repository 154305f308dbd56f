"""Limits of rights: what people must not do to their own account or team; no caller grants more than they have.

Each request is refused, and what it was about is read again afterwards: it must be as before.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from loadtest.client.answer import Answer
from loadtest.client.caller import Effect
from loadtest.users.access.checks import DENIED, Credential, is_denied
from loadtest.users.base import GatewayUser, named, task
from loadtest.users.checks import has
from loadtest.users.identity.accounts import ACCOUNT, UPDATES
from loadtest.users.identity.checks import Person, is_called, whose
from loadtest.users.identity.fixtures import TOKEN, PeopleUser
from loadtest.users.read_back import Entity, Listed
from loadtest.users.registry.fixtures import PRIVATE, new_tool
from loadtest.users.teams import OPEN

DAYS = 5
"""Lifetime of a token; the gateway rejects tokens without expiry."""
PAGE = 100
"""The largest page of teams in every release."""
BEYOND = ("admin.system_config", "users.*", "*")
"""Permissions that only administrators have."""
INVALID = (422,)
"""Status of a request with properties that the gateway does not know."""
READ = ["tools.read"]
"""Permissions that every user has."""
MANAGES = ["teams.read", "teams.update", "teams.delete", "teams.manage_members"]
"""Permissions for what the owner of a team does."""
TEAM_ROLES = Listed("GET /rbac/roles", params={"scope": "team"})
GLOBAL_ROLES = Listed("GET /rbac/roles", params={"scope": "global"})
GIVEN_GLOBALLY = Listed("GET /rbac/users/{user_email}/roles", key="role_id", params={"scope": "global"})


class DeniedUser(GatewayUser):
    """A user who makes requests that must be refused."""

    abstract = True

    def denied(self, what: str, operation: str, *, effect: Effect | None = None, **options: Any) -> None:
        """Make a request that would do ``what`` and must be refused; skip it if this gateway does not have it."""
        if self.offers(operation):
            self.call(operation, refusals=DENIED, check=is_denied(what), effect=effect, **options)


class SelfLockoutUser(PeopleUser, DeniedUser):
    """Administrators and owners who would lock themselves out."""

    area = "rights"

    @task
    def administrator(self) -> None:
        """An administrator neither demotes nor deactivates nor deletes the own account, on any page."""
        person = self.account(admin=True)
        try:
            kept = self.is_administrator(person)
            own: dict[str, Any] = {
                "bearer": self.signed_in(person),
                "user_email": person.email,
                "effect": kept,
            }
            for operation in UPDATES:
                self.denied("to demote oneself", operation, json={"is_admin": False}, **own)
                self.denied("to deactivate oneself", operation, json={"is_active": False}, **own)
            self.denied("to delete oneself", "DELETE /auth/email/admin/users/{user_email}", **own)
            form = {"full_name": person.full_name, "email_verified": "on"}
            # The oldest releases ignore what is not allowed, and do the rest.
            self.call("POST /admin/users/{user_email}/update", form=form, refusals=DENIED, **own)
            self.denied("to deactivate oneself", "POST /admin/users/{user_email}/deactivate", **own)
            self.denied("to delete oneself", "DELETE /admin/users/{user_email}", **own)
        finally:
            with self.undoing():
                self.forget(person)

    def is_administrator(self, person: Person) -> Effect:
        """Return an effect that reads an account, which must be that of an active administrator."""
        kept = Entity(person.email, {"user_email": person.email}, {"is_admin": True, "is_active": True})
        return lambda _: ACCOUNT.shows(self.call, kept)

    @task
    def last_owner(self) -> None:
        """The only owner of a team neither leaves it nor is removed nor becomes a member."""
        owner = self.link.session.credentials.email
        with self.team(**OPEN) as team:
            kept = self.is_member(team, owner, "owner")
            path = {"team_id": team.id, "user_email": owner}
            change = "PUT /teams/{team_id}/members/{user_email}"
            remove = "DELETE /teams/{team_id}/members/{user_email}"
            self.denied(
                "to demote the last owner", change, json={"role": "member"}, effect=kept, **named(path)
            )
            self.denied("to remove the last owner", remove, effect=kept, **named(path))
            leave = "DELETE /teams/{team_id}/leave"
            self.denied("the last owner to leave", leave, effect=kept, team_id=team.id)

    @task
    def personal_team(self) -> None:
        """A personal team can be neither deleted, changed nor left, and takes no other members."""
        with self.registered() as (_, bearer):
            found = self.call("GET /teams/", params={"limit": PAGE}, bearer=bearer)
            personal = next(team for team in found["teams"] if team["is_personal"])
            kept = is_called(personal["name"])
            own: dict[str, Any] = {
                "team_id": personal["id"],
                "bearer": bearer,
                "effect": lambda _: kept(
                    self.call("GET /teams/{team_id}", team_id=personal["id"], bearer=bearer)
                ),
            }
            other = {"email": self.viewer.email, "role": "member"}
            self.denied("to delete a personal team", "DELETE /teams/{team_id}", **own)
            self.denied(
                "to rename a personal team", "PUT /teams/{team_id}", json={"name": self.name("team")}, **own
            )
            self.denied("to leave a personal team", "DELETE /teams/{team_id}/leave", **own)
            self.denied("to join a personal team", "POST /teams/{team_id}/members", json=other, **own)
            self.denied(
                "to invite into a personal team", "POST /teams/{team_id}/invitations", json=other, **own
            )


class PrivilegeEscalationUser(PeopleUser, DeniedUser):
    """People who would give themselves or others more rights than they have."""

    area = "rights"

    @task
    def token_permissions(self) -> None:
        """A token gets no permission that its owner does not have: when it is created, and by an update."""
        for beyond in BEYOND:
            body = self.new_token([beyond])
            self.denied(f"a token with {beyond}", "POST /tokens", json=body, bearer=self.viewer.bearer)
        with self.token() as token:
            kept = Entity(token, {}, {"resource_scopes": READ})
            for beyond in BEYOND:
                self.denied(
                    f"a token to get {beyond}",
                    "PUT /tokens/{token_id}",
                    token_id=token,
                    bearer=self.viewer.bearer,
                    json={"scope": {"permissions": [*READ, beyond]}},
                    effect=lambda _: TOKEN.shows(self.as_viewer, kept),
                )

    @task
    def token_of_another(self) -> None:
        """No user creates a token of another account, or of a team to which they do not belong."""
        administrator = self.link.session.credentials.email
        own: dict[str, Any] = {"bearer": self.viewer.bearer}
        if self.documents("POST /tokens", "body user_email"):
            body = self.new_token(READ) | {"user_email": administrator}
            self.denied("a token of another account", "POST /tokens", json=body, **own)
        with self.team(**OPEN) as team:
            body = self.new_token(READ)
            self.denied("a token of a foreign team", "POST /tokens", json=body | {"team_id": team.id}, **own)
            create = "POST /tokens/teams/{team_id}"
            self.denied("a token of a foreign team", create, json=body, team_id=team.id, **own)
            self.denied(
                "to list the tokens of a foreign team", "GET /tokens/teams/{team_id}", team_id=team.id, **own
            )

    @task
    def own_account(self) -> None:
        """No user makes their own account, or a new one, that of an administrator."""
        email = self.viewer.email
        own: dict[str, Any] = {"bearer": self.viewer.bearer}
        for operation in UPDATES:
            self.denied(
                "to become an administrator",
                operation,
                user_email=email,
                json={"is_admin": True},
                effect=self.is_no_administrator(email),
                **own,
            )
        person = self.stranger()
        body = {"email": person.email, "password": person.password, "full_name": person.full_name}
        everything = body | {"is_admin": True, "is_active": True}
        self.denied("to create an administrator", "POST /auth/email/admin/users", json=everything, **own)
        self.registers(person, everything | {"admin": True, "roles": ["platform_admin"]})

    def registers(self, person: Person, body: dict[str, Any]) -> None:
        """Register with a ``body`` that asks for more rights: it is refused, or the account has none of them."""
        answer = self.call(
            "POST /auth/email/register",
            bearer="",
            json=body,
            refusals=INVALID,
            check=whose(person),
            effect=lambda made: (
                None if made.status in INVALID else self.is_no_administrator(person.email)(made)
            ),
        )
        if answer.status not in INVALID:
            with self.undoing():
                self.forget(person)

    @task
    def membership(self) -> None:
        """A member of a team becomes no owner of it, and neither takes in nor removes others, whatever the role.

        They may remove themselves.
        """
        email, bearer = self.member.email, self.member.bearer
        owner, viewer = self.link.session.credentials.email, self.viewer.email
        with self.team(**OPEN) as team, self.manager() as role:
            joined = self.is_member(team, email, "member")
            joins = {"email": email, "role": "member"}
            self.call("POST /teams/{team_id}/members", team_id=team.id, json=joins, effect=joined)
            given = {"role_id": role.id, "scope": "team", "scope_id": team.id}
            give = "POST /rbac/users/{user_email}/roles"
            self.call(give, user_email=email, json=given, check=has("role_id", role.id))
            own: dict[str, Any] = {"team_id": team.id, "bearer": bearer}
            change = "PUT /teams/{team_id}/members/{user_email}"
            remove = "DELETE /teams/{team_id}/members/{user_email}"
            promoted: dict[str, Any] = {"json": {"role": "owner"}, "effect": joined, "user_email": email}
            self.denied("a member to become an owner", change, **own, **promoted)
            kept = self.is_member(team, owner, "owner")
            self.denied(
                "a member to demote an owner",
                change,
                **own,
                user_email=owner,
                json={"role": "member"},
                effect=kept,
            )
            self.denied("a member to remove an owner", remove, **own, user_email=owner, effect=kept)
            absent = self.is_no_member(team, viewer)
            other = {"email": viewer, "role": "owner"}
            self.denied(
                "a member to add an owner", "POST /teams/{team_id}/members", **own, json=other, effect=absent
            )
            self.denied("a member to invite an owner", "POST /teams/{team_id}/invitations", **own, json=other)
            renamed = {"name": self.name("renamed")}
            called = is_called(str(team["name"]))
            there = {"effect": lambda _: called(self.call("GET /teams/{team_id}", team_id=team.id))}
            self.denied("a member to rename the team", "PUT /teams/{team_id}", **own, **there, json=renamed)
            self.denied("a member to read invitations", "GET /teams/{team_id}/invitations", **own)
            self.denied("a member to read requests to join", "GET /teams/{team_id}/join-requests", **own)
            self.denied("a member to delete the team", "DELETE /teams/{team_id}", **own, **there)
            self.call(remove, user_email=email, check=has("success", True), **own)

    def manager(self) -> AbstractContextManager[Answer]:
        """Create a role of teams for the ``with`` block that permits everything that is done with teams."""
        body = {
            "name": self.name("role"),
            "description": "A role of the load test.",
            "scope": "team",
            "permissions": MANAGES,
        }
        return self.created(
            "POST /rbac/roles", json=body, delete="DELETE /rbac/roles/{role_id}", read=TEAM_ROLES
        )

    @task
    def token_of_user(self) -> None:
        """A token does no more than its user, who owns the team of the token alone, and is no other user's."""
        with self.registered() as (_, session):
            teams = self.call("GET /teams/", params={"limit": PAGE}, bearer=session)["teams"]
            name, personal = self.name("token"), next(str(one["id"]) for one in teams if one["is_personal"])
            body = {"name": name, "description": "Of a user.", "expires_in_days": DAYS, "team_id": personal}
            stated = is_called(name, under="token.name")
            made = self.call("POST /tokens", json=body, bearer=session, check=stated)
            identity, token = str(made["token.id"]), Credential(str(made["access_token"]))
            try:
                # Up to 1.0.7, such a token has the rights of the owner of its team.
                if self.offers("GET /oauth/status"):
                    tool = new_tool(self.name("tool"), self.backend("rest"), scope=PRIVATE)
                    what = "a tool of a user who creates none"
                    self.denied(what, "POST /tools", json=tool, bearer=token.bearer)
                self.keeps_token(identity, name, session)
            finally:
                with self.undoing():
                    revoke = "DELETE /tokens/{token_id}"
                    self.delete(revoke, read=token, token_id=identity, bearer=session)

    def keeps_token(self, token: str, name: str, session: str) -> None:
        """Let another user read, change and revoke the ``token`` with this ``name`` of the user of a ``session``."""
        other: dict[str, Any] = {"token_id": token, "bearer": self.reader.bearer}
        self.denied("to read a token of another", "GET /tokens/{token_id}", **other)
        off = {"is_active": False}
        self.denied("to change a token of another", "PUT /tokens/{token_id}", json=off, **other)
        kept = Entity(token, {}, {"name": name, "is_active": True})
        read = functools.partial(self.call, bearer=session)
        there = {"effect": lambda _: TOKEN.shows(read, kept)}
        self.denied("to revoke a token of another", "DELETE /tokens/{token_id}", **other, **there)

    @task
    def role(self) -> None:
        """No user without that permission assigns, changes, creates or deletes a role."""
        email = self.viewer.email
        own: dict[str, Any] = {"bearer": self.viewer.bearer}
        body = {
            "name": self.name("role"),
            "description": "A role of the load test.",
            "scope": "global",
            "permissions": READ,
        }
        self.denied("to create a role", "POST /rbac/roles", json=body, **own)
        with self.created(
            "POST /rbac/roles", json=body, delete="DELETE /rbac/roles/{role_id}", read=GLOBAL_ROLES
        ) as role:
            given = Entity(role.id, {"user_email": email}, {})
            self.denied(
                "to give oneself a role",
                "POST /rbac/users/{user_email}/roles",
                user_email=email,
                json={"role_id": role.id, "scope": "global"},
                effect=lambda _: GIVEN_GLOBALLY.is_gone(self.call, given),
                **own,
            )
            kept = Entity(role.id, {}, body)
            same: dict[str, Any] = own | {
                "role_id": role.id,
                "effect": lambda _: GLOBAL_ROLES.shows(self.call, kept),
            }
            more = {"permissions": [*READ, BEYOND[0]]}
            self.denied("to extend a role", "PUT /rbac/roles/{role_id}", json=more, **same)
            self.denied("to delete a role", "DELETE /rbac/roles/{role_id}", **same)

    def is_no_administrator(self, email: str) -> Effect:
        """Return an effect that reads an account, which must not be that of an administrator."""
        kept = Entity(email, {"user_email": email}, {"is_admin": False})
        return lambda _: ACCOUNT.shows(self.call, kept)

    def as_viewer(self, operation: str, **options: Any) -> Answer:
        """Make a call as the viewer."""
        return self.call(operation, bearer=self.viewer.bearer, **options)

    def new_token(self, permissions: list[str]) -> dict[str, Any]:
        """Return the body of a token with these ``permissions``."""
        return {
            "name": self.name("token"),
            "description": "A token of the load test.",
            "expires_in_days": DAYS,
            "scope": {"permissions": permissions},
        }

    @contextmanager
    def token(self) -> Iterator[str]:
        """Create a token of the viewer for the ``with`` block, and yield its id."""
        new = self.new_token(READ)
        made = self.call(
            "POST /tokens",
            json=new,
            bearer=self.viewer.bearer,
            check=is_called(new["name"], under="token.name"),
        )
        token = str(made["token.id"])
        try:
            yield token
        finally:
            with self.undoing():
                revoke = "DELETE /tokens/{token_id}"
                self.delete(revoke, read=TOKEN, token_id=token, bearer=self.viewer.bearer)
