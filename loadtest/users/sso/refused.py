"""Sign-ins that must not succeed: forged, replayed, from another browser, or of people who are not trusted."""

from __future__ import annotations

from typing import Any

from loadtest.users.access.checks import DENIED, INVALID, is_denied
from loadtest.users.admin.checks import cookies
from loadtest.users.base import task
from loadtest.users.checks import has
from loadtest.users.identity.checks import Person, gives_reason, rejects_sign_on, waits_no_more
from loadtest.users.identity.oauth import consented
from loadtest.users.sso.sign_ons import CALLBACK, LOGIN, REJECTED, SignOnUser

LONG = 1000
"""Length of a code; those of some providers have more than 512 characters."""
PROVIDER = "PUT /auth/sso/admin/providers/{provider_id}"
REJECTS: dict[str, Any] = {"accept": REJECTED, "effect": rejects_sign_on}
REASONS = {
    "access_denied": "sso_cancelled",
    "temporarily_unavailable": "sso_unavailable",
    "no_such_error": "sso_failed",
}
"""What the login page is to state, by the error of the provider."""
ELSEWHERE = "https://elsewhere.example.com/callback"


class RejectedSignOnUser(SignOnUser):
    """Sign-ins that are rejected, without a request for approval."""

    area = "sso"

    @task
    def rejected(self) -> None:
        """A sign-in is rejected if the provider does not prove it, or the account does not belong to the provider."""
        with self.provider("oidc") as provider, self.undoing():
            self.not_begun(provider.id)
            self.not_wanted(provider.id)
            self.not_of_provider(provider.id)
            self.not_proved(provider.id)
            own: dict[str, Any] = {"provider_id": provider.id}
            self.update(PROVIDER, json={"is_enabled": False}, **own)
            off: dict[str, Any] = {
                "refusals": DENIED,
                "check": is_denied("a sign-in at a provider that is off"),
            }
            self.call(LOGIN, params=self.asked(provider.id), bearer="", **off, **own)

    def not_begun(self, provider: str) -> None:
        """Begin sign-ins that would return elsewhere, or ask for more than the provider allows."""
        for what, more in (
            ("a sign-in that returns elsewhere", {"redirect_uri": ELSEWHERE}),
            # A browser takes the scheme of the page.
            ("a sign-in that returns elsewhere", {"redirect_uri": ELSEWHERE.removeprefix("https:")}),
            ("a sign-in that asks for more", {"scopes": "openid admin:everything"}),
        ):
            wrong: dict[str, Any] = {"params": self.asked(provider) | more, "refusals": INVALID}
            self.call(LOGIN, provider_id=provider, bearer="", check=is_denied(what), **wrong)

    def not_wanted(self, provider: str) -> None:
        """Return without consent, or with another error of the provider: the login page states which."""
        if self.documents(CALLBACK, "query error"):
            for error, reason in REASONS.items():
                stated: dict[str, Any] = {"accept": REJECTED, "effect": gives_reason(reason)}
                self.returns(provider, {"error": error, "state": "none"}, {}, **stated)

    def not_of_provider(self, provider: str) -> None:
        """Sign in with the address of an account with a password, which must stay as it is."""
        viewer = self.viewer
        self.signs_in(provider, Person(viewer.email, "", ""), **REJECTS)
        self.call("GET /auth/email/me", bearer=viewer.bearer, check=has("auth_provider", "local"))

    def not_proved(self, provider: str) -> None:
        """Return with a wrong state, from other browsers, with a forged or another's token, or of another domain.

        No approval is requested.
        """
        person = self.stranger()
        begun = self.begins(provider)
        jar, address = cookies(begun), str(begun["authorization_url"])
        wrong = {"code": "x" * LONG, "state": f"x{begun['state']}"}
        self.returns(provider, wrong, jar, **REJECTS)
        of_another = {name: f"x{value}" for name, value in jar.items()}
        for other in ({}, of_another) if jar else ({},):
            self.returns(provider, consented(address, login_hint=person.email), other, **REJECTS)
        for stated in ({"forged": True}, {"token": {"nonce": "other"}}):
            self.states(person, **stated)
            self.returns(provider, consented(address, login_hint=person.email), jar, **REJECTS)
        self.states(person)
        self.update(PROVIDER, provider_id=provider, json={"trusted_domains": ["example.org"]})
        # With the first sign-in, which a gateway may have ended before: an open one prevents the deletion.
        self.returns(provider, consented(address, login_hint=person.email), jar, **REJECTS)
        self.signs_in(provider, person, **REJECTS)
        none = waits_no_more(person, "of a person who was turned away")
        self.call("GET /auth/sso/pending-approvals", check=none)
