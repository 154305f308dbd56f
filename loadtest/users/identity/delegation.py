"""Rights that an administrator gives to a user: tokens of other accounts, pages of the admin UI, and roles."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from loadtest.client.answer import Answer
from loadtest.client.caller import Check
from loadtest.client.mismatch import Mismatch, expected
from loadtest.client.protocols.protocol_cases import SESSION as MCP_SESSION
from loadtest.users.access.checks import AGAIN, Credential
from loadtest.users.access.rights import DeniedUser
from loadtest.users.access.team_token import shows_only_team
from loadtest.users.admin.checks import has_all, lacks_text, shows
from loadtest.users.admin.lists import Shown, has_among, ids_are, only
from loadtest.users.base import FixtureMissing, task
from loadtest.users.checks import both, contains, has
from loadtest.users.identity.accounts import UPDATES
from loadtest.users.identity.checks import Person, is_member
from loadtest.users.identity.fixtures import PeopleUser
from loadtest.users.mcp.open_session import mcp_session
from loadtest.users.read_back import Call, Entity, Listed
from loadtest.users.registry.fixtures import RegistryUser, of_team

DAYS = 5
"""Lifetime of a token; the gateway rejects tokens without expiry."""
PAGE = 100
ACCOUNTS = "GET /auth/email/admin/users"
"""An operation of administrators."""
FORBIDDEN = (403,)
GIVE = "POST /rbac/users/{user_email}/roles"
REVOKE = "DELETE /rbac/users/{user_email}/roles/{role_id}"
ROLES = Listed("GET /rbac/roles", params={"scope": "global"})
GIVEN = Listed("GET /rbac/users/{user_email}/roles", key="role_id", params={"scope": "global"})
ENDED = "2020-01-01T00:00:00Z"
INHERITED, OWN = "teams.delete", "teams.read"
"""Permissions of a role: that of its parent, which no account without a team has, and its own."""
ADMINISTRATOR = "platform_admin"
"""The role of administrators everywhere."""
TOOLS_TAB, TEAMS_TAB, USERS_TAB, LOGS_TAB = (f'id="tab-{one}"' for one in ("tools", "teams", "users", "logs"))
PAGES = ["admin.dashboard", "teams.read", "tools.read"]
"""Permissions of a user who may open a part of the admin UI."""

ReadBackStep = Callable[[Call, Entity], Mismatch | None]


class DelegationUser(PeopleUser, DeniedUser, RegistryUser):
    """People who have rights because the administrator gave them."""

    area = "rights"

    @task
    def token_for_another(self) -> None:
        """A token that the administrator makes for an account acts as that account, which lists and revokes it."""
        if not self.documents("POST /tokens", "body user_email"):
            return
        with self.person() as person:
            session, name = self.signed_in(person), self.name("token")
            body = {"name": name, "expires_in_days": DAYS, "user_email": person.email}
            made = self.call("POST /tokens", json=body, check=has("token.user_email", person.email))
            token, whole = Credential(str(made["access_token"])), Entity(person.email, {}, {})
            try:
                own = both(has("email", person.email), has("is_admin", False))
                self.call("GET /auth/email/me", bearer=token.bearer, check=own)
                self.denied("to list accounts", ACCOUNTS, bearer=token.bearer)
                mine = only(Shown(str(made["token.id"]), name), at="tokens")
                self.call("GET /tokens", bearer=session, params={"limit": PAGE}, check=mine)
            finally:
                revoke = "DELETE /tokens/{token_id}"
                self.delete(revoke, read=token, token_id=made["token.id"], bearer=session)
            self.call("GET /auth/email/me", bearer=session, check=lambda _: token.is_gone(self.call, whole))
            none = only(at="tokens")
            self.call("GET /tokens", bearer=session, params={"limit": PAGE}, check=none)
            self.call("GET /tokens/admin/all", params={"user_email": person.email}, check=none)

    @task
    def token_of_team_for_another(self) -> None:
        """The administrator makes a token of a team for a member of it, and none for another user."""
        create = "POST /tokens/teams/{team_id}"
        if not self.documents(create, "body user_email"):
            return
        with self.team() as team:
            name = self.name("token")
            body = {"name": name, "expires_in_days": DAYS, "user_email": self.reader.email}
            own: dict[str, Any] = {"team_id": team.id, "json": body}
            self.denied("a token of a team for a user outside", create, **own)
            joins = {"email": self.reader.email, "role": "member"}
            self.call("POST /teams/{team_id}/members", team_id=team.id, json=joins)
            stated = both(has("token.user_email", self.reader.email), has("token.team_id", team.id))
            made = self.call(create, check=stated, **own)
            # The owner of the team lists and revokes it.
            revoke, of_member = "DELETE /tokens/{token_id}", Shown(str(made["token.id"]), name)
            reads = has("email", self.reader.email)
            try:
                self.call("GET /auth/email/me", bearer=made["access_token"], check=reads)
                self.call("GET /tokens", params={"limit": PAGE}, check=has_among(of_member, at="tokens"))
            finally:
                self.delete(revoke, read=Credential(made["access_token"]), token_id=made["token.id"])

    @task
    def administrator_for_a_while(self) -> None:
        """An account is promoted and demoted: only in between it lists accounts, and sees the tool of a team."""
        change = next(one for one in UPDATES if self.offers(one))
        everything = {"scope": "global", "active_only": True}
        roles = self.call("GET /rbac/roles", params=everything).json
        administrator, described = next(
            (one["id"], one["description"]) for one in roles if one["name"] == ADMINISTRATOR
        )
        # As it is, in case that it is not refused.
        same: dict[str, Any] = {"role_id": administrator, "json": {"description": described}}
        self.denied("to change a role of the gateway itself", "PUT /rbac/roles/{role_id}", **same)
        team = self.team_of_others()
        with self.person() as person, self.tool(scope=of_team(team)) as tool:
            session = self.signed_in(person)
            own: dict[str, Any] = {"user_email": person.email}
            rights = Credential(session, ACCOUNTS, FORBIDDEN)
            entity = Entity(person.email, own, {})
            self.denied("to list accounts", ACCOUNTS, bearer=session)
            for admin, now in ((True, rights.shows), (False, rights.is_gone)):
                body = {"is_admin": admin}
                took_effect = functools.partial(changes, now, self.call, entity)
                self.update(change, json=body, check=took_effect, **own)
                self.call(GIVEN.operation, check=role_is(administrator, given=admin), **own)
                listed = contains(tool["name"]) if admin else lacks_text(tool["name"])
                self.rpc("POST /rpc tools/list", bearer=session, check=listed)
                if admin:
                    self.lists(team, tool, session)
            self.by_role(administrator, person, session, team)

    def lists(self, team: str, tool: Answer, session: str) -> None:
        """Check that an administrator sees the ``tool`` of a team in the list of the REST API, and in a session."""
        shown: dict[str, Any] = {"bearer": session, "check": contains(tool["name"])}
        self.call("GET /tools", params={"team_id": team}, **shown)
        with mcp_session(self, session) as opened:
            self.rpc("POST /mcp/ tools/list", headers={MCP_SESSION: opened}, **shown)

    def team_of_others(self) -> str:
        """Return the id of a team that stays during the load, without the administrator.

        Raises:
            FixtureMissing: there is none. The scenario ends without a failure.
        """
        if self.fixture.callers is None:
            raise FixtureMissing
        return self.fixture.callers.team

    def by_role(self, administrator: str, person: Person, session: str, team: str) -> None:
        """Give a user the role of administrators, without the account of one: they read the ``team`` of others."""
        given: dict[str, Any] = {"user_email": person.email}
        everywhere = {"role_id": administrator, "scope": "global"}
        self.call(GIVE, json=everywhere, check=has("role_id", administrator), **given)
        own: dict[str, Any] = {"bearer": session}
        self.call("GET /teams/{team_id}", team_id=team, check=has("id", team), **own)
        self.delete(REVOKE, read=GIVEN, role_id=administrator, params={"scope": "global"}, **given)
        self.denied("to read a team of others", "GET /teams/{team_id}", team_id=team, **own)

    @task
    def pages(self) -> None:
        """A user with a role for a part of the admin UI sees that part, and teams of their own, or of a token, only."""
        if not self.offers("GET /admin/teams/ids"):
            return
        name, reader = self.name("twin"), self.reader
        with (
            self.role(PAGES, reader.email) as role,
            self.team(f"{name}-a") as joined,
            self.team(f"{name}-b") as foreign,
        ):
            self.call(
                "POST /teams/{team_id}/members",
                team_id=joined.id,
                json={"email": reader.email, "role": "member"},
                effect=self.is_member(joined, reader.email, "member"),
            )
            own: dict[str, Any] = {"bearer": reader.bearer}
            mine, found = Shown(joined.id, joined["name"]), {"q": name}
            self.call("GET /admin/teams/search", params=found, check=only(mine, at=""), **own)
            self.call("GET /admin/teams/ids", params=found, check=ids_are("team_ids", mine), **own)
            for visibility, teams in (("private", [mine]), ("public", [])):
                kind = found | {"visibility": visibility}
                self.call("GET /admin/teams/search", params=kind, check=only(*teams, at=""), **own)
                self.call("GET /admin/teams/ids", params=kind, check=ids_are("team_ids", *teams), **own)
            whole = both(shows(joined.id), lacks_text(foreign.id))
            for query in ({"per_page": PAGE}, {"unified": True}):
                self.call("GET /admin/teams", params=query, check=whole, **own)
            self.call("GET /admin/teams/partial", params=found, check=whole, **own)
            page = both(shows(TOOLS_TAB, TEAMS_TAB), lacks_text(USERS_TAB), lacks_text(LOGS_TAB))
            self.call("GET /admin/", headers={"Accept": "text/html"}, check=page, **own)
            self.denied("to search accounts", "GET /admin/users/search", params={"q": name}, **own)
            self.denied("to read logs", "GET /admin/logs", **own)
            edit: dict[str, Any] = own | {"form": {"name": f"{name}-c"}, "team_id": foreign.id}
            unchanged = has("name", foreign["name"])
            self.denied(
                "to rename a foreign team",
                "POST /admin/teams/{team_id}/update",
                effect=lambda _: unchanged(self.call("GET /teams/{team_id}", team_id=foreign.id)),
                **edit,
            )
            # Accounts can be searched with either of two permissions.
            more = {"permissions": [*PAGES, "teams.manage_members"]}
            self.call("PUT /rbac/roles/{role_id}", role_id=role.id, json=more)
            someone = {"q": self.link.session.credentials.email}
            self.call("GET /admin/users/search", params=someone, check=finds_person, **own)
            self.narrowed(name, joined, foreign)

    def narrowed(self, name: str, team: Answer, other: Answer) -> None:
        """List the teams of a user with a token for one ``team``, also after the user has joined the ``other`` one."""
        reader = self.reader
        joins = {"email": reader.email, "role": "member"}
        roles: dict[str, Any] = {"user_email": reader.email, "params": {"scope": "team"}}
        self.call(
            "POST /teams/{team_id}/members",
            team_id=other.id,
            json=joins,
            check=is_member(reader.email, "member"),
            effect=lambda _: has_role_in(team, other)(self.call(GIVEN.operation, **roles)),
        )
        new = {"name": self.name("token"), "expires_in_days": DAYS}
        create = "POST /tokens/teams/{team_id}"
        made = self.call(
            create, team_id=team.id, json=new, bearer=reader.bearer, check=has("token.team_id", team.id)
        )
        token = Credential(str(made["access_token"]))
        try:
            own: dict[str, Any] = {"params": {"q": name}, "bearer": token.bearer}
            mine = Shown(team.id, team["name"])
            self.call("GET /admin/teams/search", check=only(mine, at=""), **own)
            listed = both(shows_only_team(team, other), has("teams.0.member_count", 2))
            self.call("GET /teams/", check=listed, bearer=token.bearer)
            self.call("GET /admin/teams/ids", check=shows_only_team(team, other), **own)
        finally:
            self.delete("DELETE /tokens/admin/{token_id}", read=token, token_id=made["token.id"])

    @task
    def roles(self) -> None:
        """A role grants what its parent does, to no user after it has ended, and is given in its own scope only."""
        with self.person() as person, self.new_role([INHERITED]) as parent:
            own: dict[str, Any] = {"user_email": person.email}
            with self.new_role([OWN], inherits_from=parent.id) as role:
                given = {"role_id": role.id, "scope": "global"}
                elsewhere = {"role_id": role.id, "scope": "team", "scope_id": self.name("team")}
                self.denied("to give a role in another scope", GIVE, json=elsewhere, **own)
                self.denied("to give a role of nowhere", GIVE, json=given | {"role_id": "unknown"}, **own)
                circle: dict[str, Any] = {"role_id": parent.id, "json": {"inherits_from": role.id}}
                self.denied("roles that inherit from each other", "PUT /rbac/roles/{role_id}", **circle)
                self.call(GIVE, json=given | {"expires_at": ENDED}, refusals=AGAIN, **own)
                self.grants(person, granted=False)
                self.call(GIVE, json=given, check=has("role_id", role.id), **own)
                self.grants(person, granted=True)
                self.switches(role, person, on=False)
                self.switches(role, person, on=True)
            self.stays_taken(role, person)

    def stays_taken(self, role: Answer, person: Person) -> None:
        """Switch a deleted ``role`` on again: ``person``, who had it until its deletion, does not get it back."""
        again: dict[str, Any] = {"role_id": role.id}
        self.call(
            "PUT /rbac/roles/{role_id}", json={"is_active": True}, check=has("is_active", True), **again
        )
        try:
            self.grants(person, granted=False)
        finally:
            with self.undoing():
                self.delete("DELETE /rbac/roles/{role_id}", read=ROLES, **again)

    def switches(self, role: Answer, person: Person, *, on: bool) -> None:
        """Switch a role on or off, which ``person`` has."""
        self.update("PUT /rbac/roles/{role_id}", role_id=role.id, json={"is_active": on})
        self.grants(person, granted=on)

    def grants(self, person: Person, *, granted: bool) -> None:
        """Check whether a user has the permission that is inherited."""
        body = {"user_email": person.email, "permission": INHERITED}
        stated = body | {"granted": granted, "checked_by": self.link.session.credentials.email}
        self.call("POST /rbac/permissions/check", json=body, check=has_all(stated))

    @contextmanager
    def role(self, permissions: list[str], email: str) -> Iterator[Answer]:
        """Create a role everywhere for the ``with`` block, and give it to ``email``."""
        with self.new_role(permissions) as role:
            given = {"role_id": role.id, "scope": "global"}
            holds = Entity(role.id, {"user_email": email}, {"scope": "global"})
            where: dict[str, Any] = {"user_email": email}
            self.call(GIVE, json=given, effect=lambda _: GIVEN.shows(self.call, holds), **where)
            try:
                yield role
            finally:
                with self.undoing():
                    self.delete(REVOKE, read=GIVEN, role_id=role.id, params={"scope": "global"}, **where)

    @contextmanager
    def new_role(self, permissions: list[str], **more: Any) -> Iterator[Answer]:
        """Create a role everywhere for the ``with`` block."""
        body = {
            "name": self.name("role"),
            "description": "A role of the load test.",
            "scope": "global",
            "permissions": permissions,
        }
        with self.created(
            "POST /rbac/roles", json=body | more, delete="DELETE /rbac/roles/{role_id}", read=ROLES
        ) as role:
            yield role


def changes(read: ReadBackStep, call: Call, entity: Entity, _: Answer) -> Mismatch | None:
    """Return a mismatch if ``read`` finds that a change has not taken effect for ``entity``."""
    return read(call, entity)


def finds_person(answer: Answer) -> Mismatch | None:
    """Check that a search finds an account."""
    return None if answer["items"] else expected("the account in the search", answer.json)


def has_role_in(*teams: Answer) -> Check:
    """Return a check that a member of several ``teams`` has one role in each."""
    wanted = sorted(team.id for team in teams)

    def check(answer: Answer) -> Mismatch | None:
        found = sorted(one["scope_id"] for one in answer.json if one["scope_id"] in wanted)
        return None if found == wanted else expected("one role in each team of a member", found)

    return check


def role_is(role: str, *, given: bool) -> Check:
    """Return a check that ``role`` is among the roles of a user, or that it is not."""

    def check(answer: Answer) -> Mismatch | None:
        found = [one["role_id"] for one in answer.json]
        what = "the role of administrators" if given else "no role of administrators"
        return None if (role in found) is given else expected(what, found)

    return check
