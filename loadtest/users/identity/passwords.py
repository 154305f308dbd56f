"""Password resets: the link sent by mail, its validation, and the new password."""

from __future__ import annotations

from typing import Any

from loadtest.client.answer import Answer
from loadtest.client.backend_probes import newest_mail
from loadtest.client.caller import Effect
from loadtest.client.mismatch import Mismatch, expected
from loadtest.fixtures.accounts import new_password
from loadtest.users.access.checks import INVALID, Credential, is_invalid
from loadtest.users.base import task
from loadtest.users.checks import has
from loadtest.users.identity.accounts import ACCOUNT, UPDATES
from loadtest.users.identity.checks import LINK, Person
from loadtest.users.identity.fixtures import MAIL_WITHIN, PeopleUser
from loadtest.users.read_back import Entity

REQUIRED = {"password_change_required": True}
NOT_REQUIRED = ("password_change_required", False)
"""Member of an account whose password need not be changed, and its value."""
INVALID_LINK = (400,)
"""Status of a request with a link that does not count."""
ENFORCED = "PASSWORD_CHANGE_ENFORCEMENT_ENABLED"
NOT_YET = (403,)
"""Status of a sign-in with a password that must be changed first."""
USED_BEFORE = (400, 409, 422)
"""Statuses of a new password that is no new one."""


class ResetLinkUser(PeopleUser):
    """A user who gets a link to set a new password."""

    abstract = True

    @property
    def change(self) -> str:
        """The operation by which the administrator changes an account."""
        return next(one for one in UPDATES if self.offers(one))

    def link_for(self, person: Person) -> str:
        """Let ``person`` ask for a new password and return the token of the link in the mail."""
        tokens: list[str] = []

        def mailed(_: Answer) -> Mismatch | None:
            text = newest_mail(self.backend("smtp"), person.email, within=MAIL_WITHIN)
            if text is None:
                return expected(
                    f"a mail within {MAIL_WITHIN:g} s; does the gateway's SMTP_HOST name our backend?"
                )
            tokens.extend(LINK.findall(text))
            return None if tokens else expected("a link in the mail")

        self.call(
            "POST /auth/email/forgot-password",
            bearer="",
            json={"email": person.email},
            check=mailed,
            waits=MAIL_WITHIN,
        )
        return tokens[0]

    def sets(self, link: str, password: str, **options: Any) -> None:
        """Set a new password with the token of a link."""
        self.call(
            "POST /auth/email/reset-password/{token}",
            bearer="",
            token=link,
            json={"new_password": password, "confirm_password": password},
            **options,
        )


class PasswordUser(ResetLinkUser):
    """A user who forgot the password."""

    area = "auth"
    weight = 1

    @task
    def link_opened(self) -> None:
        """The link in the mail is opened and checked for validity."""
        with self.person() as person:
            self.call(
                "GET /auth/email/reset-password/{token}",
                bearer="",
                token=self.link_for(person),
                check=lambda a: (
                    None if a["valid"] is True else expected("a fresh link to be valid", a["valid"])
                ),
            )

    @task
    def link_of_no_account(self) -> None:
        """A link with a missing character is rejected."""
        refused = {400: "a link that was never sent must be rejected"}
        token, new = self.name("token"), new_password()
        self.call(
            "GET /auth/email/reset-password/{token}",
            bearer="",
            token=token,
            accept=refused,
            check=let_in,
        )
        self.call(
            "POST /auth/email/reset-password/{token}",
            bearer="",
            token=token,
            json={"new_password": new, "confirm_password": new},
            accept=refused,
            check=let_in,
        )

    @task
    def password_reset(self) -> None:
        """A new password is set with the link and used; not if it is confirmed with another one."""
        with self.person() as person:
            new, link = new_password(), self.link_for(person)
            self.call(
                "POST /auth/email/reset-password/{token}",
                bearer="",
                token=link,
                json={"new_password": new, "confirm_password": new_password()},
                refusals=INVALID,
                check=is_invalid("a password that is confirmed with another one"),
            )
            self.call(
                "POST /auth/email/reset-password/{token}",
                bearer="",
                token=link,
                json={"new_password": new, "confirm_password": new},
                check=lambda a: (
                    None if a["success"] is True else expected("the password to be reset", a["success"])
                ),
            )
            self.signed_in(person._replace(password=new))

    @task
    def sessions_ended(self) -> None:
        """A new password is set with the link, which ends the sessions that were open as configured."""
        with self.person() as person:
            session, new = Credential(self.signed_in(person)), new_password()
            self.call(
                "POST /auth/email/reset-password/{token}",
                bearer="",
                token=self.link_for(person),
                json={"new_password": new, "confirm_password": new},
                effect=lambda _: session.is_gone(self.call, Entity(person.email, {}, {})),
            )

    @task
    def link_used_up(self) -> None:
        """A link works once, and not at all after a newer one was sent; the password that it sets is not set."""
        with self.person() as person:
            older, link = self.link_for(person), self.link_for(person)
            self.refuses(older)
            changed = person._replace(password=new_password())
            self.sets(link, changed.password, check=has("success", True))
            self.refuses(link)
            self.signed_in(changed)

    @task
    def link_of_inactive_account(self) -> None:
        """A link does not work while the account is inactive, and signs no user in."""
        with self.person() as person:
            link, changed = self.link_for(person), person._replace(password=new_password())
            own: dict[str, Any] = {"user_email": person.email}
            self.update(self.change, json={"is_active": False}, **own)
            self.sets(link, changed.password, refusals=INVALID_LINK, check=is_refused_link)
            self.update(self.change, json={"is_active": True}, **own)
            self.signed_in(person)

    @task
    def used_before(self) -> None:
        """The current password, and the one before it, are not accepted as new ones, on any way."""
        with self.person() as person:
            second = person._replace(password=new_password())
            own: dict[str, Any] = {"user_email": person.email}
            self.call(self.change, json={"password": second.password}, **own)
            bearer, link = self.signed_in(second), self.link_for(person)
            for used in (second, person):
                self.sets(link, used.password, refusals=USED_BEFORE, check=is_refused_password)
                body = {"old_password": second.password, "new_password": used.password}
                change = "POST /auth/email/change-password"
                rejected: dict[str, Any] = {"refusals": USED_BEFORE, "check": is_refused_password}
                self.call(change, json=body, bearer=bearer, **rejected)
                self.call(self.change, json={"password": used.password}, **rejected, **own)
            self.signed_in(second)

    def refuses(self, link: str) -> None:
        """Check that a link neither counts as valid nor sets a password."""
        own: dict[str, Any] = {
            "bearer": "",
            "token": link,
            "refusals": INVALID_LINK,
            "check": is_refused_link,
        }
        self.call("GET /auth/email/reset-password/{token}", **own)
        self.sets(link, new_password(), refusals=INVALID_LINK, check=is_refused_link)

    @task
    def required_change(self) -> None:
        """Users who must change the password do so by themselves, with a link in a mail, or with the administrator.

        Until then they cannot sign in by e-mail address, if the gateway enforces it.
        """
        for change in (self.changes, self.resets, self.is_given):
            with self.person() as person:
                bearer = self.signed_in(person)
                own: dict[str, Any] = {"user_email": person.email}
                self.update(self.change, json=REQUIRED, **own)
                if change == self.changes and self.switched_on(ENFORCED):
                    secret = {"email": person.email, "password": person.password}
                    self.call("POST /auth/email/login", bearer="", json=secret, **MUST_CHANGE)
                changed = person._replace(password=new_password())
                change(person, changed, bearer)
                new = self.signed_in(changed)
                self.call("GET /auth/email/me", bearer=new, check=has(*NOT_REQUIRED))

    def needs_no_change(self, person: Person) -> Effect:
        """Return an effect that reads an account, whose password need not be changed any more."""
        values = dict([NOT_REQUIRED])
        entity = Entity(person.email, {"user_email": person.email}, values)
        return lambda _: ACCOUNT.shows(self.call, entity)

    def changes(self, person: Person, changed: Person, bearer: str) -> None:
        """Let a user change the password in a session."""
        self.call(
            "POST /auth/email/change-password",
            bearer=bearer,
            json={"old_password": person.password, "new_password": changed.password},
            check=has("success", True),
            effect=self.needs_no_change(person),
        )

    def resets(self, person: Person, changed: Person, _: str) -> None:
        """Let a user set a new password with a link in a mail."""
        self.call(
            "POST /auth/email/reset-password/{token}",
            bearer="",
            token=self.link_for(person),
            json={"new_password": changed.password, "confirm_password": changed.password},
            check=has("success", True),
            effect=self.needs_no_change(person),
        )

    def is_given(self, person: Person, changed: Person, _: str) -> None:
        """Let the administrator set a new password, without a word about another change."""
        self.call(
            self.change,
            user_email=person.email,
            json={"password": changed.password},
            effect=self.needs_no_change(person),
        )


def is_not_signed_in(answer: Answer) -> Mismatch | None:
    """Check that a sign-in is refused because the password must be changed first."""
    refused = answer.status in NOT_YET
    return (
        None if refused else expected("a sign-in before the password is changed to be refused", answer.status)
    )


MUST_CHANGE: dict[str, Any] = {"refusals": NOT_YET, "check": is_not_signed_in}
"""Arguments of a sign-in with a password that must be changed."""


def let_in(answer: Answer) -> Mismatch | None:
    """Return a mismatch if an invalid link is accepted."""
    return expected("a link that was never sent to be refused", answer.status)


def is_refused_link(answer: Answer) -> Mismatch | None:
    """Check that a link that no longer counts is refused."""
    refused = answer.status in INVALID_LINK
    return None if refused else expected("a link that no longer counts to be refused", answer.status)


def is_refused_password(answer: Answer) -> Mismatch | None:
    """Check that a password that the account has or had is refused."""
    refused = answer.status in USED_BEFORE
    return None if refused else expected("a password that was used before to be refused", answer.status)
