"""API tokens: those of a user, of a team, and of all users for the administrator."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from loadtest.client.answer import Answer
from loadtest.client.caller import Check
from loadtest.client.mismatch import Mismatch, expected
from loadtest.users.admin.checks import has_all, has_length
from loadtest.users.admin.lists import Shown, has_among, one_of, only
from loadtest.users.base import named, task
from loadtest.users.checks import both
from loadtest.users.identity.checks import UNAUTHORIZED, at_most, ends_after, lives
from loadtest.users.identity.fixtures import TOKEN
from loadtest.users.read_back import Entity
from loadtest.users.recorded import is_recorded, recorded
from loadtest.users.teams import TeamOwner

LIMITS: dict[str, Any] = {
    "ip_restrictions": ["127.0.0.1/32"],
    "time_restrictions": {"timezone": "UTC"},
    "usage_limits": {"requests_per_hour": 1000},
}
"""Restrictions of a token."""
DAY = 24 * 60 * 60
"""Seconds."""
OVER = "The test is over."
"""Why a token is revoked."""
DAYS = 5
"""Lifetime of a token; the gateway rejects tokens without expiry."""

READ = ["tools.read"]
PAGE = 100
"""The largest page of tokens; the newest are first."""
BEYOND = 100_000
"""An offset beyond the end of every list."""


class TokenCatalogCRUDUser(TeamOwner):
    """Tokens from creation to revocation."""

    area = "tokens"
    weight = 2

    def new_token(self) -> dict[str, Any]:
        """Return a token that may read tools."""
        return {
            "name": self.name("token"),
            "description": "A token of the load test.",
            "expires_in_days": DAYS,
            "scope": {
                "permissions": READ,
                "ip_restrictions": [],
                "time_restrictions": {},
                "usage_limits": {},
            },
            "tags": ["loadtest"],
        }

    @contextmanager
    def token(self) -> Iterator[Answer]:
        """Create a token for the ``with`` block and revoke it afterwards."""
        new = self.new_token()
        made = self.states(
            self.call("POST /tokens", json=new, check=is_made(new), effect=self.shows_token(new))
        )
        try:
            yield made
        finally:
            reason = {"reason": OVER}
            self.delete("DELETE /tokens/{token_id}", read=TOKEN, token_id=made["token.id"], json=reason)

    def states(self, made: Answer) -> Answer:
        """Return the response ``made`` of a creation, with which lists that show the token are compared."""
        self._entities.state(str(made["token.id"]), made["token"])
        return made

    def shows_token(self, new: dict[str, Any], active: bool = True) -> Check:
        """Return a check that reads a token, which must have the properties in ``new`` and be ``active`` or not.

        It has not been used.
        """
        stored = {key: new[key] for key in ("name", "description", "tags")}
        stored |= {"is_active": active, "last_used": None}
        scope = new["scope"]
        stored |= {key: scope[key] for key in scope.keys() - {"permissions"} if scope[key]}
        return lambda made: TOKEN.shows(self.call, Entity(str(made["token.id"]), {}, stored))

    @task(4)
    def lifecycle(self) -> None:
        """A token is created, read, changed and revoked."""
        with self.token() as made:
            changed = {
                "name": self.name("renamed"),
                "description": "Renamed.",
                "tags": ["loadtest", "renamed"],
                "is_active": False,
            }
            self.update("PUT /tokens/{token_id}", token_id=made["token.id"], json=changed)
            own: dict[str, Any] = {"token_id": made["token.id"]}
            self.update("PUT /tokens/{token_id}", json={"is_active": True}, **own)
            narrowed = {"permissions": ["tools.read", "tools.execute"], **LIMITS}
            server = {"server_id": self.fixture.server_id} if self.fixture.server_id else {}
            self.update(
                "PUT /tokens/{token_id}",
                json={"scope": narrowed | server},
                values={"resource_scopes": narrowed["permissions"], **server, **LIMITS},
                **own,
            )
            unused = {"period_days": 7, "total_requests": 0, "successful_requests": 0, "blocked_requests": 0}
            path = {"token_id": made["token.id"]}
            self.call("GET /tokens/{token_id}/usage", **path, params={"days": 7}, check=has_all(unused))

    @task(3)
    def used(self) -> None:
        """A program uses its token, which is recorded, until it is revoked; the token is listed until then."""
        with self.token() as made:
            token, bearer = Shown(made["token.id"], made["token.name"]), str(made["access_token"])
            self.call("GET /tools", bearer=bearer, params={"limit": 1}, check=at_most(1, least=0))
            self.call("GET /tokens", params={"limit": PAGE}, check=has_among(token, at="tokens"))
            self.call("GET /tokens", params={"limit": 1}, check=has_length(1, at="tokens"))
            self.call("GET /tokens", params={"offset": BEYOND}, check=has_length(0, at="tokens"))
            self.check_record(token, bearer)
        revoked = token._replace(enabled=False)
        self.call("GET /tools", bearer=bearer, params={"limit": 1}, refusals=UNAUTHORIZED, check=is_accepted)
        active = {"limit": PAGE, "include_inactive": False}
        self.call("GET /tokens", params=active, check=has_among(without=[revoked], at="tokens"))
        everything = {"limit": PAGE, "include_inactive": True}
        listed = both(has_among(revoked, at="tokens"), self.was_revoked(token.id, OVER))
        self.call("GET /tokens", params=everything, check=listed)

    def was_revoked(self, token: str, reason: str) -> Check:
        """Return a check that a list of tokens states when the administrator revoked one, and for this ``reason``."""
        me = self.link.session.credentials.email

        def check(answer: Answer) -> Mismatch | None:
            stated = [
                (one["is_revoked"], bool(one["revoked_at"]), one["revoked_by"], one["revocation_reason"])
                for one in answer["tokens"]
                if one["id"] == token
            ]
            right = stated == [(True, True, me, reason)]
            return None if right else expected("who revoked the token, when, and why", stated)

        return check

    def check_record(self, token: Shown, bearer: str) -> None:
        """Check that the use of a token is recorded, as its properties and each list of tokens state it."""
        recorded(
            "last_used",
            use=lambda: self.call("GET /tools", bearer=bearer, params={"limit": 1}),
            read=lambda check: self.call("GET /tokens/{token_id}", token_id=token.id, check=check),
        )
        mine = {"limit": PAGE, "user_email": self.link.session.credentials.email}
        for operation, params in (("GET /tokens", {"limit": PAGE}), ("GET /tokens/admin/all", mine)):
            self.call(operation, params=params, check=is_recorded("last_used", "tokens", token.id))

    @task
    def counted(self) -> None:
        """A token of which each use is counted, and the time of the last one is shown."""
        uses = 2
        with self.token() as made:
            own: dict[str, Any] = {"token_id": made["token.id"]}
            for _ in range(uses):
                bearer, read = str(made["access_token"]), {"limit": 1}
                self.call("GET /tools", bearer=bearer, params=read, check=at_most(1, least=0))
            self.call("GET /tokens/{token_id}", check=was_used, **own)
            used = {"total_requests": uses, "successful_requests": uses, "blocked_requests": 0}
            self.call("GET /tokens/{token_id}/usage", params={"days": 7}, check=has_all(used), **own)

    @task
    def properties(self) -> None:
        """Tokens with every property: of the caller, and of a team, for a server, inactive from the start."""
        me = self.link.session.credentials.email
        server = {"server_id": self.fixture.server_id} if self.fixture.server_id else {}
        with self.team() as team:
            for create, path in (
                ("POST /tokens", {}),
                ("POST /tokens/teams/{team_id}", {"team_id": team.id}),
            ):
                for active in (True, False):
                    new = self.new_token()
                    new |= {"team_id": team.id, "user_email": me, "is_active": active}
                    new["scope"] |= server | LIMITS
                    made = self.call(
                        create,
                        json=new,
                        check=is_made(new),
                        effect=self.shows_token(new, active),
                        **named(path),
                    )
                    self.delete("DELETE /tokens/{token_id}", read=TOKEN, token_id=made["token.id"])

    @task
    def revoked_by_the_administrator(self) -> None:
        """The administrator lists the tokens of an account and revokes one."""
        new, everything = self.new_token(), "GET /tokens/admin/all"
        made = self.states(self.call("POST /tokens", json=new, check=is_made(new)))
        token = Shown(made["token.id"], new["name"])
        mine = {"limit": PAGE, "user_email": made["token.user_email"]}
        why = "The administrator says so."
        try:
            self.call(everything, params=mine, check=has_among(token, at="tokens"))
            others = mine | {"user_email": "unknown@example.com"}
            self.call(everything, params=others, check=only(at="tokens"))
            for whose in (mine, {"limit": PAGE}):
                none = both(
                    has_length(0, at="tokens"), has_all({"limit": PAGE, "offset": BEYOND}), counts_more
                )
                self.call(everything, params=whose | {"offset": BEYOND}, check=none)
        finally:
            with self.undoing():
                reason = {"reason": why}
                self.delete("DELETE /tokens/admin/{token_id}", read=TOKEN, token_id=token.id, json=reason)
        revoked = token._replace(enabled=False)
        listed = both(has_among(revoked, at="tokens"), self.was_revoked(token.id, why))
        for whose in (mine, {"limit": PAGE}):
            active = whose | {"include_inactive": False}
            self.call(everything, params=active, check=has_among(without=[revoked], at="tokens"))
            self.call(everything, params=whose | {"include_inactive": True}, check=listed)

    @task(2)
    def of_a_team(self) -> None:
        """Two tokens of a team in its own list, one of them revoked."""
        with self.team() as team:
            kept, other = self.team_token(team), self.team_token(team)
            try:
                reason = "One is enough."
                self.delete(
                    "DELETE /tokens/{token_id}", read=TOKEN, token_id=other.id, json={"reason": reason}
                )
                revoked = other._replace(enabled=False)
                listed, whole = "GET /tokens/teams/{team_id}", {"include_inactive": True}
                one = only(kept, at="tokens")
                self.call(listed, team_id=team.id, params={"include_inactive": False}, check=one)
                every = both(only(kept, revoked, at="tokens"), self.was_revoked(other.id, reason))
                self.call(listed, team_id=team.id, params=whole, check=every)
                left = [kept, revoked]
                for offset in (0, 1):
                    paged = whole | {"limit": 1, "offset": offset}
                    self.call(listed, team_id=team.id, params=paged, check=one_of(left, at="tokens", of=2))
            finally:
                self.delete("DELETE /tokens/{token_id}", read=TOKEN, token_id=kept.id)

    def team_token(self, team: Answer) -> Shown:
        """Create a token of ``team``."""
        new = self.new_token()
        create = "POST /tokens/teams/{team_id}"
        made = self.states(self.call(create, team_id=team.id, json=new, check=is_made(new, team.id)))
        return Shown(str(made["token.id"]), new["name"])


def is_made(new: dict[str, Any], team: str | None = None) -> Check:
    """Return a check that a token, of a ``team`` if given, was created as requested, with its secret."""
    stated = {"token.name": new["name"], "token.description": new["description"]}
    stated |= {"token.team_id": team} if team is not None else {}
    return lambda a: (
        has_all(stated)(a)
        or (None if a["access_token"] else expected("the token itself"))
        or lives(new["expires_in_days"] * DAY)(a)
        or ends_after(new["expires_in_days"] * DAY)(a)
    )


def counts_more(answer: Answer) -> Mismatch | None:
    """Check that a page beyond the end counts the tokens of the pages before it."""
    return None if answer["total"] > 0 else expected("a total of all pages", answer["total"])


def was_used(answer: Answer) -> Mismatch | None:
    """Check that a token has a time of its last use."""
    found = answer["last_used"]
    right = isinstance(found, str) and found >= str(answer["created_at"])[:19]
    return None if right else expected("the time of the last use of a token that was used", found)


def is_accepted(answer: Answer) -> Mismatch | None:
    """Return a mismatch if a revoked token is accepted."""
    return expected("a revoked token to be refused", answer.status)
