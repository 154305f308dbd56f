"""Sign-ins that must not succeed: forged, replayed, from another browser, or of people who are not trusted."""

from __future__ import annotations

from typing import Any

from loadtest.users.access.checks import DENIED, INVALID, is_denied
from loadtest.users.admin.checks import cookies
from loadtest.users.base import task
from loadtest.users.identity.checks import is_turned_away, waits_no_more
from loadtest.users.identity.oauth import consented
from loadtest.users.sso.sign_ons import LOGIN, REJECTED, SignOnUser

LONG = 1000
"""Length of a code; those of some providers have more than 512 characters."""
ELSEWHERE = "https://elsewhere.example.com/callback"


class TurnedAwayUser(SignOnUser):
    """People who are not let in, and nobody is asked to let them in."""

    area = "sso"

    @task
    def not_proved(self) -> None:
        """An identity that is not proved, or not from a trusted domain, is neither let in nor waits for approval."""
        with self.provider("oidc") as provider, self.undoing():
            person = self.stranger()
            begun = self.begins(provider.id)
            jar, address = cookies(begun), str(begun["authorization_url"])
            turned: dict[str, Any] = {"accept": REJECTED, "check": is_turned_away}
            wrong = {"code": "x" * LONG, "state": f"x{begun['state']}"}
            self.returns(provider.id, wrong, jar, **turned)
            self.returns(provider.id, consented(address, login_hint=person.email), {}, **turned)
            for stated in ({"forged": True}, {"token": {"nonce": "other"}}):
                self.states(person, **stated)
                sent = consented(address, login_hint=person.email)
                self.returns(provider.id, sent, jar, **turned)
            self.states(person)
            self.update(
                "PUT /auth/sso/admin/providers/{provider_id}",
                provider_id=provider.id,
                json={"trusted_domains": ["example.org"]},
            )
            # With the first sign-in, which a gateway may have ended before: an open one prevents the deletion.
            self.returns(provider.id, consented(address, login_hint=person.email), jar, **turned)
            self.signs_in(provider.id, person, **turned)
            self.call("GET /auth/sso/pending-approvals", check=waits_no_more(person))

    @task
    def not_allowed(self) -> None:
        """No sign-in begins that returns elsewhere, asks for more than the provider allows, or at one that is off."""
        with self.provider("oidc") as provider:
            own: dict[str, Any] = {"provider_id": provider.id, "bearer": ""}
            asked = self.asked(provider.id)
            for what, more in (
                ("a sign-in that returns elsewhere", {"redirect_uri": ELSEWHERE}),
                ("a sign-in that asks for more", {"scopes": "openid admin:everything"}),
            ):
                self.call(LOGIN, params=asked | more, refusals=INVALID, check=is_denied(what), **own)
            self.update(
                "PUT /auth/sso/admin/providers/{provider_id}",
                provider_id=provider.id,
                json={"is_enabled": False},
            )
            off = is_denied("a sign-in at a provider that is off")
            self.call(LOGIN, params=asked, refusals=DENIED, check=off, **own)
