"""Users and tokens by the forms of the admin UI."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from loadtest.fixtures.shared_member import SharedMember, new_password
from loadtest.users.admin.checks import finds, made, mentions, request_id, shows, went_back
from loadtest.users.admin.forms import AdminUser
from loadtest.users.base import task
from loadtest.users.checks import has

DAYS = 5
"""How long a new token would be good for."""


class AdminUsersUser(AdminUser):
    """A user who manages other people's accounts."""

    area = "admin-users"

    @task(2)
    def lifecycle(self) -> None:
        """An account is created and deleted."""
        with self._account() as email:
            self.call("GET /admin/users/{user_email}/edit", user_email=email, check=shows(email))
            renamed = self.name("person")
            form = {"full_name": renamed}
            done = shows("User updated successfully")
            self.call("POST /admin/users/{user_email}/update", user_email=email, form=form, check=done)
            self.call("GET /admin/users/search", params={"q": email}, check=mentions(renamed))

    @task
    def locked(self) -> None:
        """An account that is switched off, on, unlocked, and must change its password."""
        with self._account() as email:
            self.call("POST /admin/users/{user_email}/deactivate", user_email=email, check=shows(email))
            self.call("POST /admin/users/{user_email}/activate", user_email=email, check=shows(email))
            self.call("POST /admin/users/{user_email}/unlock", user_email=email, check=shows(email))
            self.call(
                "POST /admin/users/{user_email}/force-password-change", user_email=email, check=shows(email)
            )

    @contextmanager
    def _account(self) -> Iterator[str]:
        email = f"{self.name('user')}@example.com"
        form = {"email": email, "password": new_password(), "full_name": self.name("person")}
        self.call("POST /admin/users", form=form, check=shows("User created successfully"))
        try:
            yield email
        finally:
            self.call("DELETE /admin/users/{user_email}", user_email=email)


class AdminTokensUser(AdminUser):
    """A user who manages tokens."""

    area = "admin-tokens"

    @task
    def lifecycle(self) -> None:
        """A token that is found in the lists."""
        with self.created("POST /tokens", delete="DELETE /tokens/{token_id}", **self._new()) as token:
            self._lists(str(token["token.name"]))

    @task
    def revoked(self) -> None:
        """A token that is revoked where it is listed."""
        if not self.offers("DELETE /admin/tokens/{token_id}"):
            return
        with self.created("POST /tokens", delete="DELETE /admin/tokens/{token_id}", **self._new()):
            pass

    def _new(self) -> dict[str, Any]:
        """Return the arguments of a call that makes a token."""
        unlimited: dict[str, Any] = {
            "permissions": [],
            "ip_restrictions": [],
            "time_restrictions": {},
            "usage_limits": {},
        }
        return {
            "key": "token.id",
            "json": {"name": self.name("token"), "expires_in_days": DAYS, "scope": unlimited},
        }

    def _lists(self, name: str) -> None:
        self.call("GET /admin/tokens/search", params={"q": name}, check=has("0.name", name))
        self.call("GET /admin/tokens/partial", params={"q": name}, check=shows(name))


MEMBER = "member"
OWNER = "owner"


class AdminTeamsUser(AdminUser):
    """A user who manages teams."""

    area = "admin-teams"
    weight = 2

    @task(2)
    def lifecycle(self) -> None:
        """A team is created and deleted."""
        with self._team() as (team, name):
            self.call("GET /admin/teams/{team_id}/edit", team_id=team, check=shows(name))
            renamed = self.name("team")
            form = {"name": renamed, "description": "Changed by form.", "visibility": "public"}
            self.call("POST /admin/teams/{team_id}/update", team_id=team, form=form, check=went_back)
            self.call("GET /admin/teams/search", params={"q": renamed}, check=finds("0.id"))
            self.call("GET /admin/teams/partial", params={"q": renamed}, check=shows(renamed))

    @task(2)
    def members(self) -> None:
        """A user is added to a team, promoted and removed."""
        with self._team() as (team, name):
            email = self._member.email
            joining = {"user_email": email, "role": MEMBER}
            added = shows("Added 1 member")
            self.call("POST /admin/teams/{team_id}/add-member", team_id=team, form=joining, check=added)
            self.call("GET /admin/teams/{team_id}/members", team_id=team, check=shows(name))
            self.call("GET /admin/teams/{team_id}/members/partial", team_id=team, check=shows(email))
            promoted = {"user_email": email, "role": OWNER}
            self.call(
                "POST /admin/teams/{team_id}/update-member-role",
                team_id=team,
                form=promoted,
                check=shows("Role updated successfully", email),
            )
            self.call(
                "POST /admin/teams/{team_id}/remove-member",
                team_id=team,
                form={"user_email": email},
                check=shows("removed successfully", email),
            )

    @task
    def candidates(self) -> None:
        """Users who could be added to a team."""
        with self._team() as (team, name):
            email = self._member.email
            self.call("GET /admin/teams/{team_id}/members/add", team_id=team, check=shows(name))
            self.call(
                "GET /admin/teams/{team_id}/non-members/partial",
                team_id=team,
                params={"search": email},
                check=shows("user-item"),
            )

    @task
    def applicants(self) -> None:
        """A user asks to join and is rejected, asks again and is accepted."""
        with self._team() as (team, _):
            self._applies(team)
            self.call(
                "GET /admin/teams/{team_id}/join-requests", team_id=team, check=shows(self._member.email)
            )
            self.call(
                "POST /admin/teams/{team_id}/join-requests/{request_id}/reject",
                team_id=team,
                request_id=self._applied(team),
                check=shows("rejected"),
            )
            self._applies(team)
            self.call(
                "POST /admin/teams/{team_id}/join-requests/{request_id}/approve",
                team_id=team,
                request_id=self._applied(team),
                check=shows("approved", self._member.email),
            )

    @task
    def leaving(self) -> None:
        """An owner leaves a team to another owner, asks to rejoin and withdraws the request."""
        with self._team() as (team, _):
            new_owner = {"user_email": self._member.email, "role": OWNER}
            added = shows("Added 1 member")
            self.call("POST /admin/teams/{team_id}/add-member", team_id=team, form=new_owner, check=added)
            left = shows("Successfully left the team")
            self.call("POST /admin/teams/{team_id}/leave", team_id=team, form={}, check=left)
            asked = self.call(
                "POST /admin/teams/{team_id}/join-request",
                team_id=team,
                form={"message": "May I come back?"},
                check=shows("Join request submitted"),
            )
            self.call(
                "DELETE /admin/teams/{team_id}/join-request/{request_id}",
                team_id=team,
                request_id=request_id(asked),
                check=shows("<button"),
            )

    @property
    def _member(self) -> SharedMember:
        member = self.fixture.member
        if member is None:
            raise LookupError("the fixture has no user to add to a team")
        return member

    def _applies(self, team: str) -> None:
        self.call(
            "POST /teams/{team_id}/join",
            team_id=team,
            json={"message": "May I join?"},
            bearer=self._member.bearer,
        )

    def _applied(self, team: str) -> str:
        requests = self.call("GET /teams/{team_id}/join-requests", team_id=team)
        return next(str(one["id"]) for one in requests.json if one["user_email"] == self._member.email)

    @contextmanager
    def _team(self) -> Iterator[tuple[str, str]]:
        name = self.name("team")
        form = {"name": name, "description": "Made by form.", "visibility": "public"}
        with self.made(
            "POST /admin/teams",
            form,
            search="GET /admin/teams/search",
            key="0.id",
            delete="DELETE /admin/teams/{team_id}",
            wanted=made,
            removed=shows("deleted successfully"),
        ) as team:
            yield team, name
