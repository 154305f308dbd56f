"""Accounts as the administrator keeps them."""

from __future__ import annotations

from loadtest.client.mismatch import expected
from loadtest.users.base import task
from loadtest.users.identity_checks import at_most, is_called
from loadtest.users.people import PeopleUser


class AccountsUser(PeopleUser):
    """The administrator makes, changes, unlocks and deletes accounts."""

    area = "auth"
    weight = 1

    @task(2)
    def lifecycle(self) -> None:
        """An account from its making to its deletion."""
        with self.person() as person:
            email = person.email
            self.call(
                "GET /auth/email/admin/users/{user_email}",
                user_email=email,
                check=is_called(person.full_name, under="full_name"),
            )
            if self.offers("PUT /auth/email/admin/users/{user_email}"):
                new = self.name("renamed")
                self.call(
                    "PUT /auth/email/admin/users/{user_email}",
                    user_email=email,
                    json={"full_name": new},
                    check=is_called(new, under="full_name"),
                )
            if self.offers("PATCH /auth/email/admin/users/{user_email}"):
                self.call(
                    "PATCH /auth/email/admin/users/{user_email}",
                    user_email=email,
                    json={"full_name": person.full_name, "is_active": False},
                    check=lambda a: (
                        None if a["is_active"] is False else expected("an account that is not active")
                    ),
                )
            self.call("POST /auth/email/admin/users/{user_email}/unlock", user_email=email)

    @task(3)
    def oversight(self) -> None:
        """Everybody's accounts and what they did lately."""
        self.call("GET /auth/email/admin/users", params={"limit": 10}, check=at_most(10))
        self.call(
            "GET /auth/email/admin/users",
            params={"limit": 10, "include_pagination": True},
            check=lambda a: None if a["users"] else expected("an administrator at least"),
        )
        self.call("GET /auth/email/admin/events", params={"limit": 10}, check=at_most(10, least=0))
        self.call(
            "GET /auth/email/admin/events",
            params={"limit": 10, "user_email": self.member.email},
            check=lambda a: (
                None
                if all(event["user_email"] == self.member.email for event in a.json)
                else expected("only events of this account")
            ),
        )
