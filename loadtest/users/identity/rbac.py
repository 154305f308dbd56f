"""Roles and permissions: creation, assignment, checks and revocation."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from loadtest.client.answer import Answer
from loadtest.client.mismatch import expected
from loadtest.users.base import task
from loadtest.users.identity.checks import counts_permissions, is_called
from loadtest.users.identity.fixtures import PeopleUser

GRANTED = "teams.delete"
"""A permission that only administrators and team owners have."""


class RBACCRUDUser(PeopleUser):
    """Roles as the administrator keeps them, and the view of each user on their own."""

    area = "rbac"
    weight = 2

    @contextmanager
    def role(self) -> Iterator[Answer]:
        """Create a role for teams for the ``with`` block."""
        with self.created(
            "POST /rbac/roles",
            json={
                "name": self.name("role"),
                "description": "A role of the load test.",
                "scope": "team",
                "permissions": ["teams.read"],
            },
            delete="DELETE /rbac/roles/{role_id}",
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
            wanted = ["teams.read", GRANTED]
            self.call(
                "PUT /rbac/roles/{role_id}",
                role_id=role.id,
                json={"description": "Changed.", "permissions": wanted},
                check=lambda a: (
                    None
                    if sorted(a["permissions"]) == sorted(wanted)
                    else expected("the new permissions", a["permissions"])
                ),
            )
            self.call(
                "GET /rbac/roles",
                params={"scope": "team"},
                check=lambda a: (
                    None
                    if any(r["id"] == role.id for r in a.json)
                    else expected("the entity in the list", a.json)
                ),
            )

    @task(2)
    def given(self) -> None:
        """A role is assigned to a user for one team, takes effect there, and is revoked."""
        email = self.member.email
        with (
            self.created(
                "POST /teams/",
                json={"name": self.name("team"), "visibility": "private"},
                delete="DELETE /teams/{team_id}",
            ) as team,
            self.role() as role,
        ):
            scope = {"scope": "team", "scope_id": team.id}
            self.call(
                "POST /rbac/users/{user_email}/roles",
                user_email=email,
                json={"role_id": role.id} | scope,
                check=lambda a: (
                    None if a["role_id"] == role.id else expected("the role that was given", a["role_id"])
                ),
            )
            try:
                self.call(
                    "GET /rbac/users/{user_email}/roles",
                    user_email=email,
                    params={"scope": "team"},
                    check=lambda a: (
                        None
                        if any(r["role_id"] == role.id for r in a.json)
                        else expected("the role in the list", a.json)
                    ),
                )
                self.call(
                    "POST /rbac/permissions/check",
                    json={"user_email": email, "permission": "teams.read", "team_id": team.id},
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
            finally:
                self.call(
                    "DELETE /rbac/users/{user_email}/roles/{role_id}",
                    user_email=email,
                    role_id=role.id,
                    params=scope,
                )

    @task(3)
    def own(self) -> None:
        """Permissions of a user without special rights, and of the administrator."""
        self.call("GET /rbac/permissions/available", check=counts_permissions)
        self.call("GET /rbac/my/roles", bearer=self.member.bearer)
        self.call(
            "GET /rbac/my/permissions",
            bearer=self.member.bearer,
            check=lambda a: (
                expected("an account without rights not to be granted deletion")
                if GRANTED in a.json
                else None
            ),
        )
        self.call("GET /rbac/my/roles")
        self.call("GET /rbac/my/permissions")
