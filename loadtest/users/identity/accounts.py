"""Administration of accounts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from loadtest.client.answer import Answer
from loadtest.client.caller import Check
from loadtest.client.mismatch import Mismatch, expected
from loadtest.fixtures.accounts import new_password
from loadtest.users.access.checks import DENIED, Credential, is_denied
from loadtest.users.admin.checks import has_length
from loadtest.users.admin.lists import MOST, Shown, has_among, only
from loadtest.users.base import named, task
from loadtest.users.checks import ids
from loadtest.users.identity.checks import Person, at_most, is_called, is_member, nothing
from loadtest.users.identity.fixtures import PeopleUser
from loadtest.users.identity.teams import PAGE, has_own_personal
from loadtest.users.read_back import Entity, Item
from loadtest.users.registry.fixtures import ADDRESS, new_gateway, of_team

ACCOUNT = Item("GET /auth/email/admin/users/{user_email}")
UPDATES = ("PUT /auth/email/admin/users/{user_email}", "PATCH /auth/email/admin/users/{user_email}")
"""Changes of an account: releases offer one of them, or both."""
WRONG_PASSWORD = (401,)
INACTIVE = (401, 403)
BEYOND = 100_000
"""An offset beyond the end of every list."""


class AccountsUser(PeopleUser):
    """The administrator creates, changes, unlocks and deletes accounts."""

    area = "auth"
    weight = 1

    @task(2)
    def lifecycle(self) -> None:
        """An account is created and deleted."""
        with self.person() as person:
            email = person.email
            self.call(
                "GET /auth/email/admin/users/{user_email}",
                user_email=email,
                check=is_called(person.full_name, under="full_name"),
            )
            first, *others = (one for one in UPDATES if self.offers(one))
            changed = person._replace(full_name=self.name("renamed"), password=new_password())
            # Without `is_admin`: while 1.1.0 changes the roles, an open transaction blocks every other write.
            self.update(
                first,
                user_email=email,
                json=self.documented(
                    first,
                    {
                        "full_name": changed.full_name,
                        "password": changed.password,
                        "email_verified": True,
                        "password_change_required": False,
                    },
                ),
            )
            self.signed_in(changed)
            old = {"email": email, "password": person.password}
            self.call("POST /auth/email/login", bearer="", json=old, refusals=WRONG_PASSWORD, check=let_in)
            # The gateway shows the failed attempt after another change only, because it keeps accounts in a cache.
            off = {"is_active": False}
            second = others[0] if others else first
            self.update(second, user_email=email, json=off, values=off | {"failed_login_attempts": 1})
            unlocked = {"failed_login_attempts": 0, "is_locked": False}
            unlock = "POST /auth/email/admin/users/{user_email}/unlock"
            self.update(unlock, user_email=email, read=ACCOUNT, values=unlocked)
            listed = has_among(Shown(email, changed.full_name, enabled=False), at="")
            self.call("GET /auth/email/admin/users", params={"limit": MOST}, check=listed)

    @task
    def created_again(self) -> None:
        """An account that was deleted is created again: with its new password, and a personal team of its own."""
        with self.person() as person:
            self.signed_in(person)
        again = self.account(person=person._replace(password=new_password()))
        try:
            bearer = self.signed_in(again)
            own = has_own_personal(again.email)
            self.call("GET /teams/", params={"limit": PAGE}, bearer=bearer, check=own)
            old = {"email": person.email, "password": person.password}
            self.call("POST /auth/email/login", bearer="", json=old, refusals=WRONG_PASSWORD, check=let_in)
        finally:
            with self.undoing():
                self.forget(again)

    @task
    def created_inactive(self) -> None:
        """An account that is created inactive cannot sign in until it is active."""
        person = self.account(active=False)
        try:
            secret = {"email": person.email, "password": person.password}
            self.call("POST /auth/email/login", bearer="", json=secret, refusals=INACTIVE, check=let_in)
            update = next(one for one in UPDATES if self.offers(one))
            self.update(update, user_email=person.email, json={"is_active": True})
            self.signed_in(person)
        finally:
            with self.undoing():
                self.forget(person)

    @task(3)
    def oversight(self) -> None:
        """All accounts and their recent events."""
        self.call("GET /auth/email/admin/events", params={"limit": 10}, check=at_most(10, least=0))
        self.call("GET /auth/email/admin/events", params={"offset": BEYOND}, check=nothing)
        paged = {"limit": 1, "include_pagination": True}
        whole = {"limit": 2, "include_pagination": False}
        self.call("GET /auth/email/admin/users", params=whole, check=at_most(2, least=2))
        first = self.call("GET /auth/email/admin/users", params=paged, check=continues)
        seen, cursor = first["users.0.email"], str(first["nextCursor"])
        self.call(
            "GET /auth/email/admin/users",
            params=paged | {"cursor": cursor},
            check=lambda a: (
                has_length(1, at="users")(a)
                or (
                    expected("another account on the next page", seen) if a["users.0.email"] == seen else None
                )
            ),
        )


class Pair(NamedTuple):
    """Two people who both own a team, so that it can be deleted with the last of them."""

    founder: Person
    member: Person
    team: str
    """Id of their team."""
    owner: str
    """Token of a session of the founder."""
    there: list[Person]
    """Accounts that are not deleted yet."""


class MemberDeletionUser(PeopleUser):
    """The administrator deletes members of the same team."""

    area = "auth"
    weight = 1

    @task
    def member_goes_first(self) -> None:
        """The member is deleted, then the owner, who lists a token of the member before."""
        with self.pair() as pair:
            self.lists_token_of_member(pair)
            self.goes(pair.member, pair.there)
            self.goes(pair.founder, pair.there)

    def lists_token_of_member(self, pair: Pair) -> None:
        """Let the founder make a token of the team for the member: it is in the founder's list, and is counted."""
        create, own = "POST /tokens/teams/{team_id}", named({"bearer": pair.owner})
        if not self.documents(create, "body user_email"):
            return
        name = self.name("token")
        body = {"name": name, "expires_in_days": 1, "user_email": pair.member.email}
        made = self.call(create, team_id=pair.team, json=body, **own)
        token = Shown(str(made["token.id"]), name)
        try:
            self.call("GET /tokens", check=only(token, at="tokens"), **own)
        finally:
            gone = Credential(str(made["access_token"]))
            self.delete("DELETE /tokens/{token_id}", read=gone, token_id=token.id, **own)

    @task
    def founder_goes_first(self) -> None:
        """The owner is deleted, then the member."""
        with self.pair() as pair:
            self.goes(pair.founder, pair.there)
            self.goes(pair.member, pair.there)

    @task
    def owner_of_server(self) -> None:
        """The owner of a team's federated server is deleted: it belongs to the other member, and so do its tools."""
        address = self.backend("mcp_small")
        with self.pair() as pair:
            body = new_gateway(self.name("gateway"), address, scope=of_team(pair.team))
            with self.created(
                "POST /gateways",
                json=body,
                bearer=pair.owner,
                delete="DELETE /gateways/{gateway_id}",
                differs=ADDRESS,
            ) as server:
                self.goes(pair.founder, pair.there)
                kept = belongs_to(pair.member.email)
                self.call("GET /gateways/{gateway_id}", gateway_id=server.id, check=kept)
                tools = belong_to(pair.member.email)
                self.call("GET /tools", params={"gateway_id": server.id}, check=tools)
            self.goes(pair.member, pair.there)

    @task
    def only_owner(self) -> None:
        """The only owner of a team with another member is not deleted, until that one is an owner, too."""
        with self.pair() as pair:
            self.ranks(pair, "member")
            entity = Entity(pair.founder.email, {"user_email": pair.founder.email}, {"is_active": True})
            try:
                self.call(
                    "DELETE /auth/email/admin/users/{user_email}",
                    user_email=pair.founder.email,
                    refusals=DENIED,
                    check=is_denied("the deletion of the only owner of a team"),
                    effect=lambda _: ACCOUNT.shows(self.call, entity),
                )
            finally:
                with self.undoing():
                    self.ranks(pair, "owner")
            self.goes(pair.founder, pair.there)
            self.goes(pair.member, pair.there)

    def ranks(self, pair: Pair, role: str) -> None:
        """Let the founder give the member another role in the team."""
        self.call(
            "PUT /teams/{team_id}/members/{user_email}",
            team_id=pair.team,
            user_email=pair.member.email,
            bearer=pair.owner,
            json={"role": role},
            check=is_member(pair.member.email, role),
        )

    @contextmanager
    def pair(self) -> Iterator[Pair]:
        """Create two accounts and their team; accounts that the ``with`` block did not delete are deleted after it."""
        there: list[Person] = []
        try:
            founder = self.account(admin=True)
            there.append(founder)
            member = self.account()
            there.append(member)
            owner = self.signed_in(founder)
            team = self.call(
                "POST /teams/", bearer=owner, json={"name": self.name("team"), "visibility": "private"}
            )
            self.call(
                "POST /teams/{team_id}/members",
                team_id=team.id,
                bearer=owner,
                json={"email": member.email, "role": "owner"},
                check=is_member(member.email, "owner"),
            )
            yield Pair(founder, member, team.id, owner, there)
        finally:
            for person in tuple(there):
                self.forget(person)

    def goes(self, person: Person, there: list[Person]) -> None:
        """Delete one of ``there``; an account that cannot be deleted yet moves to the end."""
        there.remove(person)
        there.append(person)
        self.forget(person)
        there.pop()


def let_in(answer: Answer) -> Mismatch | None:
    """Return a mismatch if a password that was replaced is accepted."""
    return expected("the old password to be refused", answer.status)


def continues(answer: Answer) -> Mismatch | None:
    """Check that a page has one account, and the cursor of the next page."""
    return has_length(1, at="users")(answer) or (
        None if answer["nextCursor"] else expected("the cursor of the next page", answer["nextCursor"])
    )


def belongs_to(email: str) -> Check:
    """Return a check that an entity belongs to ``email``, who is left of the owners of its team."""
    return lambda a: (
        None
        if a["ownerEmail"] == email
        else expected("the entity to belong to the owner who is left", a["ownerEmail"])
    )


def belong_to(email: str) -> Check:
    """Return a check that a list has entities, all of which belong to ``email``."""

    def check(answer: Answer) -> Mismatch | None:
        owners = {one["ownerEmail"] for one in answer.json}
        return (
            None if ids(answer) and owners == {email} else expected("only entities of this account", owners)
        )

    return check
