"""A user who may import, and is no administrator: the entities of others stay as they are."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from loadtest.client.answer import Answer
from loadtest.client.mismatch import Mismatch, expected
from loadtest.users.access.checks import NO_ACCESS, is_denied
from loadtest.users.access.rights import GIVEN_GLOBALLY, GLOBAL_ROLES, PAGE
from loadtest.users.base import task
from loadtest.users.checks import lists_only
from loadtest.users.identity.checks import Person
from loadtest.users.identity.fixtures import PeopleUser
from loadtest.users.read_back import Entity
from loadtest.users.registry.fixtures import of_team
from loadtest.users.registry.transfer import ImportOverwriteUser, gateway_part
from loadtest.users.transfer.checks import changes_nothing, counts, only_one
from loadtest.users.transfer.fixtures import KINDS, TransferUser

MAY_IMPORT = "admin.import"


class ImporterUser(ImportOverwriteUser, TransferUser, PeopleUser):
    """A user with the permission to import."""

    area = "transfer"

    @task
    def of_others(self) -> None:
        """A file that describes public entities of the administrator otherwise changes none of them."""
        with self.importer() as (_, bearer), self.described() as parts, self.gateway() as gateway:
            described = [*parts, gateway_part(gateway, self.name("tag"))]
            update = {"conflict_strategy": "update"}
            self.take("POST /import", described, update, changes_nothing, bearer=bearer)

    @task
    def own(self) -> None:
        """What is imported belongs to who imports it, whatever the file says; no other user sees it."""
        tag = self.name("tag")
        with (
            self.importer() as (person, bearer),
            self.team() as team,
            self.removing(tag, "servers", "tools", "resources", "prompts"),
        ):
            administrator = self.link.session.credentials.email
            says = {**of_team(team.id), "visibility": "public", "owner_email": administrator, "tags": [tag]}
            name = self.name("imported")
            address = f"{self.backend('rest')}/echo"
            file = {
                "tools": [{"name": name, "url": address, "integration_type": "REST", **says}],
                "resources": [{"name": name, "uri": f"loadtest://{name}", **says}],
                "prompts": [{"name": name, "template": "Greet.", **says}],
                "servers": [{"name": name, **says}],
            }
            mine = {"ownerEmail": person.email, "visibility": "team", "teamId": self.personal(bearer)}
            mine |= {"createdBy": person.email, "createdVia": "import"}

            def belongs(_: Answer) -> Mismatch | None:
                for kind in file:
                    wrong = only_one(self.with_tag(kind, tag), mine, f"the imported {kind}")
                    if wrong:
                        return wrong
                return None

            self.brings(file, "update", counts(created=len(file)), bearer=bearer, effect=belongs)
            for kind in file:
                hidden: dict[str, Any] = {"params": {"tags": tag}, "bearer": self.viewer.bearer}
                self.call(KINDS[kind].listed, check=lists_only(), **hidden)
            self.refuses_roots(bearer)

    def refuses_roots(self, bearer: str) -> None:
        """Import a root, which only administrators may."""
        name = self.name("root")
        root = {"uri": f"https://example.com/{name}", "name": name}

        def absent(_: Answer) -> Mismatch | None:
            found = [one["uri"] for one in self.call("GET /roots").json]
            return (
                expected("no root of a refused import in the list", found) if root["uri"] in found else None
            )

        denied = is_denied("an import of roots by a user who is no administrator")
        self.brings({"roots": [root]}, "update", denied, bearer=bearer, effect=absent, refusals=NO_ACCESS)

    def personal(self, bearer: str) -> str:
        """Return the id of the personal team of the caller."""
        teams = self.call("GET /teams/", params={"limit": PAGE}, bearer=bearer)["teams"]
        return next(str(one["id"]) for one in teams if one["is_personal"])

    @contextmanager
    def importer(self) -> Iterator[tuple[Person, str]]:
        """Register an account that may import for the ``with`` block; yield it and the token of its session."""
        body = {
            "name": self.name("role"),
            "description": "May import.",
            "scope": "global",
            "permissions": [MAY_IMPORT],
        }
        with (
            self.registered() as (person, bearer),
            self.created(
                "POST /rbac/roles", json=body, delete="DELETE /rbac/roles/{role_id}", read=GLOBAL_ROLES
            ) as role,
        ):
            given = Entity(role.id, {"user_email": person.email}, {})
            self.call(
                "POST /rbac/users/{user_email}/roles",
                user_email=person.email,
                json={"role_id": role.id, "scope": "global"},
                effect=lambda _: GIVEN_GLOBALLY.shows(self.call, given),
            )
            yield person, bearer
