"""OAuth: whose tokens are used, how they are renewed, and consents that do not count."""

from __future__ import annotations

from typing import Any

from loadtest.client.answer import Answer
from loadtest.client.backend_probes import ask_scripted
from loadtest.client.mismatch import Mismatch, expected
from loadtest.client.protocols import jsonrpc
from loadtest.fixtures.callers import Role
from loadtest.users.access.checks import is_denied
from loadtest.users.base import task
from loadtest.users.checks import ANSWERED, has
from loadtest.users.federation.checks import calls_fail
from loadtest.users.identity.oauth import HTML, ProtectedBackendUser
from loadtest.users.mcp.jsonrpc import says

REFUSED = (400, 404)
"""Statuses of a page that reports a consent that does not count; the second up to 1.0.0rc1."""
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

    def calls(self, gateway: Answer, bearer: str | None = None) -> None:
        """Call the tool of the protected backend."""
        text = self.name("text")
        self.rpc("POST /rpc tools/call", self.called(gateway, text), bearer=bearer, check=says(text))

    def cannot_use(self, gateway: Answer, bearer: str | None = None) -> None:
        """Call the tool of the protected backend without a token that counts: it must fail."""
        asked = jsonrpc.request("tools/call", self.called(gateway, self.name("text")), self.name("call"))
        self.call(
            "POST /rpc tools/call",
            json=asked,
            bearer=bearer,
            unlisted=True,
            refusals=ANSWERED,
            effect=calls_fail,
        )

    def called(self, gateway: Answer, text: str) -> dict[str, Any]:
        """Return the parameters of a call of the backend's tool."""
        return {"name": f"{gateway['slug']}-echo", "arguments": {"text": text}}

    def check_status(self, gateway: Answer, *, authorized: bool, bearer: str | None = None) -> None:
        """Check whether a person has a token of the protected backend; older releases do not state it."""
        self.call(
            "GET /oauth/status/{gateway_id}",
            gateway_id=gateway.id,
            bearer=bearer,
            check=lambda answer: states_token(answer, authorized=authorized),
        )

    def status(self, gateway: Answer, *, authorized: bool) -> Mismatch | None:
        """Return a mismatch if the administrator has a token of the protected backend, or has none."""
        return states_token(
            self.call("GET /oauth/status/{gateway_id}", gateway_id=gateway.id), authorized=authorized
        )

    def forget(self, person: str) -> None:
        """Revoke all tokens of a person at the provider."""
        ask_scripted(self.backend("oauth"), "PUT", f"/forget/{person}")

    def person(self) -> str:
        """Return the address of a person, as the provider knows them."""
        return f"{self.name('person')}@example.com"


def states_token(answer: Answer, *, authorized: bool) -> Mismatch | None:
    """Return a mismatch if the status of a gateway states otherwise whether the caller has a token."""
    status = answer.json.get("user_token_status", {"authorized": authorized})
    right = status["authorized"] is authorized
    return None if right else expected(f"a person {'with' if authorized else 'without'} a token", status)


def reports_failure(page: Answer) -> Mismatch | None:
    """Check that the page after a consent says that it failed, and shows no markup of the provider."""
    right = "Authorization Failed" in page.text and "<i>" not in page.text
    return None if right else expected("a page that reports the failure as a text", page.text)
