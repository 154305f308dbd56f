"""Weak passwords: each way to set one refuses it, and says which rule it breaks.

The rules are in ``mcpgateway/services/password_policy_service.py``.
"""

from __future__ import annotations

from typing import Any

from loadtest.users.access.checks import INVALID
from loadtest.users.base import task
from loadtest.users.identity.passwords import ResetLinkUser
from loadtest.users.texts.rules import (
    SHORTEST_OF_ADMINISTRATOR,
    Rule,
    shortest_password,
    states,
    weak_passwords,
)

SENT_BACK = (303,)
"""Status of a form that sends the browser back with an error."""


class WeakPasswordUser(ResetLinkUser):
    """People who choose a weak password."""

    area = "texts"

    @task
    def of_new_accounts(self) -> None:
        """Passwords of accounts that the administrator creates, by the API and by form, or that people register."""
        person = self.stranger()
        for rule in weak_passwords(person.email):
            account = {"email": person.email, "password": rule.broken, "full_name": person.full_name}
            self.refuses_password("POST /auth/email/admin/users", rule, json=account)
            self.refuses_password("POST /auth/email/register", rule, json=account, bearer="")
            self.refuses_password("POST /admin/users", rule, form=account)
        rule = next(weak_passwords(person.email, SHORTEST_OF_ADMINISTRATOR))
        account = {"email": person.email, "password": rule.broken, "full_name": person.full_name}
        self.refuses_password("POST /auth/email/admin/users", rule, json=account | {"is_admin": True})
        self.refuses_password("POST /admin/users", rule, form=account | {"is_admin": "on"})
        shortest = self.account(person=person._replace(password=shortest_password()))
        try:
            self.signed_in(shortest)
        finally:
            with self.undoing():
                self.forget(shortest)

    @task
    def of_accounts(self) -> None:
        """Passwords that replace another one: by the administrator, the user, or with a link in a mail."""
        with self.person() as person:
            bearer, link = self.signed_in(person), self.link_for(person)
            own: dict[str, Any] = {"user_email": person.email}
            for rule in weak_passwords(person.email):
                new = rule.broken
                self.refuses_password(self.change, rule, json={"password": new}, **own)
                form = {"full_name": person.full_name, "password": new, "confirm_password": new}
                self.refuses_password("POST /admin/users/{user_email}/update", rule, form=form, **own)
                change = {"old_password": person.password, "new_password": new}
                self.refuses_password("POST /auth/email/change-password", rule, json=change, bearer=bearer)
                reset = {"new_password": new, "confirm_password": new}
                by_link: dict[str, Any] = {"bearer": "", "token": link}
                self.refuses_password("POST /auth/email/reset-password/{token}", rule, json=reset, **by_link)
                form = {"password": new, "confirm_password": new}
                self.sent_back("POST /admin/reset-password/{token}", rule, form=form, **by_link)
            self.signed_in(person)
            changed = person._replace(password=shortest_password())
            self.sets(link, changed.password)
            self.signed_in(changed)

    def refuses_password(self, operation: str, rule: Rule, **options: Any) -> None:
        """Make a request with a password, which must be refused because of the ``rule``."""
        says = states(rule)
        self.call(operation, refusals=INVALID, check=says, effect=says, **options)

    def sent_back(self, operation: str, rule: Rule, **options: Any) -> None:
        """Send a form with a password, which must send the browser back because of the ``rule``."""
        says = states(rule, SENT_BACK)
        self.call(operation, refusals=SENT_BACK, check=says, effect=says, **options)
