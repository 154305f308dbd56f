"""People who shared a team and are deleted, in either order."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from loadtest.users.base import task
from loadtest.users.identity_checks import Person
from loadtest.users.people import PeopleUser


class Pair(NamedTuple):
    """Two people with a team of their own; both own it, so that it can go with the last of them."""

    founder: Person
    member: Person
    there: list[Person]
    """Who is not deleted yet."""


class DepartureUser(PeopleUser):
    """The administrator deletes people who were in a team together."""

    area = "auth"
    weight = 1

    @task
    def member_goes_first(self) -> None:
        """Who joined the team is deleted, then who founded it."""
        with self.pair() as (founder, member, there):
            self.goes(member, there)
            self.goes(founder, there)

    @task
    def founder_goes_first(self) -> None:
        """Who founded the team is deleted, then who joined it."""
        with self.pair() as (founder, member, there):
            self.goes(founder, there)
            self.goes(member, there)

    @contextmanager
    def pair(self) -> Iterator[Pair]:
        """Make two people and their team; whom the ``with`` block did not delete is deleted after it."""
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
        """Delete one of ``there``; whom the gateway refuses to delete stands last, after those in the way."""
        there.remove(person)
        there.append(person)
        self.forget(person)
        there.pop()
