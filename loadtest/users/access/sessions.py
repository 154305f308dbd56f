"""Sessions of MCP whose credential ends while they are open: the next request in them is refused.

The endpoints of MCP check credentials apart from the REST API, and keep the result in memory for up to a minute.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from loadtest.client.answer import Answer
from loadtest.client.mismatch import Mismatch, expected
from loadtest.client.protocols import jsonrpc
from loadtest.client.protocols.protocol_cases import SESSION
from loadtest.users.access.checks import NO_ACCESS, Credential
from loadtest.users.base import named, task
from loadtest.users.identity.accounts import UPDATES
from loadtest.users.identity.checks import is_called
from loadtest.users.identity.fixtures import PeopleUser
from loadtest.users.mcp.open_session import mcp_session
from loadtest.users.registry.fixtures import RegistryUser, of_team

DAYS = 5
"""Lifetime of a token; the gateway rejects tokens without expiry."""


class SessionAccessUser(PeopleUser, RegistryUser):
    """Programs with a token and an open session of MCP."""

    area = "tokens"

    @task
    def revoked(self) -> None:
        """A token that is revoked."""
        bearer = self.viewer.bearer
        made = self.new_token("POST /tokens", bearer)
        token = str(made["access_token"])
        with self.session(token, closed_by=bearer) as session:
            self.delete(
                "DELETE /tokens/{token_id}",
                token_id=str(made["token.id"]),
                bearer=bearer,
                read=Credential(token, "GET /auth/email/me"),
                check=lambda _: self.is_closed(token, session),
            )

    @task
    def deactivated(self) -> None:
        """A token of an account that is deactivated."""
        deactivate = next(one for one in UPDATES if self.offers(one))
        with (
            self.registered() as (person, bearer),
            self.token("POST /tokens", bearer) as token,
            self.session(token) as session,
        ):
            self.call(
                deactivate,
                user_email=person.email,
                json={"is_active": False},
                effect=lambda _: self.is_closed(token, session),
            )

    @task
    def removed(self) -> None:
        """A token for a team, of a member who is removed from it."""
        email, bearer = self.reader.email, self.reader.bearer
        with self.team() as team, self.tool(scope=of_team(team.id)) as tool:
            path = {"team_id": team.id, "user_email": email}
            member = {"email": email, "role": "member"}
            self.call("POST /teams/{team_id}/members", team_id=team.id, json=member)
            with (
                self.token("POST /tokens/teams/{team_id}", bearer, team_id=team.id) as token,
                self.session(token, closed_by=bearer, tool=str(tool["name"])) as session,
            ):
                self.call(
                    "DELETE /teams/{team_id}/members/{user_email}",
                    effect=lambda _: self.is_closed(token, session),
                    **named(path),
                )

    @contextmanager
    def session(self, token: str, *, closed_by: str | None = None, tool: str = "") -> Iterator[str]:
        """Open a session for the ``with`` block that lists the tools, ``tool`` among them, and yield its id.

        It is closed with another credential of the same account, or by the administrator.
        """
        with mcp_session(self, token, closed_by=closed_by) as session:
            self.rpc("POST /mcp/ tools/list", {}, headers={SESSION: session}, bearer=token, check=shows(tool))
            yield session

    def is_closed(self, token: str, session: str) -> Mismatch | None:
        """Return a mismatch if a request with this ``token`` is not refused, in the ``session`` or without one."""
        for headers in ({SESSION: session}, {}):
            asked = jsonrpc.request("tools/list", {}, self.name("call"))
            answer = self.call(
                "POST /mcp/ tools/list",
                json=asked,
                headers=headers,
                bearer=token,
                unlisted=True,
                refusals=NO_ACCESS,
            )
            if answer.status not in NO_ACCESS:
                return expected("a credential that no longer counts to be refused by MCP", answer.status)
        return None

    @contextmanager
    def token(self, operation: str, bearer: str, **path: str) -> Iterator[str]:
        """Create a token as :meth:`new_token` for the ``with`` block, and yield it; the administrator revokes it."""
        made = self.new_token(operation, bearer, **path)
        token = str(made["access_token"])
        try:
            yield token
        finally:
            own: dict[str, Any] = {"token_id": str(made["token.id"])}
            self.delete(
                "DELETE /tokens/admin/{token_id}", read=Credential(token, "GET /auth/email/me"), **own
            )

    def new_token(self, operation: str, bearer: str, **path: str) -> Answer:
        """Create a token of the account whose session is ``bearer``."""
        name = self.name("token")
        new = {"name": name, "description": "A token of the load test.", "expires_in_days": DAYS}
        return self.call(
            operation, bearer=bearer, json=new, check=is_called(name, under="token.name"), **named(path)
        )


def shows(tool: str) -> Any:
    """Return a check that a list of tools is a result, in which ``tool`` is, if given."""

    def check(answer: Answer) -> Mismatch | None:
        found = [one["name"] for one in answer["result.tools"]]
        return None if not tool or tool in found else expected("the tool of the team in the list", found)

    return check
