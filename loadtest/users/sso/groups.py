"""What the provider states about a person decides about their teams, roles and rights, at each sign-in anew."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from loadtest.client.answer import Answer
from loadtest.client.mismatch import Mismatch, expected
from loadtest.users.admin.checks import cookies
from loadtest.users.base import task
from loadtest.users.checks import has
from loadtest.users.identity.checks import SESSION, Person, lets_in, rejects_sign_on
from loadtest.users.identity.delegation import ADMINISTRATOR
from loadtest.users.identity.fixtures import MEMBERS
from loadtest.users.read_back import Entity
from loadtest.users.sso.sign_ons import APPROVE, REJECTED, SignOnUser

EVERYTHING = "*"
"""The permission of the role of administrators."""
UNVERIFIED = {"email_verified": "false"}
"""As a text, which must not count as true."""
UNSTATED = {"email_verified": None}
"""Providers for companies do not state it; what is not stated is no reason to turn a person away."""


class Rights(NamedTuple):
    """What a group gives a person: a team, or the rights of an administrator."""

    team: Answer

    @property
    def members(self) -> str:
        """The group that gives the team."""
        return f"Members-{self.team['name']}"

    @property
    def administrators(self) -> str:
        """The group that gives all rights."""
        return f"Administrators-{self.team['name']}"

    def mapping(self) -> dict[str, Any]:
        """Return the properties of a provider whose groups give these rights."""
        return {
            "team_mapping": {self.members: {"team_id": self.team.id, "role": "owner"}},
            "provider_metadata": {"role_mappings": {self.administrators: ADMINISTRATOR}},
        }


class GroupsUser(SignOnUser):
    """People whose provider states the groups to which they belong."""

    area = "sso"

    @task
    def rights(self) -> None:
        """Groups give a person a team, or all rights, as long as the provider states them, in any case of letters.

        Only the identity token states them, as that of many providers does: as a list of groups, or as the one role of
        the person, which counts as a group.
        """
        if not self.offers(APPROVE):
            return
        with (
            self.provider("oidc") as provider,
            self.undoing(),
            self.approved(provider) as person,
            # Deleted before the account, which belongs to its history.
            self.team() as team,
        ):
            given = Rights(team)
            self.update(
                "PUT /auth/sso/admin/providers/{provider_id}", provider_id=provider.id, json=given.mapping()
            )
            self.belongs(provider, person, given, {"roles": given.members.upper()})
            self.belongs(provider, person, given, {"groups": [given.administrators]})
            self.belongs(provider, person, given, {"groups": []})
            self.states(person, token=UNVERIFIED, userinfo=UNVERIFIED)
            self.signs_in(provider.id, person, accept=REJECTED, effect=rejects_sign_on)

    def belongs(self, provider: Answer, person: Person, given: Rights, stated: Mapping[str, Any]) -> None:
        """Let a person sign in of whom the provider has ``stated`` groups, and check what these have ``given``."""
        self.states(person, token={**stated, **UNSTATED}, userinfo=UNSTATED)
        groups = [*stated.get("groups", ()), stated.get("roles", "")]
        folded = {one.lower() for one in groups}
        admin = given.administrators.lower() in folded

        def rights(_: Answer) -> Mismatch | None:
            member = Entity(person.email, {"team_id": given.team.id}, {"role": "owner"})
            joined = MEMBERS.shows if given.members.lower() in folded else MEMBERS.is_gone
            everything = self.call("GET /rbac/permissions/user/{user_email}", user_email=person.email)
            return joined(self.call, member) or may_do_everything(everything, allowed=admin)

        session = cookies(self.signs_in(provider.id, person, check=lets_in, effect=rights))[SESSION]
        self.call("GET /auth/email/me", bearer=session, check=has("is_admin", admin))


def may_do_everything(permissions: Answer, *, allowed: bool) -> Mismatch | None:
    """Return a mismatch unless the roles of a person give all ``permissions`` exactly if that is ``allowed``."""
    if (EVERYTHING in permissions.json) is allowed:
        return None
    what = "all permissions" if allowed else "not all permissions"
    return expected(f"{what} of a person with these groups", permissions.json)
