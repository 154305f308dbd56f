"""Who is admitted to a team: verified users, as many as it may have, and those who ask for a public team."""

from __future__ import annotations

from typing import Any

from loadtest.client.answer import Answer
from loadtest.client.caller import Effect
from loadtest.users.access.checks import DENIED, is_denied
from loadtest.users.base import named, task
from loadtest.users.checks import has, lists
from loadtest.users.identity.accounts import UPDATES
from loadtest.users.identity.checks import is_member
from loadtest.users.identity.fixtures import PeopleUser
from loadtest.users.identity.memberships import ACCEPT, REQUESTS
from loadtest.users.teams import OPEN

ADD = "POST /teams/{team_id}/members"
APPROVE = "POST /teams/{team_id}/join-requests/{request_id}/approve"
INVITE = "POST /teams/{team_id}/invitations"
JOIN = "POST /teams/{team_id}/join"


class AdmissionUser(PeopleUser):
    """People who are not admitted to a team, or not yet."""

    area = "teams"

    @task
    def unverified(self) -> None:
        """A user whose address is not verified is neither invited nor accepts an invitation."""
        with self.team(**OPEN) as team, self.person() as person:
            bearer, invited = self.signed_in(person), {"email": person.email, "role": "member"}
            absent = self.is_no_member(team, person.email)
            own: dict[str, Any] = {"team_id": team.id, "json": invited}
            self.verifies(person.email, verified=False)
            self.denied("an invitation of an address that is not verified", INVITE, **own)
            self.verifies(person.email, verified=True)
            token = self.call(INVITE, check=has("email", person.email), **own)["token"]
            self.verifies(person.email, verified=False)
            what = "to accept an invitation with an address that is not verified"
            self.denied(what, ACCEPT, effect=absent, token=token, bearer=bearer)

    @task
    def full(self) -> None:
        """A team that is full accepts no member, in any way, and after that as many more as it may have."""
        reader, member = self.reader, self.member
        with self.team(**OPEN, max_members=2) as team:
            own: dict[str, Any] = {"team_id": team.id}
            asked = self.call(JOIN, json={"message": "May I?"}, bearer=reader.bearer, **own)
            self.admits(team, member.email)
            absent = self.is_no_member(team, reader.email)
            joins = {"email": reader.email, "role": "member"}
            self.denied("a member beyond the limit", ADD, json=joins, effect=absent, **own)
            self.denied("an invitation beyond the limit", INVITE, json=joins, **own)
            approve = named({"team_id": team.id, "request_id": asked.id})
            self.denied("a request to join beyond the limit", APPROVE, effect=absent, **approve)
            self.call(REQUESTS.operation, check=lists(asked.id), **own)
            self.update("PUT /teams/{team_id}", json={"max_members": 3}, **own)
            here = self.is_member(team, reader.email, "member")
            self.call(APPROVE, check=is_member(reader.email, "member"), effect=here, **approve)

    @task
    def full_by_invitations(self) -> None:
        """An invitation that waits takes a place of a team, and is not accepted after the place is taken."""
        reader, member = self.reader, self.member
        with self.team(**OPEN, max_members=2) as team:
            invited = {"email": reader.email, "role": "member"}
            own: dict[str, Any] = {"team_id": team.id}
            token = self.call(INVITE, json=invited, check=has("email", reader.email), **own)["token"]
            other = {"email": member.email, "role": "member"}
            self.denied("an invitation beyond the limit", INVITE, json=other, **own)
            self.admits(team, member.email)
            absent = self.is_no_member(team, reader.email)
            what = "to accept an invitation to a team that is full"
            self.denied(what, ACCEPT, token=token, bearer=reader.bearer, effect=absent)

    @task
    def not_asked(self) -> None:
        """No user can ask to join a private team, or one that they belong to, or that does not exist."""
        reader = self.reader
        with self.team(**OPEN) as team:
            ask: dict[str, Any] = {"json": {"message": "May I?"}, "bearer": reader.bearer}
            path: dict[str, Any] = {"team_id": team.id}
            self.update("PUT /teams/{team_id}", json={"visibility": "private"}, team_id=team.id)
            self.denied("a request to join a private team", JOIN, **ask, **path)
            self.update("PUT /teams/{team_id}", json={"visibility": "public"}, team_id=team.id)
            invited = {"email": reader.email, "role": "member"}
            token = self.call(INVITE, json=invited, check=has("email", reader.email), **path)["token"]
            self.admits(team, reader.email)
            here = self.is_member(team, reader.email, "member")
            self.denied("a request of a member to join", JOIN, effect=here, **ask, **path)
            self.denied("an invitation of a member", INVITE, json=invited | {"role": "owner"}, **path)
            what = "an invitation to be accepted by a member"
            self.denied(what, ACCEPT, token=token, bearer=reader.bearer, effect=here)
            self.denied("a request to join no team", JOIN, **ask, **named({"team_id": self.name("team")}))

    def admits(self, team: Answer, email: str) -> None:
        """Let the owner add a member to ``team``."""
        joined = self.is_member(team, email, "member")
        self.call(ADD, team_id=team.id, json={"email": email, "role": "member"}, effect=joined)

    def verifies(self, email: str, *, verified: bool) -> None:
        """Let the administrator state whether the address of an account is verified."""
        change = next(one for one in UPDATES if self.offers(one))
        self.update(change, user_email=email, json={"email_verified": verified})

    def denied(self, what: str, operation: str, *, effect: Effect | None = None, **options: Any) -> None:
        """Make a request that would do ``what`` and must be refused."""
        self.call(operation, refusals=DENIED, check=is_denied(what), effect=effect, **options)
