"""Sign-ins by an identity provider: the provider, the browser's way there and back, and what the provider states."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Any
from urllib.parse import quote

import msgspec

from loadtest.backends.settings import OAUTH_CLIENT_ID, OAUTH_CLIENT_SECRET, OPENID_SCOPES
from loadtest.client.answer import Answer
from loadtest.client.backend_probes import ask_scripted
from loadtest.users.admin.checks import cookies
from loadtest.users.identity.checks import Person, came_from, sends_to
from loadtest.users.identity.fixtures import PeopleUser
from loadtest.users.identity.oauth import HTML, consented

APPROVE = "POST /admin/users/sso"
"""The operation by which the administrator approves a user in advance."""
CALLBACK = "GET /auth/sso/callback/{provider_id}"
LOGIN = "GET /auth/sso/login/{provider_id}"
REJECTED = {302: "a user who is not admitted is redirected to the login page, which shows the reason"}


class SignOnUser(PeopleUser):
    """A user who signs in with an external account."""

    abstract = True

    def provider(self, kind: str, **more: Any) -> AbstractContextManager[Answer]:
        """Register the local provider under a new name for the ``with`` block, as ``kind``."""
        return self.created(
            "POST /auth/sso/admin/providers",
            json=self.identified(kind, self.name("sso")) | more,
            delete="DELETE /auth/sso/admin/providers/{provider_id}",
        )

    def identified(self, kind: str, name: str) -> dict[str, Any]:
        """Return the local provider under this ``name``, as ``kind``."""
        issuer = self.backend("oauth")
        return {
            "id": name,
            "name": name,
            "display_name": name,
            "provider_type": kind,
            "client_id": OAUTH_CLIENT_ID,
            "client_secret": OAUTH_CLIENT_SECRET,
            "authorization_url": f"{issuer}/authorize",
            "token_url": f"{issuer}/token",
            "userinfo_url": f"{issuer}/userinfo",
            "issuer": issuer,
            "scope": OPENID_SCOPES,
            "trusted_domains": ["example.com"],
        }

    def signs_in(self, provider_id: str, person: Person, **expected: Any) -> Answer:
        """Let the browser of ``person`` go to the provider and back, and return the answer to its return.

        ``expected`` describes the valid answers, as for :meth:`call`.
        """
        begun = self.begins(provider_id)
        sent = consented(str(begun["authorization_url"]), login_hint=person.email)
        return self.returns(provider_id, sent, cookies(begun), **expected)

    def begins(self, provider_id: str) -> Answer:
        """Let a browser ask where to sign in."""
        return self.call(
            LOGIN,
            provider_id=provider_id,
            bearer="",
            params=self.asked(provider_id),
            check=sends_to(f"{self.backend('oauth')}/authorize"),
        )

    def asked(self, provider_id: str) -> dict[str, str]:
        """Return the parameters of a sign-in: the address to return to, and the scopes."""
        back = f"{self.link.session.host}/auth/sso/callback/{provider_id}"
        return {"redirect_uri": back, "scopes": OPENID_SCOPES}

    def returns(
        self, provider_id: str, sent: Mapping[str, str], jar: Mapping[str, str], **more: Any
    ) -> Answer:
        """Let the browser with the cookies ``jar`` return from the provider with the parameters ``sent``."""
        own = {"Cookie": "; ".join(f"{name}={jar[name]}" for name in jar)} if jar else {}
        back: dict[str, Any] = {"provider_id": provider_id, "params": sent, "headers": HTML | own}
        return self.call(CALLBACK, bearer="", **back, **more)

    def states(self, person: Person, *, forged: bool = False, **claims: Mapping[str, Any]) -> None:
        """Let the provider state ``claims`` about ``person``: of the identity token, or the userinfo; None for none.

        A ``forged`` identity token is signed with another key.
        """
        values = {name: msgspec.json.encode(one).decode() for name, one in claims.items()}
        query = "&".join(f"{name}={quote(value)}" for name, value in values.items())
        path = f"/claims/{person.email}?forged={str(forged).lower()}&{query}"
        ask_scripted(self.backend("oauth"), "PUT", path)

    @contextmanager
    def approved(self, provider: Answer) -> Iterator[Person]:
        """Approve a user of ``provider`` in advance for the ``with`` block; the account is deleted afterwards."""
        person = self.stranger()
        self.call(
            APPROVE,
            json={
                "email": person.email,
                "full_name": person.full_name,
                "auth_provider": provider.id,
                "is_active": True,
                "is_admin": False,
            },
            check=came_from(provider.id, person),
        )
        try:
            yield person
        finally:
            self.forget(person)
