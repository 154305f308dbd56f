"""Teams: lifecycle and lists."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

from loadtest.client.answer import Answer
from loadtest.client.caller import Check
from loadtest.client.mismatch import Mismatch, expected
from loadtest.users.access.checks import AGAIN
from loadtest.users.admin.checks import has_length
from loadtest.users.admin.lists import Shown, has_among, one_of
from loadtest.users.base import task
from loadtest.users.checks import both, has
from loadtest.users.identity.checks import is_called, nothing, one_owner
from loadtest.users.identity.fixtures import PeopleUser

MAX_MEMBERS = 20
PAGE = 100
"""The largest page of teams in every release; the newest teams are first."""
BEYOND = 100_000
"""A number of teams to skip that is beyond the end of every list."""


def new_team(name: str) -> dict[str, Any]:
    """Return a public team that users can find and ask to join."""
    return {
        "name": name,
        "description": "A team of the load test.",
        "visibility": "public",
        "max_members": MAX_MEMBERS,
    }


class TeamsCRUDUser(PeopleUser):
    """Teams as their owner sees them."""

    area = "teams"
    weight = 3

    @task(5)
    def lifecycle(self) -> None:
        """A team is created, renamed and deleted."""
        with self.created(
            "POST /teams/", json=new_team(self.name("team")), delete="DELETE /teams/{team_id}"
        ) as team:
            self.call("GET /teams/{team_id}", team_id=team.id, check=is_called(team["name"]))
            changed = {
                "name": self.name("renamed"),
                "description": "Renamed.",
                "visibility": "private",
                "max_members": MAX_MEMBERS + 1,
            }
            self.update("PUT /teams/{team_id}", team_id=team.id, json=changed)
            self.update("PUT /teams/{team_id}", team_id=team.id, json={"visibility": "public"})
            self.call("GET /teams/{team_id}/members", team_id=team.id, check=one_owner)
            self.call("GET /teams/{team_id}/invitations", team_id=team.id, check=nothing)
            self.call("GET /teams/{team_id}/join-requests", team_id=team.id, check=nothing)

    @task
    def founded(self) -> None:
        """Teams with an own address, and people in them from the start."""
        seeds: list[dict[str, Any]] = [{}]
        if self.documents("POST /teams/", "body members"):
            seeds = [{"members": [{"email": self.member.email, "role": one}]} for one in ("owner", "member")]
        for more in seeds:
            body = new_team(self.name("team")) | {"slug": self.name("slug")}
            made = has("slug", body["slug"])
            with self.created(
                "POST /teams/", json=body | more, delete="DELETE /teams/{team_id}", check=made
            ) as team:
                for seed in more.get("members", ()):
                    self.call(
                        "GET /teams/{team_id}/members",
                        team_id=team.id,
                        check=has_member(seed["email"], seed["role"]),
                    )

    @task
    def founded_again(self) -> None:
        """A team is deleted and founded again: its members and invitations do not come back, if its row does."""
        body, reader, guest = new_team(self.name("team")), self.reader, self.member
        with self.created("POST /teams/", json=body, delete="DELETE /teams/{team_id}") as team:
            self.call(
                "POST /teams/{team_id}/members",
                team_id=team.id,
                json={"email": reader.email, "role": "member"},
                effect=self.is_member(team, reader.email, "member"),
            )
            invitation = self.call(
                "POST /teams/{team_id}/invitations",
                team_id=team.id,
                json={"email": guest.email, "role": "member"},
                check=has("email", guest.email),
            )
        with self.created("POST /teams/", json=body, delete="DELETE /teams/{team_id}") as team:
            self.call("GET /teams/{team_id}/members", team_id=team.id, check=one_owner)
            self.call(
                "POST /teams/invitations/{token}/accept",
                token=invitation["token"],
                bearer=guest.bearer,
                refusals=AGAIN,
                check=is_let_in,
                effect=self.is_no_member(team, guest.email),
            )
            self.call("GET /teams/{team_id}/invitations", team_id=team.id, check=nothing)

    @task(3)
    def lists(self) -> None:
        """Every team, page by page, and the public ones that other users could join."""
        name = self.name("twin")
        with self.team(f"{name}-a") as one, self.team(f"{name}-b", visibility="private") as other:
            twins = Shown(one.id, one["name"]), Shown(other.id, other["name"])
            self.call("GET /teams/", params={"limit": PAGE}, check=has_among(*twins, at="teams"))
            found = {"limit": PAGE}
            public, private = twins
            offered = joinable(public, without=private)
            self.call("GET /teams/discover", params=found, bearer=self.member.bearer, check=offered)
            if self.searches:
                self.pages(name, twins)
            whole = {"limit": PAGE, "include_pagination": False}
            self.call("GET /teams/", params=whole, check=has_among(*twins, at="teams"))
            paged = {"limit": 1, "include_pagination": True}
            first = self.call("GET /teams/", params=paged, check=has_length(1, at="teams"))
            seen, cursor = str(first["teams.0.id"]), str(first["nextCursor"])
            follows = other_than(seen)
            self.call("GET /teams/", params=paged | {"cursor": cursor}, check=follows)
        self.call("GET /teams/", params={"skip": BEYOND}, check=has_length(0, at="teams"))
        nowhere = {"skip": BEYOND, "limit": 1}
        self.call("GET /teams/discover", params=nowhere, bearer=self.member.bearer, check=nothing)

    @task
    def personal(self) -> None:
        """Accounts that find their personal team, and that of no other account: a user and an administrator."""
        for admin in (False, True):
            person = self.account(admin=admin)
            try:
                bearer = self.signed_in(person)
                own = has_own_personal(person.email)
                found = self.call("GET /teams/", params={"limit": PAGE}, bearer=bearer, check=own)
                team = next(one for one in found["teams"] if one["is_personal"])
                if self.searches:
                    search = {"search_query": team["slug"], "limit": PAGE}
                    counted = both(own, has("total", 1), has_length(1, at="teams"))
                    self.call("GET /teams/", params=search, bearer=bearer, check=counted)
                self.call("GET /teams/{team_id}/members", team_id=team["id"], bearer=bearer, check=one_owner)
            finally:
                with self.undoing():
                    self.forget(person)

    @property
    def searches(self) -> bool:
        """Whether teams can be searched: since the release that can also list one's own invitations."""
        return self.offers("GET /users/me/invitations")

    def pages(self, name: str, twins: tuple[Shown, Shown]) -> None:
        """Search two teams by the name they share, and read one after the other."""
        left = list(twins)
        for skip in (0, 1):
            paged = {"search_query": name, "limit": 1, "skip": skip}
            self.call("GET /teams/", params=paged, check=one_of(left, at="teams", of=2))

    def team(self, name: str, **more: str) -> AbstractContextManager[Answer]:
        """Create a public team for the ``with`` block."""
        return self.created("POST /teams/", json=new_team(name) | more, delete="DELETE /teams/{team_id}")


def is_let_in(answer: Answer) -> Mismatch | None:
    """Return a mismatch if an invitation to a team that was deleted is accepted."""
    refused = answer.status in AGAIN
    return None if refused else expected("an invitation to a deleted team to be refused", answer.status)


def has_member(email: str, role: str) -> Check:
    """Return a check that an account is a member of a team with this ``role``."""

    def check(answer: Answer) -> Mismatch | None:
        found = [one["role"] for one in answer.json if one["user_email"] == email]
        return None if found == [role] else expected(f"the member with the role {role}", found)

    return check


def has_own_personal(email: str) -> Check:
    """Return a check that the personal team of ``email`` is listed, and that of no other account."""

    def check(answer: Answer) -> Mismatch | None:
        owners = [team["created_by"] for team in answer["teams"] if team["is_personal"]]
        if email not in owners:
            return expected("the caller's own personal team in the list", answer["teams"])
        return None if owners == [email] else expected("no other account's personal team in the list", owners)

    return check


def joinable(team: Shown, *, without: Shown) -> Check:
    """Return a check that only teams to join are listed, ``team`` among them and the private one not."""
    return lambda a: (
        (None if all(one["is_joinable"] for one in a.json) else expected("only teams to join", a.json))
        or has_among(team, without=[without], at="")(a)
    )


def other_than(seen: str) -> Check:
    """Return a check that a page has one team, and not the one that was ``seen``."""
    return lambda a: (
        has_length(1, at="teams")(a)
        or (expected("another team on the next page", seen) if a["teams.0.id"] == seen else None)
    )
