"""The people that scenarios about identity are about: throw-away accounts, and the member that stays."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from loadtest.client.mismatch import expected
from loadtest.fixtures.shared_member import SharedMember, new_password
from loadtest.users.base import GatewayUser
from loadtest.users.identity.checks import Person, whose


class PeopleUser(GatewayUser):
    """A user who makes accounts and acts for them."""

    abstract = True

    @property
    def member(self) -> SharedMember:
        """Somebody who is no administrator, shared by all scenarios; may be in their own teams only.

        Raises:
            LookupError: the gateway did not make the account; the run's problems say why.
        """
        if self.fixture.member is None:
            raise LookupError("the account that stays could not be made")
        return self.fixture.member

    def stranger(self) -> Person:
        """Return somebody whom the gateway does not know yet."""
        name = self.name("person")
        return Person(f"{name}@example.com", new_password(), name)

    def account(self, *, admin: bool = False) -> Person:
        """Make an account and return whose it is; whoever asks deletes it again."""
        person = self.stranger()
        self.call(
            "POST /auth/email/admin/users",
            json={
                "email": person.email,
                "password": person.password,
                "full_name": person.full_name,
                "is_admin": admin,
                "is_active": True,
                "password_change_required": False,
            },
            check=lambda a: (
                None if a["email"] == person.email else expected("the account that was asked for", a["email"])
            ),
        )
        return person

    @contextmanager
    def person(self) -> Iterator[Person]:
        """Make an account, lend it to the ``with`` block and delete it whatever happens there.

        It must not enter a team or ask to: the gateway could not delete it afterwards.
        """
        person = self.account()
        try:
            yield person
        finally:
            self.forget(person)

    def register(self) -> tuple[Person, str]:
        """Let somebody register and return who it is, with the session's token; whoever asks deletes it again."""
        person = self.stranger()
        answer = self.call(
            "POST /auth/email/register",
            bearer="",
            json={"email": person.email, "password": person.password, "full_name": person.full_name},
            check=whose(person),
        )
        return person, str(answer["access_token"])

    @contextmanager
    def registered(self) -> Iterator[tuple[Person, str]]:
        """Register somebody for the ``with`` block; the administrator deletes the account afterwards."""
        person, bearer = self.register()
        try:
            yield person, bearer
        finally:
            self.forget(person)

    def forget(self, person: Person) -> None:
        """Delete an account."""
        self.call("DELETE /auth/email/admin/users/{user_email}", user_email=person.email)

    def signed_in(self, person: Person) -> str:
        """Return the token of a session of ``person``."""
        answer = self.call(
            "POST /auth/login",
            bearer="",
            json={"email": person.email, "password": person.password},
            check=whose(person),
        )
        return str(answer["access_token"])
