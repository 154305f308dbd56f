"""Users and tokens by the forms of the admin UI."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from loadtest.standing import new_password
from loadtest.users.admin_checks import mentions
from loadtest.users.admin_forms import AdminUser
from loadtest.users.base import task
from loadtest.users.checks import has
from loadtest.users.pages import shows

DAYS = 5
"""How long a new token would be good for."""


class AdminUsersUser(AdminUser):
    """Somebody who keeps other people's accounts."""

    area = "admin-users"

    @task(2)
    def lifecycle(self) -> None:
        """An account from its form to its deletion."""
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
    """Somebody who keeps tokens."""

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
