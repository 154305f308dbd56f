"""Accounts for the identity scenarios: temporary ones, and the shared member."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

from loadtest.client.answer import Answer
from loadtest.client.backend_probes import newest_mail
from loadtest.client.caller import Check
from loadtest.client.mismatch import Mismatch, expected
from loadtest.fixtures.accounts import new_password
from loadtest.fixtures.callers import READER, Callers, Role, email_of
from loadtest.fixtures.shared_member import SharedMember
from loadtest.users.admin.checks import has_all
from loadtest.users.base import FixtureMissing
from loadtest.users.checks import has
from loadtest.users.identity.checks import Person, whose
from loadtest.users.read_back import Call, Entity, Listed, shows
from loadtest.users.teams import TeamOwner


class TokenReadBack(NamedTuple):
    """Reads a token; one that was revoked can still be read, and is not active."""

    operation: str

    def shows(self, call: Call, entity: Entity) -> Mismatch | None:
        """Return a mismatch if the token does not have its values."""
        return shows(entity.values, self._read(call, entity).json, self.operation)

    def is_gone(self, call: Call, entity: Entity) -> Mismatch | None:
        """Return a mismatch if the token is still active."""
        active = self._read(call, entity)["is_active"]
        return None if active is False else expected("the token not to be active after its deletion", active)

    def _read(self, call: Call, entity: Entity) -> Answer:
        return call(self.operation, token_id=entity.id, check=has("id", entity.id))


MAIL_WITHIN = 10.0
"""Seconds within which a mail must arrive."""
TOKEN = TokenReadBack("GET /tokens/{token_id}")
MEMBERS = Listed("GET /teams/{team_id}/members", key="user_email")


class PeopleUser(TeamOwner):
    """A user who makes accounts and acts for them."""

    abstract = True

    @property
    def member(self) -> SharedMember:
        """The shared non-admin account. Scenarios may add it to their own teams only.

        Raises:
            LookupError: the account could not be created; the run contains the reason.
        """
        if self.fixture.member is None:
            raise LookupError("the account that stays could not be made")
        return self.fixture.member

    @property
    def reader(self) -> SharedMember:
        """The account that is a member only of the teams of a few scenarios.

        Raises:
            FixtureMissing: there is none in this load. The scenario ends without a failure.
        """
        return SharedMember(email=READER, bearer=self._callers.reader(self.link.session))

    @property
    def viewer(self) -> SharedMember:
        """The account that joins no team: a token of it does not depend on a team.

        Raises:
            FixtureMissing: there is none in this load. The scenario ends without a failure.
        """
        bearer = self._callers.bearer(Role.VIEWER, self.link.session)
        return SharedMember(email=email_of(Role.VIEWER), bearer=bearer)

    @property
    def _callers(self) -> Callers:
        if self.link.fixture.callers is None:
            raise FixtureMissing
        return self.link.fixture.callers

    def stranger(self) -> Person:
        """Return an account that does not exist yet."""
        name = self.name("person")
        return Person(f"{name}@example.com", new_password(), name)

    def account(self, *, admin: bool = False, active: bool = True, person: Person | None = None) -> Person:
        """Create an account, that of ``person`` if given, and return it; the caller deletes it."""
        person = person or self.stranger()
        self.call(
            "POST /auth/email/admin/users",
            json={
                "email": person.email,
                "password": person.password,
                "full_name": person.full_name,
                "is_admin": admin,
                "is_active": active,
                "password_change_required": False,
            },
            check=has_all(
                {
                    "email": person.email,
                    "full_name": person.full_name,
                    "is_admin": admin,
                    "is_active": active,
                    "password_change_required": False,
                }
            ),
        )
        return person

    def is_member(self, team: Answer, email: str, role: str, *, by: str = "") -> Check:
        """Return a check that reads the members of ``team``: ``email`` has this role, whom ``by`` invited if given."""
        entity = Entity(email, {"team_id": team.id}, {"role": role} | ({"invited_by": by} if by else {}))
        return lambda _: MEMBERS.shows(self.call, entity)

    def is_no_member(self, team: Answer, email: str) -> Check:
        """Return a check that reads the members of ``team``, among which ``email`` is not."""
        return lambda _: MEMBERS.is_gone(self.call, Entity(email, {"team_id": team.id}, {}))

    def lacks_mail(self, invitation: Mapping[str, Any]) -> Mismatch | None:
        """Return a mismatch if no mail with the link to accept an ``invitation`` to a team arrives.

        Only releases that list one's own invitations send one.
        """
        if not self.offers("GET /users/me/invitations"):
            return None
        text = newest_mail(self.backend("smtp"), str(invitation["email"]), within=MAIL_WITHIN)
        right = text is not None and str(invitation["token"]) in text
        return None if right else expected("a mail with the link to accept the invitation", text)

    @contextmanager
    def person(self) -> Iterator[Person]:
        """Create an account for the ``with`` block and delete it in any case afterwards.

        It must not join a team or ask to: the gateway could not delete it afterwards.
        """
        person = self.account()
        try:
            yield person
        finally:
            self.forget(person)

    def register(self) -> tuple[Person, str]:
        """Register an account and return it with the token of its session; the caller deletes it."""
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
        """Register an account for the ``with`` block; the administrator deletes it afterwards."""
        person, bearer = self.register()
        try:
            yield person, bearer
        finally:
            self.forget(person)

    def forget(self, person: Person) -> None:
        """Delete an account."""
        self.delete("DELETE /auth/email/admin/users/{user_email}", user_email=person.email)

    def signed_in(self, person: Person) -> str:
        """Return the token of a session of ``person``."""
        answer = self.call(
            "POST /auth/login",
            bearer="",
            json={"email": person.email, "password": person.password},
            check=whose(person),
        )
        return str(answer["access_token"])
