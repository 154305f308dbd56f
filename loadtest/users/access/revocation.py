"""Credentials and memberships that end: what was used just before is refused at once.

The gateway keeps the result of an authentication, and the teams of an account, in memory for up to a minute. The
accounts are new ones, the viewer or the reader: for the administrator and the shared member, that memory is emptied
whenever any scenario creates or joins a team.
"""

from __future__ import annotations

from typing import Any

from loadtest.client.answer import Answer
from loadtest.users.access.checks import Credential
from loadtest.users.base import named, task
from loadtest.users.identity.accounts import UPDATES
from loadtest.users.identity.checks import is_called
from loadtest.users.identity.fixtures import PeopleUser
from loadtest.users.read_back import Entity
from loadtest.users.registry.fixtures import RegistryUser, of_team

DAYS = 5
"""Lifetime of a token; the gateway rejects tokens without expiry."""
NO_LONGER = (403, 404)
"""Statuses of a read of what belongs to a team, by one who is no member any more."""


class RevocationUser(PeopleUser, RegistryUser):
    """People whose token is revoked, whose account ends, or who leave a team, while they work."""

    area = "tokens"
    weight = 2

    @task(2)
    def token_in_use(self) -> None:
        """Tokens that are used, and revoked by their owner and by the administrator."""
        email, bearer = self.viewer.email, self.viewer.bearer
        for revoke, by in (("DELETE /tokens/{token_id}", bearer), ("DELETE /tokens/admin/{token_id}", None)):
            made = self.new_token(bearer)
            token = str(made["access_token"])
            self.works(email, token)
            self.delete(revoke, token_id=made["token.id"], bearer=by, read=Credential(token))

    @task
    def token_switched(self) -> None:
        """A token that is used, deactivated by its owner, and activated again."""
        email, bearer = self.viewer.email, self.viewer.bearer
        made = self.new_token(bearer)
        token, whole = Credential(str(made["access_token"])), Entity(email, {}, {})
        own: dict[str, Any] = {"token_id": made["token.id"], "bearer": bearer}
        off: dict[str, Any] = {"json": {"is_active": False}}
        on: dict[str, Any] = {"json": {"is_active": True}}
        try:
            self.works(email, token.bearer)
            update = "PUT /tokens/{token_id}"
            self.call(update, effect=lambda _: token.is_gone(self.call, whole), **off, **own)
            self.call(update, effect=lambda _: token.shows(self.call, whole), **on, **own)
        finally:
            self.delete("DELETE /tokens/{token_id}", read=token, **own)

    @task
    def account_in_use(self) -> None:
        """An account that works in a session and with a token, and is deactivated."""
        deactivate = next(one for one in UPDATES if self.offers(one))
        with self.registered() as (person, bearer):
            made = self.new_token(bearer)
            session, token = Credential(bearer), Credential(str(made["access_token"]))
            try:
                gone = Entity(person.email, {}, {})
                self.works(person.email, bearer)
                self.works(person.email, token.bearer)
                self.call(
                    deactivate,
                    user_email=person.email,
                    json={"is_active": False},
                    effect=lambda _: session.is_gone(self.call, gone) or token.is_gone(self.call, gone),
                )
            finally:
                self.delete("DELETE /tokens/admin/{token_id}", token_id=made["token.id"], read=token)

    @task
    def account_deleted(self) -> None:
        """An account that works in a session and with a token, and is deleted."""
        person, bearer = self.register()
        token = Credential(str(self.new_token(bearer)["access_token"]))
        self.works(person.email, bearer)
        self.works(person.email, token.bearer)
        gone = Entity(person.email, {}, {})
        self.delete(
            "DELETE /auth/email/admin/users/{user_email}",
            user_email=person.email,
            read=Credential(bearer),
            check=lambda _: token.is_gone(self.call, gone),
        )

    @task(2)
    def member_removed(self) -> None:
        """A member who reads the team and a tool of it, and is removed."""
        email, bearer = self.reader.email, self.reader.bearer
        with self.team() as team, self.tool(scope=of_team(team.id)) as tool:
            path = {"team_id": team.id, "tool_id": tool.id}
            member = Entity(email, path, {})
            accesses = [
                Credential(bearer, operation, NO_LONGER)
                for operation in ("GET /teams/{team_id}", "GET /tools/{tool_id}")
            ]
            self.call(
                "POST /teams/{team_id}/members",
                team_id=team.id,
                json={"email": email, "role": "member"},
                effect=lambda _: next(filter(None, (one.shows(self.call, member) for one in accesses)), None),
            )
            self.call(
                "DELETE /teams/{team_id}/members/{user_email}",
                **named({"team_id": team.id, "user_email": email}),
                effect=lambda _: next(
                    filter(None, (one.is_gone(self.call, member) for one in accesses)), None
                ),
            )

    def new_token(self, bearer: str) -> Answer:
        """Create a token of the account whose session is ``bearer``."""
        name = self.name("token")
        return self.call(
            "POST /tokens",
            bearer=bearer,
            json={"name": name, "description": "A token of the load test.", "expires_in_days": DAYS},
            check=is_called(name, under="token.name"),
        )

    def works(self, email: str, bearer: str) -> None:
        """Read the own account with a credential, which is accepted."""
        self.call("GET /auth/email/me", bearer=bearer, check=is_called(email, under="email"))
