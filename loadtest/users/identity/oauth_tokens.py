"""OAuth: whose tokens are used, how they are renewed, and consents that do not count."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from loadtest.backends.settings import MCP_SCOPE, OAUTH_USER
from loadtest.client.answer import Answer
from loadtest.client.backend_probes import ask_scripted
from loadtest.client.mismatch import Mismatch, expected
from loadtest.fixtures.callers import Role
from loadtest.users.access.checks import is_denied
from loadtest.users.base import task
from loadtest.users.checks import has
from loadtest.users.federation.scripted import REFRESH
from loadtest.users.identity.oauth import HTML, ProtectedBackendUser

REFUSED = (400, 404)
"""Statuses of a page that reports a consent that does not count; the second up to 1.0.0rc1."""
NOT_SENT = (400, 401, 403)
"""Statuses of a fetch for which the gateway does not use the token."""
FETCH = "POST /oauth/fetch-tools/{gateway_id}"


class OAuthTokensUser(ProtectedBackendUser):
    """A person with a token of a protected backend, and others who have another one, or none."""

    area = "oauth"

    @task
    def renewed(self) -> None:
        """A token that has expired is renewed, each time with the newest refresh token, until that is revoked."""
        with self.of_known_client() as gateway:
            person = self.person()
            self.consent(gateway.id, login_hint=person, brief="true")
            self.call(FETCH, gateway_id=gateway.id, check=has("success", True))
            for _ in range(2):
                self.calls(gateway)
            self.forget(person)
            self.cannot_use(gateway)
            self.check_status(gateway, authorized=False)
            self.consent(gateway.id, login_hint=person)
            self.calls(gateway)

    @task
    def of_each_person(self) -> None:
        """A person without a consent cannot use the token of another, and each one's own is used."""
        if (callers := self.fixture.callers) is None:
            return
        other = callers.bearer(Role.DEVELOPER, self.link.session)
        with self.of_known_client() as gateway:
            mine, theirs = self.person(), self.person()
            self.consent(gateway.id, login_hint=mine)
            self.call(FETCH, gateway_id=gateway.id, check=has("success", True))
            self.cannot_use(gateway, bearer=other)
            self.check_status(gateway, authorized=False, bearer=other)
            self.check_status(gateway, authorized=True)
            self.consent(gateway.id, bearer=other, login_hint=theirs)
            self.calls(gateway, bearer=other)
            self.calls(gateway)
            self.forget(mine)
            self.cannot_use(gateway)
            self.calls(gateway, bearer=other)

    @task
    def not_consented(self) -> None:
        """A consent that was refused, forged or used before gives no token; the page says that it failed."""
        with self.of_known_client() as gateway:
            error = {"error": "access_denied", "error_description": "<i>No</i>"}
            self.sent_back(gateway, self.asked(gateway.id) | error, without="code")
            right = self.asked(gateway.id)
            self.sent_back(gateway, right | {"state": f"x{right['state']}"})
            self.sent_back(gateway, right, without="state")
            self.sent_back(gateway, self.asked(gateway.id) | {"code": "unknown"})
            self.consent(gateway.id)
            self.check_status(gateway, authorized=True)

    def sent_back(self, gateway: Answer, params: dict[str, str], *, without: str = "") -> None:
        """Return to the gateway from the provider with ``params`` that give no token."""
        self.call(
            "GET /oauth/callback",
            params={key: value for key, value in params.items() if key != without},
            bearer="",
            headers=HTML,
            refusals=REFUSED,
            check=is_denied("a token without a consent"),
            effect=lambda page: reports_failure(page) or self.status(gateway, authorized=False),
        )


class TokenResponsesUser(ProtectedBackendUser):
    """A person with a token of a provider whose token endpoint responds as it likes."""

    area = "oauth"

    @task
    def form(self) -> None:
        """A provider that responds with forms, as GitHub does: its tokens are renewed, until it refuses to."""
        with self.of_known_client("form") as gateway:
            person = self.renewed(gateway)
            self.calls(gateway)
            self.forget(person)
            self.cannot_use(gateway)
            self.check_status(gateway, authorized=False)

    @task
    def texts(self) -> None:
        """A provider that states numbers as texts and scopes as a list; while it is away, the token is kept."""
        with self.of_known_client("texts") as gateway:
            person = self.renewed(gateway, user=OAUTH_USER)
            self.call("GET /oauth/status/{gateway_id}", gateway_id=gateway.id, check=states_scopes)
            self.refuse(person, refused=True)
            self.cannot_use(gateway)
            self.check_status(gateway, authorized=True)
            self.refuse(person, refused=False)
            self.calls(gateway)

    @task
    def kept(self) -> None:
        """A refresh token that is not replaced renews again; a token without a lifetime has that of the one before."""
        with self.of_known_client("kept") as gateway:
            self.renewed(gateway)
            for _ in range(2):
                self.calls(gateway)
            self.check_lifetime(gateway, limited=True)

    @task
    def endless(self) -> None:
        """A token without a lifetime is used as it is, also by a refresh."""
        with self.of_known_client("endless") as gateway:
            self.consent(gateway.id, login_hint=self.person())
            self.call(FETCH, gateway_id=gateway.id, check=has("success", True))
            self.calls(gateway)
            self.check_status(gateway, authorized=True)
            self.check_lifetime(gateway, limited=False)
            self.call(REFRESH, gateway_id=gateway.id, check=has("success", True))
            self.calls(gateway)

    @task
    def signed(self) -> None:
        """A signed token of another issuer is not sent to the server; one of the provider, for the server, is.

        With the audience in the configuration: 1.1.0 would otherwise store it in a transaction that blocks every write.
        """
        with self.of_known_client("foreign", resource=f"{self.backend('oauth')}/mcp") as gateway:
            self.consent(gateway.id, login_hint=self.person())
            own: dict[str, Any] = {"gateway_id": gateway.id}
            self.call(
                FETCH, refusals=NOT_SENT, check=is_denied("a token of another issuer to be sent"), **own
            )
            self.reshape(
                urlsplit(str(gateway["oauthConfig.token_url"])).path.removeprefix("/token"), "signed"
            )
            self.consent(gateway.id, login_hint=self.person())
            self.call(FETCH, check=has("success", True), **own)
            self.calls(gateway)

    def renewed(self, gateway: Answer, user: str = "") -> str:
        """Consent to tokens that are renewed with each use, and use them twice; return the person.

        The page after the consent shows the ``user`` that the provider states.
        """
        person = self.person()
        self.consent(gateway.id, login_hint=person, brief="true", user=user)
        self.call(FETCH, gateway_id=gateway.id, check=has("success", True))
        self.calls(gateway)
        return person

    def refuse(self, person: str, *, refused: bool) -> None:
        """Let the provider renew no tokens of a person, or do so again."""
        ask_scripted(self.backend("oauth"), "PUT", f"/refuse/{person}?refused={str(refused).lower()}")

    def check_lifetime(self, gateway: Answer, *, limited: bool) -> None:
        """Check whether the token of a gateway has a limited lifetime; older releases do not state it."""
        self.call(
            "GET /oauth/status/{gateway_id}",
            gateway_id=gateway.id,
            check=lambda answer: states_lifetime(answer, limited=limited),
        )


def states_lifetime(answer: Answer, *, limited: bool) -> Mismatch | None:
    """Return a mismatch if the status of a gateway states otherwise whether the lifetime of a token is limited."""
    status = answer.json.get("user_token_status", {"expires_at": limited or None})
    right = (status["expires_at"] is not None) is limited
    return None if right else expected(f"a token {'with' if limited else 'without'} a lifetime", status)


def states_scopes(answer: Answer) -> Mismatch | None:
    """Check that the status of a gateway states the scopes of a token; older releases do not state it."""
    found = answer.json.get("user_token_status", {"scopes": [MCP_SCOPE]})["scopes"]
    return None if found == [MCP_SCOPE] else expected("the scopes of the token", found)


def reports_failure(page: Answer) -> Mismatch | None:
    """Check that the page after a consent says that it failed, and shows no markup of the provider."""
    right = "Authorization Failed" in page.text and "<i>" not in page.text
    return None if right else expected("a page that reports the failure as a text", page.text)
