"""Roles and permissions: creation, assignment, checks and revocation."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from loadtest.client.answer import Answer
from loadtest.client.caller import Check
from loadtest.client.mismatch import expected
from loadtest.users.access.checks import INVALID, is_invalid
from loadtest.users.base import task
from loadtest.users.checks import both
from loadtest.users.identity.checks import counts_permissions, is_called
from loadtest.users.identity.fixtures import PeopleUser
from loadtest.users.read_back import Entity, Listed

EXPIRES = "2100-01-01T00:00:00Z"
"""The end of a role that is given to a user."""
GRANTED = "teams.delete"
"""A permission that only administrators and team owners have."""

NO_ROLE = "00000000-0000-0000-0000-000000000000"
"""The id of no role."""

READ = [f"{kind}.read" for kind in ("tools", "resources", "prompts", "servers", "gateways", "a2a")]
"""Permissions that every user has."""
USE = "servers.use"
"""A permission that every user has since a token without it cannot use JSON-RPC and MCP; 1.0.0rc1 does not know it."""

ROLES = Listed("GET /rbac/roles", params={"scope": "team"})
"""The active roles of teams; a deleted one can still be read, and is not active."""
GIVEN = Listed("GET /rbac/users/{user_email}/roles", key="role_id", params={"scope": "team"})


def new_role(name: str) -> dict[str, Any]:
    """Return a role of teams that permits to read them."""
    return {
        "name": name,
        "description": "A role of the load test.",
        "scope": "team",
        "permissions": ["teams.read"],
    }


class RBACCRUDUser(PeopleUser):
    """Roles as the administrator keeps them, and the view of each user on their own."""

    area = "rbac"
    weight = 2

    @contextmanager
    def role(self, **more: Any) -> Iterator[Answer]:
        """Create a role for teams for the ``with`` block."""
        with self.created(
            "POST /rbac/roles",
            json={
                "name": self.name("role"),
                "description": "A role of the load test.",
                "scope": "team",
                "permissions": ["teams.read"],
                **more,
            },
            delete="DELETE /rbac/roles/{role_id}",
            read=ROLES,
        ) as role:
            yield role

    @task(3)
    def lifecycle(self) -> None:
        """A role is created, read, changed and deleted."""
        with self.role() as role:
            self.call(
                "GET /rbac/roles/{role_id}",
                role_id=role.id,
                check=is_called(role["name"]),
            )
            changed = {
                "name": self.name("renamed"),
                "description": "Changed.",
                "permissions": ["teams.read", GRANTED],
                "is_active": False,
            }
            self.call("GET /rbac/roles", params={"scope": "team"}, check=listed(role.id))
            self.call("GET /rbac/roles", params={"scope": "global"}, check=unlisted(role.id))
            self.update("PUT /rbac/roles/{role_id}", role_id=role.id, json=changed)
            self.call("GET /rbac/roles", params={"scope": "team"}, check=unlisted(role.id))
            of_teams = {"scope": "team", "active_only": False}
            self.call("GET /rbac/roles", params=of_teams, check=listed(role.id, kind="inactive role"))
            self.update("PUT /rbac/roles/{role_id}", role_id=role.id, json={"is_active": True})
            active = {"scope": "team", "active_only": True}
            self.call("GET /rbac/roles", params=active, check=listed(role.id))

    @task
    def inherited(self) -> None:
        """A role that inherits from another one, and then from a third."""
        with (
            self.role() as parent,
            self.role() as other,
            self.role(inherits_from=parent.id, is_system_role=False) as role,
        ):
            own: dict[str, Any] = {"role_id": role.id}
            changed = {"inherits_from": other.id}
            self.update("PUT /rbac/roles/{role_id}", json=changed, **own)
            for what, missing in (
                (
                    "a role with a permission that does not exist",
                    {"permissions": ["teams.read", "teams.own"]},
                ),
                ("a role that inherits from one that does not exist", {"inherits_from": NO_ROLE}),
            ):
                body = new_role(self.name("role")) | missing
                self.call("POST /rbac/roles", json=body, refusals=INVALID, check=is_invalid(what))
            for what, wrong in (
                ("a second role of the same name", {"name": parent["name"]}),
                ("a role that inherits from one that does not exist", {"inherits_from": NO_ROLE}),
                ("a permission that does not exist", {"permissions": ["teams.own"]}),
            ):
                refused = is_invalid(what)
                self.call("PUT /rbac/roles/{role_id}", json=wrong, refusals=INVALID, check=refused, **own)

    @task(2)
    def given(self) -> None:
        """A role is assigned to a user for one team, takes effect there, and is revoked."""
        email = self.member.email
        with (
            self.team() as team,
            self.role() as role,
        ):
            scope = {"scope": "team", "scope_id": team.id}
            granted = scope | {"granted_by": self.link.session.credentials.email}
            self.call(
                "POST /rbac/users/{user_email}/roles",
                user_email=email,
                json={"role_id": role.id, "scope": "team"},
                refusals=INVALID,
                check=is_invalid("a role of teams for no team"),
            )
            self.call(
                "POST /rbac/users/{user_email}/roles",
                user_email=email,
                json={"role_id": role.id, "expires_at": EXPIRES} | scope,
                check=lambda a: (
                    None
                    if a["role_id"] == role.id and str(a["expires_at"]).startswith(EXPIRES[:-1])
                    else expected("the role that was given, until its end", a.json)
                ),
                effect=lambda _: GIVEN.shows(self.call, Entity(role.id, {"user_email": email}, granted)),
            )
            try:
                elsewhere = {"scope": "global", "active_only": False}
                lacks_role = unlisted(role.id, key="role_id")
                self.call(GIVEN.operation, user_email=email, params=elsewhere, check=lacks_role)
                here = {"scope": "team", "active_only": True}
                holds = listed(role.id, key="role_id")
                self.call(GIVEN.operation, user_email=email, params=here, check=holds)
                self.call(
                    "POST /rbac/permissions/check",
                    json={
                        "user_email": email,
                        "permission": "teams.read",
                        "team_id": team.id,
                        "resource_type": "teams",
                        "resource_id": team.id,
                    },
                    check=lambda a: (
                        None
                        if a["granted"] is True
                        else expected("the role to grant its permission", a["granted"])
                    ),
                )
                self.call(
                    "GET /rbac/permissions/user/{user_email}",
                    user_email=email,
                    params={"team_id": team.id},
                    check=lambda a: (
                        None if "teams.read" in a.json else expected("the permission teams.read", a.json)
                    ),
                )
                self.grants_nothing_else(email, team.id, role.id)
            finally:
                revoke = "DELETE /rbac/users/{user_email}/roles/{role_id}"
                self.delete(revoke, read=GIVEN, user_email=email, role_id=role.id, params=scope)

    def grants_nothing_else(self, email: str, team: str, role: str) -> None:
        """Check that a role in one team grants its permission there, to its holder, and nothing else."""
        bearer, mine = self.member.bearer, "GET /rbac/my/permissions"
        self.call(mine, bearer=bearer, params={"team_id": team}, check=grants("teams.read", not_also=GRANTED))
        self.call("GET /rbac/my/roles", bearer=bearer, check=listed(role, key="role_id"))
        self.call(
            "POST /rbac/permissions/check",
            json={"user_email": email, "permission": GRANTED, "team_id": team},
            check=lambda a: (
                None if a["granted"] is False else expected("no other permission to be granted", a["granted"])
            ),
        )

    @task(3)
    def own(self) -> None:
        """Permissions of a user without special rights, and of the administrator."""
        self.call("GET /rbac/permissions/available", check=counts_permissions)
        every = (*READ, *((USE,) if self.offers("POST /auth/logout") else ()))
        self.call(
            "GET /rbac/my/permissions",
            bearer=self.member.bearer,
            check=both(*(grants(one, not_also=GRANTED) for one in every)),
        )
        me = self.process.session.credentials.email
        self.call(
            "GET /rbac/my/roles",
            check=lambda a: (
                None
                if a.json and all(one["user_email"] == me and one["is_active"] for one in a.json)
                else expected("active roles of the administrator", a.json)
            ),
        )
        self.call("GET /rbac/my/permissions", check=grants("*"))


def listed(role: str, key: str = "id", kind: str = "role") -> Check:
    """Return a check that a list has ``role``."""
    return lambda a: None if role in _roles(a, key) else expected(f"the {kind} in the list", _roles(a, key))


def unlisted(role: str, key: str = "id") -> Check:
    """Return a check that a list does not have ``role``."""
    return lambda a: (
        expected("the role not to be in the list", _roles(a, key)) if role in _roles(a, key) else None
    )


def _roles(answer: Answer, key: str) -> list[str]:
    return [one[key] for one in answer.json]


def grants(permission: str, not_also: str = "") -> Check:
    """Return a check that permissions include ``permission``, and not the other one if given."""
    return lambda a: (
        None
        if permission in a.json and not_also not in a.json
        else expected(f"the permission {permission}" + (f" without {not_also}" if not_also else ""), a.json)
    )
