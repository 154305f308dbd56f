"""Administration of accounts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from loadtest.client.mismatch import expected
from loadtest.users.base import task
from loadtest.users.identity.checks import Person, at_most, is_called
from loadtest.users.identity.fixtures import PeopleUser


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
            if self.offers("PUT /auth/email/admin/users/{user_email}"):
                new = self.name("renamed")
                self.call(
                    "PUT /auth/email/admin/users/{user_email}",
                    user_email=email,
                    json={"full_name": new},
                    check=is_called(new, under="full_name"),
                )
            if self.offers("PATCH /auth/email/admin/users/{user_email}"):
                self.call(
                    "PATCH /auth/email/admin/users/{user_email}",
                    user_email=email,
                    json={"full_name": person.full_name, "is_active": False},
                    check=lambda a: (
                        None if a["is_active"] is False else expected("an account that is not active")
                    ),
                )
            self.call("POST /auth/email/admin/users/{user_email}/unlock", user_email=email)

    @task(3)
    def oversight(self) -> None:
        """All accounts and their recent events."""
        self.call("GET /auth/email/admin/users", params={"limit": 10}, check=at_most(10))
        self.call(
            "GET /auth/email/admin/users",
            params={"limit": 10, "include_pagination": True},
            check=lambda a: None if a["users"] else expected("an administrator at least"),
        )
        self.call("GET /auth/email/admin/events", params={"limit": 10}, check=at_most(10, least=0))
        self.call(
            "GET /auth/email/admin/events",
            params={"limit": 10, "user_email": self.member.email},
            check=lambda a: (
                None
                if all(event["user_email"] == self.member.email for event in a.json)
                else expected("only events of this account")
            ),
        )


class Pair(NamedTuple):
    """Two people who both own a team, so that it can be deleted with the last of them."""

    founder: Person
    member: Person
    there: list[Person]
    """Accounts that are not deleted yet."""


class DepartureUser(PeopleUser):
    """The administrator deletes members of the same team."""

    area = "auth"
    weight = 1

    @task
    def member_goes_first(self) -> None:
        """The member is deleted, then the owner."""
        with self.pair() as (founder, member, there):
            self.goes(member, there)
            self.goes(founder, there)

    @task
    def founder_goes_first(self) -> None:
        """The owner is deleted, then the member."""
        with self.pair() as (founder, member, there):
            self.goes(founder, there)
            self.goes(member, there)

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
            )
            yield Pair(founder, member, there)
        finally:
            for person in tuple(there):
                self.forget(person)

    def goes(self, person: Person, there: list[Person]) -> None:
        """Delete one of ``there``; an account that cannot be deleted yet moves to the end."""
        there.remove(person)
        there.append(person)
        self.forget(person)
        there.pop()
