"""Membership of teams: added by the owner, invited, or asked for."""

from __future__ import annotations

from contextlib import AbstractContextManager

from loadtest.client.answer import Answer
from loadtest.client.mismatch import Mismatch, expected
from loadtest.users.admin.checks import has_length
from loadtest.users.base import named, task
from loadtest.users.checks import both, has, lacks, lists
from loadtest.users.identity.checks import is_called, is_member
from loadtest.users.identity.fixtures import PeopleUser
from loadtest.users.read_back import Listed

INVITATIONS = Listed("GET /teams/{team_id}/invitations")
MAY_I = {"message": "May I?"}
"""A request to join a team."""
ACCEPT = "POST /teams/invitations/{token}/accept"
DECLINE = "POST /teams/invitations/{token}/decline"
ENDED = (400, 403, 404, 409, 410)
"""Statuses of an acceptance of an invitation that has ended, or is for another user."""
REQUESTS = Listed("GET /teams/{team_id}/join-requests")


class MembershipUser(PeopleUser):
    """Users join and leave teams of the administrator."""

    area = "teams"
    weight = 2

    def team(self) -> AbstractContextManager[Answer]:
        """Create a public team for the ``with`` block."""
        return self.created(
            "POST /teams/",
            json={"name": self.name("team"), "description": "For members.", "visibility": "public"},
            delete="DELETE /teams/{team_id}",
        )

    @task(2)
    def added(self) -> None:
        """The owner adds a member, makes it an owner and a member again, and removes it."""
        email = self.member.email
        with self.team() as team:
            self.is_added(team)
            self.call("GET /teams/{team_id}", team_id=team.id, check=has("member_count", 2))
            for role in ("owner", "member"):
                self.call(
                    "PUT /teams/{team_id}/members/{user_email}",
                    team_id=team.id,
                    user_email=email,
                    json={"role": role},
                    check=both(
                        is_member(email, role), has("invited_by", self.link.session.credentials.email)
                    ),
                    effect=self.is_member(team, email, role),
                )
            self.pages(team, email)
            left = self.is_no_member(team, email)
            path = {"team_id": team.id, "user_email": email}
            self.call("DELETE /teams/{team_id}/members/{user_email}", **named(path), effect=left)
            self.call("GET /teams/{team_id}", team_id=team.id, check=has("member_count", 1))

    def pages(self, team: Answer, email: str) -> None:
        """Read the members of a team, who are its owner and ``email``, page by page."""
        listed, paged = "GET /teams/{team_id}/members", {"limit": 1, "include_pagination": True}
        first = self.call(listed, team_id=team.id, params=paged, check=has_length(1, at="members"))
        both = {first["members.0.user_email"], email, self.process.session.credentials.email}
        rest = both - {first["members.0.user_email"]}
        after = paged | {"cursor": str(first["nextCursor"])}
        self.call(
            listed,
            team_id=team.id,
            params=after,
            check=lambda a: (
                None
                if {one["user_email"] for one in a["members"]} == rest and len(both) == 2
                else expected("the other member on the next page", a["members"])
            ),
        )

    @task(2)
    def invited(self) -> None:
        """The owner invites a user, who accepts, looks around and leaves."""
        member = self.member
        with self.team() as team:
            invitation = self.call(
                "POST /teams/{team_id}/invitations",
                team_id=team.id,
                json={"email": member.email, "role": "member"},
                check=lambda a: (
                    None
                    if a["email"] == member.email and a["token"]
                    else expected("the invitation", a["email"])
                ),
            )
            self.call(
                "GET /teams/{team_id}/invitations",
                team_id=team.id,
                check=lambda a: (
                    None if a["0.id"] == invitation.id else expected("the invitation first in the list")
                ),
            )
            self.call(
                "POST /teams/invitations/{token}/accept",
                token=invitation["token"],
                bearer=member.bearer,
                check=is_member(member.email, "member"),
                effect=self.is_member(team, member.email, "member"),
            )
            seen = is_called(str(team["name"]))
            self.call("GET /teams/{team_id}", team_id=team.id, bearer=member.bearer, check=seen)
            self.leaves(team)

    @task
    def declined(self) -> None:
        """The owner invites a user, who finds the invitation and declines it."""
        if not self.offers("POST /teams/invitations/{token}/decline"):
            return
        member = self.member
        with self.team() as team:
            invitation = self.call(
                "POST /teams/{team_id}/invitations",
                team_id=team.id,
                json={"email": member.email, "role": "member"},
            )
            own = "GET /users/me/invitations"
            self.call(own, bearer=member.bearer, check=lists(invitation))
            self.call(
                "POST /teams/invitations/{token}/decline",
                token=invitation["token"],
                bearer=member.bearer,
                check=has("success", True),
                effect=lambda _: lacks(invitation.id)(self.call(own, bearer=member.bearer)),
            )

    @task
    def uninvited(self) -> None:
        """The owner cancels an invitation."""
        with self.team() as team:
            invitation = self.call(
                "POST /teams/{team_id}/invitations",
                team_id=team.id,
                json={"email": self.stranger().email, "role": "owner"},
                check=has("role", "owner"),
            )
            pending = INVITATIONS._replace(path={"team_id": team.id})
            cancel = "DELETE /teams/invitations/{invitation_id}"
            self.delete(cancel, read=pending, invitation_id=invitation.id)

    @task(2)
    def asked(self) -> None:
        """A user asks to join, is approved and leaves."""
        member = self.member
        with self.team() as team:
            request = self.asks(team)
            self.call(
                "GET /teams/{team_id}/join-requests",
                team_id=team.id,
                check=lambda a: (
                    None
                    if (a["0.id"], a["0.message"]) == (request.id, MAY_I["message"])
                    else expected("the request first in the list, with its message", a.json)
                ),
            )
            self.call(
                "POST /teams/{team_id}/join-requests/{request_id}/approve",
                team_id=team.id,
                request_id=request.id,
                check=is_member(member.email, "member"),
                effect=self.is_member(team, member.email, "member"),
            )
            self.leaves(team)

    @task
    def refused(self) -> None:
        """A user asks to join and is rejected."""
        with self.team() as team:
            request = self.asks(team)
            reject = "DELETE /teams/{team_id}/join-requests/{request_id}"
            self.delete(reject, read=REQUESTS, team_id=team.id, request_id=request.id)

    @task
    def returning(self) -> None:
        """A user who left the team asks to join again and is approved."""
        member = self.member
        with self.team() as team:
            self.call(
                "POST /teams/{team_id}/members",
                team_id=team.id,
                json={"email": member.email, "role": "member"},
            )
            self.leaves(team)
            request = self.asks(team)
            self.call(
                "POST /teams/{team_id}/join-requests/{request_id}/approve",
                team_id=team.id,
                request_id=request.id,
                check=is_member(member.email, "member"),
                effect=self.is_member(team, member.email, "member"),
            )

    @task
    def again(self) -> None:
        """A user who was removed, or left, comes back: invited, and added by the owner."""
        with self.team() as team:
            self.is_added(team)
            for ends, begins in (
                (self.is_removed, self.accepts),
                (self.leaves, self.is_added),
                (self.is_removed, self.is_added),
                (self.leaves, self.accepts),
            ):
                ends(team)
                begins(team)

    @task
    def ended_invitations(self) -> None:
        """Invitations that were cancelled, declined or addressed to another user are not accepted; a new one is."""
        member = self.member
        with self.team() as team:
            other = self.invites(team, self.stranger().email)
            self.cannot_accept(team, other)
            self.cancels(other)
            invitation = self.invites(team, member.email)
            self.cancels(invitation)
            self.cannot_accept(team, invitation)
            if self.offers(DECLINE):
                invitation = self.invites(team, member.email)
                self.call(
                    DECLINE, token=invitation["token"], bearer=member.bearer, check=has("success", True)
                )
                self.cannot_accept(team, invitation)
            self.accepts(team)

    def is_added(self, team: Answer) -> None:
        """Let the owner add the member to ``team``."""
        email = self.member.email
        self.call(
            "POST /teams/{team_id}/members",
            team_id=team.id,
            json={"email": email, "role": "member"},
            check=is_member(email, "member"),
            effect=self.is_member(team, email, "member"),
        )

    def is_removed(self, team: Answer) -> None:
        """Let the owner remove the member from ``team``."""
        email = self.member.email
        path = {"team_id": team.id, "user_email": email}
        left = self.is_no_member(team, email)
        self.call("DELETE /teams/{team_id}/members/{user_email}", **named(path), effect=left)

    def accepts(self, team: Answer) -> None:
        """Let the owner invite the member to ``team``, who accepts."""
        member = self.member
        self.call(
            ACCEPT,
            token=self.invites(team, member.email)["token"],
            bearer=member.bearer,
            check=is_member(member.email, "member"),
            effect=self.is_member(team, member.email, "member"),
        )

    def invites(self, team: Answer, email: str) -> Answer:
        """Let the owner of ``team`` invite a user."""
        invitation = {"email": email, "role": "member"}
        return self.call(
            "POST /teams/{team_id}/invitations", team_id=team.id, json=invitation, check=has("email", email)
        )

    def cancels(self, invitation: Answer) -> None:
        """Let the owner cancel an invitation."""
        pending = INVITATIONS._replace(path={"team_id": str(invitation["team_id"])})
        self.delete("DELETE /teams/invitations/{invitation_id}", read=pending, invitation_id=invitation.id)

    def cannot_accept(self, team: Answer, invitation: Answer) -> None:
        """Check that the member cannot accept an ``invitation`` to ``team``, and is no member."""
        self.call(
            ACCEPT,
            token=invitation["token"],
            bearer=self.member.bearer,
            refusals=ENDED,
            check=is_ended,
            effect=self.is_no_member(team, self.member.email),
        )

    def leaves(self, team: Answer) -> None:
        """Let the member leave ``team``."""
        left = self.is_no_member(team, self.member.email)
        leave = "DELETE /teams/{team_id}/leave"
        self.call(leave, team_id=team.id, bearer=self.member.bearer, effect=left)

    def asks(self, team: Answer) -> Answer:
        """Let the member ask to join ``team``."""
        return self.call(
            "POST /teams/{team_id}/join",
            team_id=team.id,
            bearer=self.member.bearer,
            json=MAY_I,
            check=lambda a: (
                None if a["status"] == "pending" else expected("a request that is pending", a["status"])
            ),
        )


def is_ended(answer: Answer) -> Mismatch | None:
    """Check that the acceptance of an invitation is refused: its status is one of :data:`ENDED`."""
    if answer.status in ENDED:
        return None
    return expected("an invitation that has ended, or is for another user, to be refused", answer.status)
