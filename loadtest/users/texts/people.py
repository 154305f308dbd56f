"""Names and descriptions of teams, roles, tokens and accounts: what may be stored comes back as it was sent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from loadtest.client.answer import Answer
from loadtest.client.mismatch import Mismatch
from loadtest.users.access.checks import INVALID
from loadtest.users.admin.checks import has_all, shows, went_back
from loadtest.users.base import named, task
from loadtest.users.identity.accounts import ACCOUNT, UPDATES
from loadtest.users.identity.fixtures import TOKEN, PeopleUser
from loadtest.users.identity.rbac import ROLES
from loadtest.users.identity.tokens import PAGE
from loadtest.users.read_back import Entity, Item
from loadtest.users.texts.rules import (
    DOTTED,
    MARKUP,
    MOST_OF_NAME,
    MOST_OF_NOTE,
    ONE_LINE,
    SCRIPT,
    displays,
    field_has,
    longest,
    names,
    revoked_for,
    with_fields,
)

NOTE = longest(MARKUP, MOST_OF_NOTE)
WRONG_SCOPE = {"ip_restrictions": ["999.0.0.1"], "permissions": ["everything"]}
"""Addresses and permissions that a token cannot have."""
TEAM = Item("GET /teams/{team_id}")


class PeopleTextsUser(PeopleUser):
    """People who use every character, and every length, that a text can have."""

    area = "texts"

    @task
    def teams(self) -> None:
        """Names and descriptions of teams, also in the forms of the admin UI."""
        name = longest(self.name("team") + DOTTED, MOST_OF_NAME, "x")
        body = {"name": name, "description": NOTE, "visibility": "private", "max_members": 9}
        with self.created("POST /teams/", json=body, delete="DELETE /teams/{team_id}") as team:
            own: dict[str, Any] = {"team_id": team.id}
            for fields in (
                {"name": f"{name}x", "description": f"{NOTE}x"},
                {"name": "a|b", "description": SCRIPT},
                {"name": " "},
            ):
                self.refused("POST /teams/", "PUT /teams/{team_id}", body, fields, **own)
            self.call(TEAM.operation, check=has_all(body), **own)
            trimmed = {"name": f" {self.name('team')} ", "description": f"\n{MARKUP}\n"}
            values = {"name": trimmed["name"].strip(), "description": MARKUP}
            self.update("PUT /teams/{team_id}", json=trimmed, values=values, **own)
            form = {"name": values["name"], "description": ONE_LINE, "visibility": "private"}
            self.call(
                "POST /admin/teams/{team_id}/update",
                form=form,
                check=went_back,
                effect=lambda _: has_all(form)(self.call(TEAM.operation, **own)),
                **own,
            )
            self.call("GET /admin/teams/{team_id}/edit", check=field_has("description", ONE_LINE), **own)

    @task
    def roles(self) -> None:
        """Names and descriptions of roles."""
        name = longest(f"{self.name('role')} {ONE_LINE}", MOST_OF_NAME)
        body = {"name": name, "description": MARKUP, "scope": "team", "permissions": ["teams.read"]}
        with self.created(
            "POST /rbac/roles", json=body, delete="DELETE /rbac/roles/{role_id}", read=ROLES
        ) as role:
            own: dict[str, Any] = {"role_id": role.id}
            too_long = {"name": f"{name}x"}
            self.refused("POST /rbac/roles", "PUT /rbac/roles/{role_id}", body, too_long, **own)
            changed = longest(f"{self.name('role')} {ONE_LINE}", MOST_OF_NAME)
            self.update("PUT /rbac/roles/{role_id}", json={"name": changed, "description": NOTE}, **own)

    @task
    def tokens(self) -> None:
        """Names and descriptions of tokens, and reasons why they are revoked."""
        name = longest(f"{self.name('token')} {ONE_LINE}", MOST_OF_NAME)
        body = {"name": name, "description": NOTE, "expires_in_days": 1}
        stored = {"name": name, "description": NOTE}
        made = self.call(
            "POST /tokens",
            json=body,
            check=has_all({f"token.{key}": value for key, value in stored.items()}),
            effect=lambda new: TOKEN.shows(self.call, Entity(str(new["token.id"]), {}, stored)),
        )
        own: dict[str, Any] = {"token_id": str(made["token.id"])}
        revoke = "DELETE /tokens/{token_id}"
        reason = longest(ONE_LINE, MOST_OF_NAME)
        try:
            change = "PUT /tokens/{token_id}"
            too_long = {"name": f"{name}x", "description": f"{NOTE}x"}
            self.refused("POST /tokens", change, body, too_long, **own)
            self.refused("POST /tokens", change, body, {"name": ""}, **own)
            wrong: dict[str, Any] = {"refusals": INVALID, "effect": names(*WRONG_SCOPE)}
            self.call("POST /tokens", json=body | {"scope": WRONG_SCOPE}, **wrong)
            self.call(change, json={"scope": WRONG_SCOPE}, **wrong, **own)
            self.call(revoke, json={"reason": f"{reason}x"}, refusals=INVALID, effect=names("reason"), **own)
            unique = self.name("token")
            changed = longest(f"{unique} {ONE_LINE}", MOST_OF_NAME)
            self.update(change, json={"name": changed, "description": MARKUP}, **own)
            shown = displays(changed, MARKUP)
            self.call("GET /admin/tokens/partial", params={"q": unique}, check=shown)
        finally:
            self.delete(revoke, json={"reason": reason}, read=TOKEN, **own)
        listed = {"limit": PAGE, "include_inactive": True}
        self.call("GET /tokens", params=listed, check=revoked_for(own["token_id"], reason))

    @task
    def accounts(self) -> None:
        """Names of accounts, also in the forms of the admin UI."""
        stranger = self.stranger()
        named_so = stranger._replace(full_name=longest(f"{stranger.full_name} {ONE_LINE}", MOST_OF_NAME))
        person = self.account(person=named_so)
        own: dict[str, Any] = {"user_email": person.email}
        try:
            self.call(ACCOUNT.operation, check=has_all({"full_name": person.full_name}), **own)
            other = self.stranger()
            body = {"email": other.email, "password": other.password}
            change = next(one for one in UPDATES if self.offers(one))
            too_long = {"full_name": f"{person.full_name}x"}
            self.refused("POST /auth/email/admin/users", change, body, too_long, **own)
            form = {"full_name": f"{ONE_LINE} {stranger.full_name}"}

            def stored(_: Answer) -> Mismatch | None:
                return has_all(form)(self.call(ACCOUNT.operation, **own))

            done = shows("User updated successfully")
            self.call("POST /admin/users/{user_email}/update", form=form, check=done, effect=stored, **own)
            self.call(
                "GET /admin/users/{user_email}/edit", check=field_has("full_name", form["full_name"]), **own
            )
        finally:
            with self.undoing():
                self.forget(person)

    def refused(
        self, create: str, change: str, body: Mapping[str, Any], fields: Mapping[str, str], **own: str
    ) -> None:
        """Check that neither a creation nor a change stores ``fields`` that are not allowed."""
        options: dict[str, Any] = {"refusals": INVALID, "effect": names(*fields)}
        self.call(create, json=with_fields(body, fields), **options)
        self.call(change, json=dict(fields), **options, **named(own))
