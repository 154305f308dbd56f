"""Teams: lifecycle and lists."""

from __future__ import annotations

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
from loadtest.users.identity.fixtures import MAIL_WITHIN, PeopleUser
from loadtest.users.teams import MAX_MEMBERS, OPEN, new_team

PAGE = 100
"""The largest page of teams in every release; the newest teams are first."""
BEYOND = 100_000
"""A number of teams to skip that is beyond the end of every list."""


class TeamsCRUDUser(PeopleUser):
    """Teams as their owner sees them."""

    area = "teams"
    weight = 3

    @task(5)
    def lifecycle(self) -> None:
        """A team is created, renamed and deleted."""
        with self.team(**OPEN) as team:
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
        """A team with an own address."""
        body = new_team(self.name("team")) | OPEN | {"slug": self.name("slug")}
        made = has("slug", body["slug"])
        with self.created("POST /teams/", json=body, delete="DELETE /teams/{team_id}", check=made):
            pass

    @task
    def founded_again(self) -> None:
        """A team is deleted and founded again: its members and invitations do not come back, if its row does.

        It is founded with a member, and with guests without an account, who are invited by mail.
        """
        body, reader, guest = new_team(self.name("team")) | OPEN, self.reader, self.member
        members, guests = [{"email": reader.email, "role": "owner"}], self.guests()
        seeded = {"members": members + guests} if self.documents("POST /teams/", "body members") else {}
        begun = begins_with(members, guests) if seeded else None
        delete, invited = "DELETE /teams/{team_id}", None
        with self.created("POST /teams/", json=body | seeded, delete=delete, check=begun) as team:
            own: dict[str, Any] = {"team_id": team.id}
            if seeded:
                founder = str(team["created_by"])
                joined = are_let_in(members, by=founder, key="user_email", without=founder)
                self.call("GET /teams/{team_id}/members", check=joined, **own)
                sent = are_let_in(guests, by=founder)
                invited = self.call("GET /teams/{team_id}/invitations", check=sent, **own)
            else:
                joins = {"email": reader.email, "role": "member"}
                joined = self.is_member(team, reader.email, "member")
                self.call("POST /teams/{team_id}/members", json=joins, effect=joined, **own)
            asks = {"email": guest.email, "role": "member"}
            invitation = self.call(
                "POST /teams/{team_id}/invitations", json=asks, check=has("email", guest.email), **own
            )
        with self.created("POST /teams/", json=body, delete=delete) as team:
            self.call("GET /teams/{team_id}/members", team_id=team.id, check=one_owner)
            self.call(
                "POST /teams/invitations/{token}/accept",
                token=invitation["token"],
                bearer=guest.bearer,
                refusals=AGAIN,
                check=is_let_in,
                effect=self.is_no_member(team, guest.email),
            )
            # At the end: 1.1.0 sends none of these mails.
            self.call(
                "GET /teams/{team_id}/invitations",
                team_id=team.id,
                check=nothing,
                effect=lambda _: next(
                    filter(None, map(self.lacks_mail, invited.json if invited else ())), None
                ),
                waits=MAIL_WITHIN,
            )

    def guests(self) -> list[dict[str, str]]:
        """Return people without an account, who are to be an owner and a member of a team."""
        return [{"email": self.stranger().email, "role": one} for one in ("owner", "member")]

    @task(3)
    def lists(self) -> None:
        """Every team, page by page, and the public ones that other users could join."""
        name = self.name("twin")
        with self.team(f"{name}-a", **OPEN) as one, self.team(f"{name}-b") as other:
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
                if not admin:
                    after = {"skip": 1, "limit": 1}
                    none = both(has_length(0, at="teams"), has("total", 1))
                    self.call("GET /teams/", params=after, bearer=bearer, check=none)
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


def begins_with(members: list[dict[str, str]], guests: list[dict[str, str]]) -> Check:
    """Return a check that a new team has its ``members``, and has invited the ``guests``, who have no account."""

    def check(answer: Answer) -> Mismatch | None:
        for key, people in (("members_added", members), ("invitations_sent", guests)):
            found = [{"email": one["email"], "role": one["role"]} for one in answer[key]]
            if found != people:
                return expected(f"{key} to be who the team begins with", found)
        return has("member_count", len(members) + 1)(answer)

    return check


def are_let_in(people: list[dict[str, str]], *, by: str, key: str = "email", without: str = "") -> Check:
    """Return a check that a list has just these ``people``, whom ``by`` invited, and the one ``without`` whom it is.

    ``key`` is the member with the address.
    """
    wanted = {one["email"]: (one["role"], by) for one in people}

    def check(answer: Answer) -> Mismatch | None:
        found = {one[key]: (one["role"], one["invited_by"]) for one in answer.json if one[key] != without}
        return None if found == wanted else expected("the people whom the founder let in, by role", found)

    return check


def is_let_in(answer: Answer) -> Mismatch | None:
    """Return a mismatch if an invitation to a team that was deleted is accepted."""
    refused = answer.status in AGAIN
    return None if refused else expected("an invitation to a deleted team to be refused", answer.status)


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
        or has_one_member(team)(a)
    )


def has_one_member(team: Shown) -> Check:
    """Return a check that ``team``, which a list has, has one member."""

    def check(answer: Answer) -> Mismatch | None:
        counted = [one["member_count"] for one in answer.json if one["id"] == team.id]
        return None if counted == [1] else expected("the one member of the team to be counted", counted)

    return check


def other_than(seen: str) -> Check:
    """Return a check that a page has one team, and not the one that was ``seen``."""
    return lambda a: (
        has_length(1, at="teams")(a)
        or (expected("another team on the next page", seen) if a["teams.0.id"] == seen else None)
    )
