"""Authentication: registration, both kinds of login, the user's account, logout."""

from __future__ import annotations

from typing import Any

from loadtest.client.auth import session_token
from loadtest.client.mismatch import Mismatch, expected
from loadtest.fixtures.accounts import new_password
from loadtest.users.access.checks import DENIED, Credential, is_denied
from loadtest.users.admin.checks import has_all
from loadtest.users.base import task
from loadtest.users.identity.checks import (
    SESSION,
    UNAUTHORIZED,
    Person,
    are_of,
    at_most,
    has_csrf_token,
    has_subject,
    is_called,
    is_for,
    is_part,
    is_refused,
    log_ins,
    records_change,
    whose,
)
from loadtest.users.identity.fixtures import TOKEN, PeopleUser
from loadtest.users.read_back import Entity
from loadtest.users.recorded import is_recorded

REFRESH = "POST /auth/refresh"


class AuthExtendedUser(PeopleUser):
    """A user who registers, signs in and out; every password check is an intentionally slow hash."""

    area = "auth"
    weight = 1

    @task(2)
    def registration(self) -> None:
        """A user registers, reads the new account and signs out, which revokes the token."""
        with self.registered() as (person, bearer):
            self.call(
                "GET /auth/email/me",
                bearer=bearer,
                check=lambda a: (
                    None if a["email"] == person.email else expected("the account of this person", a["email"])
                ),
            )
            self.call(
                "GET /auth/email/events", bearer=bearer, params={"limit": 10}, check=are_of(person.email)
            )
            if self.offers("POST /auth/logout"):
                self.call(
                    "POST /auth/logout",
                    bearer=bearer,
                    check=lambda a: (
                        None
                        if a["revoked_token"]
                        else expected("the token to be revoked", a["revoked_token"])
                    ),
                    effect=lambda _: self.is_over(person, bearer),
                )

    def is_over(self, person: Person, bearer: str) -> Mismatch | None:
        """Return a mismatch if a session of ``person`` still counts after the logout.

        A renewal is refused by the list of sessions that have ended, other requests by what is in memory.
        """
        ended = Entity(person.email, {}, {})
        renewal = Credential(bearer, REFRESH)
        if self.offers(REFRESH) and (renewed := renewal.is_gone(self.call, ended)) is not None:
            return renewed
        return is_refused(self.call("GET /auth/email/me", bearer=bearer, refusals=UNAUTHORIZED))

    @task(2)
    def both_log_ins(self) -> None:
        """The login by user name, the login by e-mail address in capitals, and the resulting events."""
        with self.registered() as (person, _):
            secret = {"password": person.password}
            self.call(
                "POST /auth/login",
                bearer="",
                json={"username": person.email} | secret,
                check=whose(person),
            )
            answer = self.call(
                "POST /auth/email/login",
                bearer="",
                json={"email": person.email.upper()} | secret,
                check=whose(person),
            )
            account: dict[str, Any] = {"user_email": person.email}
            signed_in = is_recorded("last_login")
            self.call("GET /auth/email/admin/users/{user_email}", check=signed_in, **account)
            bearer, own = str(answer["access_token"]), "GET /auth/email/events"
            events = self.call(own, bearer=bearer, check=log_ins(2)).json
            self.call(own, bearer=bearer, params={"limit": 1, "offset": 1}, check=is_part(events, 1, 2))
            of_person = {"user_email": person.email, "limit": 2, "offset": 1}
            self.call("GET /auth/email/admin/events", params=of_person, check=is_part(events, 1, 3))

    @task
    def change_of_password(self) -> None:
        """A user changes the password and signs in with the new one."""
        with self.registered() as (person, bearer):
            new = new_password()
            self.call(
                "POST /auth/email/change-password",
                bearer=bearer,
                json={"old_password": person.password, "new_password": new},
                check=lambda a: (
                    None if a["success"] is True else expected("the password to be changed", a["success"])
                ),
            )
            self.signed_in(person._replace(password=new))
            old = {"email": person.email, "password": person.password}
            self.call("POST /auth/login", bearer="", json=old, refusals=UNAUTHORIZED, check=is_refused)
            nameless = {"username": person.email.partition("@")[0], "password": new}
            unknown = is_denied("a log-in with a name that is no address")
            self.call("POST /auth/login", bearer="", json=nameless, refusals=DENIED, check=unknown)
            own = {"user_email": person.email}
            self.call("GET /auth/email/admin/events", params=own, check=records_change)

    @task(2)
    def own_account(self) -> None:
        """The account and the events of a user who has been signed in for a while."""
        self.call(
            "GET /auth/email/me",
            bearer=self.member.bearer,
            check=lambda a: (
                None
                if a["is_admin"] is False
                else expected("an account that is no administrator's", a["is_admin"])
            ),
        )
        own = are_of(self.member.email, least=0)
        self.call("GET /auth/email/events", bearer=self.member.bearer, params={"limit": 5}, check=own)
        self.call(
            "GET /auth/email/me",
            check=lambda a: (
                None if a["is_admin"] else expected("the account of an administrator", a["is_admin"])
            ),
        )

    @task
    def session_looked_at(self) -> None:
        """A browser asks how long its session lasts."""
        if self.offers("GET /auth/validate"):
            with self.registered() as (person, bearer):
                stated = {"valid": True, "user.email": person.email, "session_source": "local"}
                self.call("GET /auth/validate", bearer=bearer, check=has_all(stated))

    @task
    def session_renewed(self) -> None:
        """A browser renews its session before it expires, and continues with the new token; the old one has ended."""
        if self.offers(REFRESH):
            with self.registered() as (person, bearer):
                renewed = self.call(REFRESH, bearer=bearer, check=is_for(person.email))
                gone = Entity(person.email, {}, {})
                ended = [Credential(bearer, one) for one in (REFRESH, "GET /auth/email/me")]
                self.call(
                    "GET /auth/email/me",
                    bearer=renewed["access_token"],
                    check=is_called(person.email, under="email"),
                    effect=lambda _: next(
                        filter(None, (session.is_gone(self.call, gone) for session in ended)), None
                    ),
                )

    @task
    def by_cookie(self) -> None:
        """The cookie of a session counts for requests of the gateway's own pages only."""
        own, elsewhere = self.link.session.host, "https://elsewhere.example.com"
        cookie = {"Cookie": f"{SESSION}={self.member.bearer}", "Accept": "application/json"}
        read: dict[str, Any] = {"bearer": "", "params": {"limit": 1}}
        for page in (f"{own}/oauth/callback?code=1", f"{own}/admin/"):
            self.call("GET /prompts", headers=cookie | {"Referer": page}, check=at_most(1, least=0), **read)
        refused: dict[str, Any] = {"refusals": UNAUTHORIZED, "check": is_refused}
        for page in (f"{elsewhere}/admin/", f"{own}/other"):
            self.call("GET /prompts", headers=cookie | {"Referer": page}, **refused, **read)

    @task
    def older_session(self) -> None:
        """The same with a token as issued by releases up to 1.0.7, whose subject is the e-mail address."""
        secret = self.link.session.credentials.jwt_secret
        if secret and self.offers(REFRESH):
            with self.registered() as (person, _):
                bearer = session_token(person.email, secret, admin=False)
                self.call(
                    "GET /auth/validate", bearer=bearer, check=is_called(person.email, under="user.email")
                )
                self.call(REFRESH, bearer=bearer, check=has_subject)

    @task
    def csrf_token_for_an_api_token(self) -> None:
        """A program that works with an API token asks for a CSRF token."""
        if self.offers("GET /auth/csrf-token"):
            name = self.name("token")
            new = {"name": name, "expires_in_days": 1}
            made = self.call("POST /tokens", json=new, check=is_called(name, under="token.name"))
            try:
                self.call("GET /auth/csrf-token", bearer=made["access_token"], check=has_csrf_token)
            finally:
                self.delete("DELETE /tokens/{token_id}", read=TOKEN, token_id=made["token.id"])

    @task
    def csrf_token_for_a_session(self) -> None:
        """A signed-in browser, for which CSRF tokens are intended, asks for one."""
        if self.offers("GET /auth/csrf-token"):
            self.call("GET /auth/csrf-token", bearer=self.member.bearer, check=has_csrf_token)
