"""Membership of teams: added by the owner, invited, or asked for."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

from loadtest.client.answer import Answer
from loadtest.client.caller import Check
from loadtest.client.mismatch import Mismatch, expected
from loadtest.users.access.checks import DENIED, is_denied
from loadtest.users.admin.checks import has_all, has_length
from loadtest.users.base import named, task
from loadtest.users.checks import both, has, lacks, lists
from loadtest.users.identity.checks import is_called, is_member
from loadtest.users.identity.fixtures import MAIL_WITHIN, PeopleUser
from loadtest.users.read_back import Listed
from loadtest.users.teams import OPEN

INVITATIONS = Listed("GET /teams/{team_id}/invitations")
TITLED = "For All"
"""The end of a name that differs from what an address has of it."""
MAY_I = {"message": "May I?"}
"""A request to join a team."""
ACCEPT = "POST /teams/invitations/{token}/accept"
DECLINE = "POST /teams/invitations/{token}/decline"
ENDED = (400, 403, 404, 409, 410)
"""Statuses of an acceptance of an invitation that has ended, or is for another user."""
REQUESTS = Listed("GET /teams/{team_id}/join-requests")
RoleCheck = Callable[[list[str]], Mismatch | None]
"""Compares the ids of the roles that a person has in a team."""


class MembershipUser(PeopleUser):
    """Users join and leave teams of the administrator."""

    area = "teams"
    weight = 2

    def titled_team(self) -> AbstractContextManager[Answer]:
        """Create a public team for the ``with`` block."""
        return self.team(f"{self.name('team')} {TITLED}", **OPEN)

    @task(2)
    def added(self) -> None:
        """The owner adds a member, makes it an owner and a member again, and removes it."""
        email = self.member.email
        with self.titled_team() as team:
            self.is_added(team)
            unknown = {"email": self.stranger().email, "role": "member"}
            self.call(
                "POST /teams/{team_id}/members",
                team_id=team.id,
                json=unknown,
                refusals=DENIED,
                check=is_denied("a member who has no account"),
            )
            self.call("GET /teams/{team_id}", team_id=team.id, check=has("member_count", 2))
            given: list[str] = []
            for role in ("owner", "member"):
                self.call(
                    "PUT /teams/{team_id}/members/{user_email}",
                    team_id=team.id,
                    user_email=email,
                    json={"role": role},
                    check=is_member(email, role, by=self.me),
                    effect=self.is_member(team, email, role, by=self.me),
                )
                given = self.role_in(team, other_role(given))
            self.pages(team, email)
            left = self.is_no_member(team, email)
            path = {"team_id": team.id, "user_email": email}
            self.call("DELETE /teams/{team_id}/members/{user_email}", **named(path), effect=left)
            self.call("GET /teams/{team_id}", team_id=team.id, check=has("member_count", 1))
            self.role_in(team, no_role)

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
        with self.titled_team() as team:
            invitation = self.call(
                "POST /teams/{team_id}/invitations",
                team_id=team.id,
                json={"email": member.email, "role": "member"},
                check=both(
                    self.is_open(team, member.email, "member"),
                    lambda a: None if a["token"] else expected("the token of the invitation"),
                ),
            )
            self.call(
                "GET /teams/{team_id}/invitations",
                team_id=team.id,
                check=both(
                    lists(invitation),
                    lambda a: (
                        None if a["0.id"] == invitation.id else expected("the invitation first in the list")
                    ),
                ),
            )
            self.call(
                ACCEPT,
                token=invitation["token"],
                bearer=member.bearer,
                check=is_member(member.email, "member", by=self.me),
                effect=self.is_member(team, member.email, "member", by=self.me),
            )
            seen = is_called(str(team["name"]))
            self.call("GET /teams/{team_id}", team_id=team.id, bearer=member.bearer, check=seen)
            self.leaves(team)

    @task
    def declined(self) -> None:
        """The owner invites a user, who finds the invitation and declines it."""
        if not self.offers(DECLINE):
            return
        member = self.member
        with self.titled_team() as team:
            invitation = self.call(
                "POST /teams/{team_id}/invitations",
                team_id=team.id,
                json={"email": member.email, "role": "member"},
            )
            own = "GET /users/me/invitations"
            # A load without depth has no other account.
            if self.fixture.callers is not None:
                self.call(
                    DECLINE,
                    token=invitation["token"],
                    bearer=self.reader.bearer,
                    refusals=DENIED,
                    check=is_denied("to decline the invitation of another"),
                )
            self.call(own, bearer=member.bearer, check=both(lists(invitation), are_for(member.email)))
            self.call(
                DECLINE,
                token=invitation["token"],
                bearer=member.bearer,
                check=has("success", True),
                effect=lambda _: lacks(invitation.id)(self.call(own, bearer=member.bearer)),
            )

    @task
    def uninvited(self) -> None:
        """The owner cancels an invitation, which was sent by mail, and no other user does."""
        invited = self.stranger().email
        with self.titled_team() as team:
            invitation = self.call(
                "POST /teams/{team_id}/invitations",
                team_id=team.id,
                json={"email": invited, "role": "owner"},
                check=self.is_open(team, invited, "owner"),
                effect=self.is_sent,
                waits=MAIL_WITHIN,
            )
            pending = INVITATIONS._replace(path={"team_id": team.id})
            cancel, own = "DELETE /teams/invitations/{invitation_id}", {"invitation_id": invitation.id}
            self.call(
                cancel,
                bearer=self.member.bearer,
                refusals=DENIED,
                check=is_denied("to cancel an invitation to a team of others"),
                **named(own),
            )
            self.delete(cancel, read=pending, **named(own))

    @task(2)
    def asked(self) -> None:
        """A user asks to join, is approved and leaves."""
        member = self.member
        with self.titled_team() as team:
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
                check=is_member(member.email, "member", by=self.me),
                effect=self.is_member(team, member.email, "member", by=self.me),
            )
            self.role_in(team, other_role([]))
            self.leaves(team)

    @task
    def refused(self) -> None:
        """A user asks to join and is rejected."""
        with self.titled_team() as team:
            request = self.asks(team)
            reject = "DELETE /teams/{team_id}/join-requests/{request_id}"
            self.delete(reject, read=REQUESTS, team_id=team.id, request_id=request.id)

    @task
    def returning(self) -> None:
        """A user who left the team asks to join again and is approved."""
        member = self.member
        with self.titled_team() as team:
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
        with self.titled_team() as team:
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
        with self.titled_team() as team:
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
            check=is_member(email, "member", by=self.me),
            effect=self.is_member(team, email, "member", by=self.me),
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
            check=is_member(member.email, "member", by=self.me),
            effect=self.is_member(team, member.email, "member", by=self.me),
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
            check=has_all(
                MAY_I
                | {
                    "status": "pending",
                    "user_email": self.member.email,
                    "team_id": team.id,
                    "team_name": team["name"],
                }
            ),
        )

    def role_in(self, team: Answer, check: RoleCheck) -> list[str]:
        """Read the roles that the member has in ``team``, and return their ids; ``check`` compares them."""
        found: list[str] = []

        def compared(answer: Answer) -> Mismatch | None:
            found.extend(str(one["role_id"]) for one in answer.json if one["scope_id"] == team.id)
            return check(found)

        roles = {"scope": "team"}
        self.call(
            "GET /rbac/users/{user_email}/roles", user_email=self.member.email, params=roles, check=compared
        )
        return found

    @property
    def me(self) -> str:
        """The address of the administrator, who owns the teams."""
        return str(self.link.session.credentials.email)

    def is_open(self, team: Answer, email: str, role: str) -> Check:
        """Return a check that the owner has just invited ``email`` to ``team``."""
        return has_all(
            {
                "email": email,
                "role": role,
                "team_id": team.id,
                "team_name": team["name"],
                "invited_by": self.me,
                "is_active": True,
                "is_expired": False,
            }
        )

    def is_sent(self, invitation: Answer) -> Mismatch | None:
        """Return a mismatch if an ``invitation`` is not sent by mail, or, if it says so, was not sent."""
        if (missing := self.lacks_mail(invitation.json)) is not None:
            return missing
        stated = invitation.json.get("email_delivery_status", "sent")
        return None if stated == "sent" else expected("the invitation to be sent by mail", stated)


def are_for(email: str) -> Check:
    """Return a check that a list has invitations of ``email`` only."""

    def check(answer: Answer) -> Mismatch | None:
        others = {one["email"] for one in answer.json} - {email}
        return expected("no invitation of another user", others) if others else None

    return check


def no_role(roles: list[str]) -> Mismatch | None:
    """Check that a person who is no member any more has no role in the team."""
    return expected("no role of a former member in the team", roles) if roles else None


def other_role(before: list[str]) -> RoleCheck:
    """Return a check that a person has one role in the team, and another than ``before``."""
    return lambda roles: (
        None
        if len(roles) == 1 and roles != before
        else expected("one role in the team, another one of an owner than of a member", roles)
    )


def is_ended(answer: Answer) -> Mismatch | None:
    """Check that the acceptance of an invitation is refused: its status is one of :data:`ENDED`."""
    if answer.status in ENDED:
        return None
    return expected("an invitation that has ended, or is for another user, to be refused", answer.status)
