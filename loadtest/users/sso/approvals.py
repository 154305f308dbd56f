"""Identity providers, sign-ins, and the approval of new users."""

from __future__ import annotations

from typing import Any

from loadtest.users.access.checks import INVALID, is_denied, is_invalid
from loadtest.users.admin.checks import cookies
from loadtest.users.base import task
from loadtest.users.identity.checks import (
    SESSION,
    Person,
    came_from,
    decides_about,
    has_account,
    lacks,
    lets_in,
    lists,
    rejects_sign_on,
    request_of,
    waits,
    waits_no_more,
)
from loadtest.users.sso.sign_ons import APPROVE, REJECTED, SignOnUser

TAKEN = (409,)
"""Status of a new provider that exists already."""
NO_ACCOUNT = {404: "a rejected user has no account"}


class SingleSignOnUser(SignOnUser):
    """Users who sign in with an external account; new users wait for the approval of an administrator.

    A sign-in is completed even if the load is ending: an open sign-in prevents the deletion of its provider, and an
    approval request can be decided but not deleted.
    """

    area = "sso"
    weight = 1

    @task
    def newcomer(self) -> None:
        """A new user signs in by OpenID Connect, is approved, and signs in as the account of the provider."""
        with self.provider("oidc") as provider, self.undoing():
            person, request = self.asks_to_be_let_in(provider.id)
            self.decides(request, person, "approve")
            session = cookies(self.signs_in(provider.id, person, check=lets_in))[SESSION]
            try:
                self.call("GET /auth/email/me", bearer=session, check=came_from(provider.id, person))
            finally:
                self.forget(person)

    @task
    def unwanted(self) -> None:
        """A new user signs in by plain OAuth 2 and is rejected by the administrator."""
        with self.provider("oauth2") as provider, self.undoing():
            person, request = self.asks_to_be_let_in(provider.id)
            self.undecided(request, {"action": "reject"}, "a rejection without a reason")
            self.undecided(request, {"action": "postpone", "reason": "later"}, "a decision that is none")
            self.decides(request, person, "reject")
            self.undecided(request, {"action": "approve"}, "the approval of a user who was rejected")
            self.signs_in(provider.id, person, accept=REJECTED, effect=rejects_sign_on)
            self.call(
                "GET /auth/email/admin/users/{user_email}",
                user_email=person.email,
                accept=NO_ACCOUNT,
                check=has_account,
            )

    @task
    def providers(self) -> None:
        """A provider is created and deleted; while disabled, it is not offered."""
        with self.provider("oidc") as provider:
            name = self.name("renamed")
            own: dict[str, Any] = {"provider_id": provider.id}
            self.call("GET /auth/sso/providers", bearer="", check=lists(provider.id))
            again = self.identified("oidc", provider.id)
            taken = is_denied("a second provider of the same name")
            self.call("POST /auth/sso/admin/providers", json=again, refusals=TAKEN, check=taken)
            if self.documents("POST /auth/sso/admin/providers", "body trusted_for_api_auth"):
                # Without it, tokens that the provider issues for another application would count.
                trusted = self.identified("oidc", self.name("sso")) | {"trusted_for_api_auth": True}
                refused = is_invalid("a provider that is trusted for every audience")
                self.call("POST /auth/sso/admin/providers", json=trusted, refusals=INVALID, check=refused)
            self.update(
                "PUT /auth/sso/admin/providers/{provider_id}",
                json={"display_name": name, "is_enabled": False, "scope": "openid"},
                **own,
            )
            self.call("GET /auth/sso/admin/providers", check=lists(provider.id))
            self.call("GET /auth/sso/providers", bearer="", check=lacks(provider.id))
            self.update("PUT /auth/sso/admin/providers/{provider_id}", json={"is_enabled": True}, **own)
            self.call("GET /auth/sso/providers", bearer="", check=lists(provider.id))

    @task
    def provider_properties(self) -> None:
        """Providers with every property, and one that gets new values for them."""
        issuer = self.backend("oauth")
        for on in (False, True):
            with self.provider("oidc", **self.trust(on=on)) as provider:
                changes = {
                    "name": self.name("sso"),
                    "provider_type": "oauth2",
                    "client_id": "changed",
                    "client_secret": self.secret(),
                    "authorization_url": f"{issuer}/authorize?changed=true",
                    "token_url": f"{issuer}/token?changed=true",
                    "userinfo_url": f"{issuer}/userinfo?changed=true",
                    "issuer": issuer,
                    "trusted_domains": ["example.org"],
                }
                self.update(
                    "PUT /auth/sso/admin/providers/{provider_id}",
                    provider_id=provider.id,
                    json=changes | self.trust(on=not on),
                )

    def trust(self, *, on: bool) -> dict[str, Any]:
        """Return how far a provider is trusted."""
        return {
            "auto_create_users": on,
            "trusted_for_api_auth": on,
            "api_audience": f"loadtest-{on}",
            "jwks_uri": f"{self.backend('oauth')}/jwks?on={on}",
            "team_mapping": {"nobody": {"on": on}},
            "provider_metadata": {"on": on},
        }

    @task
    def expected(self) -> None:
        """A user whom the administrator approved in advance: an account without a password."""
        if not self.offers(APPROVE):
            return
        with self.provider("oidc") as provider, self.undoing(), self.approved(provider) as person:
            session = cookies(self.signs_in(provider.id, person, check=lets_in))[SESSION]
            self.call("GET /auth/email/me", bearer=session, check=came_from(provider.id, person))

    def asks_to_be_let_in(self, provider_id: str) -> tuple[Person, str]:
        """Sign in a new user for the first time; return the user and the id of the approval request."""
        person = self.stranger()
        self.signs_in(provider_id, person, accept=REJECTED, effect=rejects_sign_on)
        waiting = self.call("GET /auth/sso/pending-approvals", check=waits(person, provider_id))
        return person, str(request_of(person, waiting)["id"])

    def undecided(self, request: str, decision: dict[str, str], what: str) -> None:
        """Send a ``decision`` about a request which must be refused; ``what`` names it."""
        self.call(
            "POST /auth/sso/pending-approvals/{approval_id}/action",
            approval_id=request,
            json=decision,
            refusals=INVALID,
            check=is_invalid(what),
        )

    def decides(self, request: str, person: Person, action: str) -> None:
        """Decide about a request as its administrator."""
        self.call(
            "POST /auth/sso/pending-approvals/{approval_id}/action",
            approval_id=request,
            json={"action": action, "reason": "a load test"},
            check=decides_about(person),
            effect=lambda _: waits_no_more(person)(self.call("GET /auth/sso/pending-approvals")),
        )
