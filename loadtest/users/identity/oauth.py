"""OAuth: a backend that requires a token, from the consent of a person to the first call of its tools."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import requests

from loadtest.backends.settings import MCP_SCOPE, OAUTH_CLIENT_ID, OAUTH_CLIENT_SECRET
from loadtest.client.answer import Answer
from loadtest.client.backend_probes import ask_scripted
from loadtest.client.caller import Check
from loadtest.client.mismatch import Mismatch, expected
from loadtest.client.protocols import jsonrpc
from loadtest.fixtures.callers import Role
from loadtest.users.access.checks import DENIED, INVALID, is_denied, is_invalid
from loadtest.users.admin.checks import has_valid_scripts
from loadtest.users.base import GatewayUser, task
from loadtest.users.checks import ANSWERED, both, contains, has
from loadtest.users.federation.checks import calls_fail
from loadtest.users.markup import fault_of_policy
from loadtest.users.mcp.jsonrpc import says
from loadtest.users.read_back import Listed

HTML = {"Accept": "text/html"}
"""Media types that a browser accepts."""
CLIENTS = Listed("GET /oauth/registered-clients", at="clients")
PROVIDER_TIMEOUT = 10.0
"""Seconds for the person's browser to be sent back by the provider."""


def consented(url: str, **asked: str) -> dict[str, str]:
    """Request ``url``, where the provider consents at once; return the parameters of its redirect to the gateway.

    Args:
        url: the address at the provider.
        asked: further parameters of that address, such as who it is.

    Raises:
        requests.RequestException: the provider does not respond, or rejects the request.
    """
    agreed = requests.get(url, params=asked, allow_redirects=False, timeout=PROVIDER_TIMEOUT)
    agreed.raise_for_status()
    return dict(parse_qsl(urlsplit(agreed.headers["location"]).query))


class ProtectedBackendUser(GatewayUser):
    """A person who uses a backend that requires a token."""

    abstract = True

    @contextmanager
    def of_known_client(
        self, shape: str = "", *, visibility: str = "public", **more: Any
    ) -> Iterator[Answer]:
        """Register the protected backend, with a client that the provider knows, for the ``with`` block.

        ``shape`` is that of the responses of the token endpoint, if they are not as usual; ``more`` is the rest of the
        OAuth configuration.
        """
        issuer = self.backend("oauth")
        own = f"/{self.name('gateway')}" if shape else ""
        if shape:
            self.reshape(own, shape)
        config = {
            "client_id": OAUTH_CLIENT_ID,
            "client_secret": OAUTH_CLIENT_SECRET,
            "authorization_url": f"{issuer}/authorize",
            "token_url": f"{issuer}/token{own}",
            **more,
        }
        with self.created(
            "POST /gateways",
            json=self.protected(config) | {"visibility": visibility},
            delete="DELETE /gateways/{gateway_id}",
            differs=("url", "oauth_config"),
        ) as gateway:
            yield gateway

    def reshape(self, endpoint: str, shape: str) -> None:
        """Let a token endpoint, whose path starts with a slash, respond in another ``shape`` from now on."""
        ask_scripted(self.backend("oauth"), "PUT", f"/shape{endpoint}?as={shape}")

    def protected(self, client: dict[str, Any]) -> dict[str, Any]:
        """Return a new gateway for the protected backend, with its OAuth configuration."""
        name = self.name("oauth")
        return {
            "name": name,
            "url": f"{self.backend('oauth')}/mcp?name={name}",
            "transport": "STREAMABLEHTTP",
            "visibility": "public",
            "auth_type": "oauth",
            "oauth_config": client
            | {
                "grant_type": "authorization_code",
                "redirect_uri": f"{self.link.session.host}/oauth/callback",
                "scopes": [MCP_SCOPE],
            },
        }

    def consent(
        self,
        gateway_id: str,
        *,
        popup: bool = False,
        bearer: str | None = None,
        user: str = "",
        **asked: str,
    ) -> None:
        """Follow the redirects of a browser: to the provider, which consents, and back.

        Args:
            gateway_id: the gateway with the protected backend.
            popup: whether the browser has opened a window for it.
            bearer: token of the person; the administrator's if it is None.
            user: what the page must show as the user.
            asked: as for :func:`consented`.
        """
        self.call(
            "GET /oauth/callback",
            params=self.asked(gateway_id, popup=popup, bearer=bearer, **asked),
            bearer="",
            headers=HTML,
            check=both(reports_success, contains(user)),
        )

    def asked(
        self, gateway_id: str, *, popup: bool = False, bearer: str | None = None, **asked: str
    ) -> dict[str, str]:
        """Follow the redirect of a browser to the provider; return the parameters with which it is sent back."""
        provider = self.backend("oauth")
        sent = self.call(
            "GET /oauth/authorize/{gateway_id}",
            gateway_id=gateway_id,
            params={"popup": popup},
            headers=HTML,
            bearer=bearer,
            check=sent_to(provider, names_resource=True),
        )
        return consented(str(sent.headers["location"]), **asked)

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


class OAuthUser(ProtectedBackendUser):
    """A person who connects a protected backend."""

    area = "oauth"

    @task(2)
    def known_client(self) -> None:
        """With a client registered at the provider: consent, tools, a tool call."""
        with self.of_known_client() as gateway:
            self.consent(gateway.id, popup=False)
            self.call(
                "POST /oauth/fetch-tools/{gateway_id}",
                gateway_id=gateway.id,
                check=lambda a: None if a["success"] else expected("success", a.json),
            )
            self.call(
                "GET /oauth/status/{gateway_id}",
                gateway_id=gateway.id,
                check=lambda a: (
                    None
                    if a["oauth_enabled"] and a["client_id"] == OAUTH_CLIENT_ID
                    else expected("the client that was registered")
                ),
            )
            if self.offers("GET /oauth/status"):
                self.call(
                    "GET /oauth/status",
                    params={"gateway_ids": gateway.id},
                    check=has(f"{gateway.id}.oauth_enabled", True),
                )
            text = self.name("text")
            self.rpc(
                "POST /rpc tools/call",
                {"name": f"{gateway['slug']}-echo", "arguments": {"text": text}},
                check=says(text),
            )

    @task
    def without_consent(self) -> None:
        """A refresh without a consent states where to give it; other users can neither give it nor see it.

        To a provider that does not know resources, none is named.
        """
        with self.of_known_client(visibility="private", omit_resource=True) as gateway:
            self.call(
                "POST /gateways/{gateway_id}/tools/refresh",
                gateway_id=gateway.id,
                check=lambda a: (
                    None
                    if a["success"] is False and f"/oauth/authorize/{gateway.id}" in str(a["error"])
                    else expected("a refresh without a token to fail", a.json)
                ),
            )
            sent = sent_to(self.backend("oauth"), names_resource=False)
            self.call("GET /oauth/authorize/{gateway_id}", gateway_id=gateway.id, headers=HTML, check=sent)
            self.hides(gateway)

    @task
    def led_elsewhere(self) -> None:
        """A server whose consent would lead the browser elsewhere is not registered."""
        if not self.offers("GET /oauth/status"):
            return
        config = {
            "issuer": self.backend("oauth"),
            "redirect_uri_after_oauth": "https://elsewhere.example.com/",
        }
        refused = is_invalid("a server whose consent leads elsewhere")
        self.call("POST /gateways", json=self.protected(config), refusals=INVALID, check=refused)

    def hides(self, gateway: Answer) -> None:
        """Check that a user who does not see a private ``gateway`` neither consents for it nor reads its state."""
        if (callers := self.fixture.callers) is None:
            return
        bearer = callers.bearer(Role.OUTSIDER, self.link.session)
        own: dict[str, Any] = {"gateway_id": gateway.id, "bearer": bearer, "refusals": DENIED}
        refused = is_denied("a private gateway of others to be used")
        self.call("GET /oauth/authorize/{gateway_id}", headers=HTML, check=refused, **own)
        self.call("GET /oauth/status/{gateway_id}", check=refused, **own)
        self.call("POST /oauth/fetch-tools/{gateway_id}", check=refused, **own)
        if self.offers("GET /oauth/status"):
            asked: dict[str, Any] = {"params": {"gateway_ids": gateway.id}, "bearer": bearer}
            self.call("GET /oauth/status", check=states_nothing, **asked)

    @task
    def registered_client(self) -> None:
        """With a client that the gateway registers itself (RFC 7591) and then deletes."""
        config = {"issuer": self.backend("oauth")}
        with self.created(
            "POST /gateways/",
            json=self.protected(config),
            delete="DELETE /gateways/{gateway_id}",
            differs=("url", "oauth_config"),
        ) as gateway:
            self.consent(gateway.id, popup=True)
            own = has("gateway_id", gateway.id)
            client = self.call("GET /oauth/registered-clients/{gateway_id}", gateway_id=gateway.id, check=own)
            self.call("GET /oauth/registered-clients", check=lambda a: listed(a, client.id))
            self.delete("DELETE /oauth/registered-clients/{client_id}", read=CLIENTS, client_id=client.id)


def sent_to(provider: str, *, names_resource: bool) -> Check:
    """Return a check that a browser is sent to the ``provider``, with or without the resource (RFC 8707)."""

    def check(answer: Answer) -> Mismatch | None:
        location = str(answer.headers.get("location"))
        if not location.startswith(f"{provider}/authorize?"):
            return expected("to be sent to the provider", location)
        named = "resource" in parse_qs(urlsplit(location).query)
        what = (
            "the provider to be told the resource"
            if names_resource
            else "the provider to be told no resource"
        )
        return None if named is names_resource else expected(what, location)

    return check


def reports_success(page: Answer) -> Mismatch | None:
    """Check that the page after a consent reports success, and that a browser runs its scripts."""
    if "Authorization Successful" not in page.text:
        return expected("a page that reports success", page.text)
    return has_valid_scripts(page) or fault_of_policy(page)


def states_nothing(answer: Answer) -> Mismatch | None:
    """Check that the state of no gateway is given."""
    return None if answer.json == {} else expected("no state of a gateway of others", answer.json)


def listed(answer: Answer, client_id: str) -> Mismatch | None:
    """Check that the client is among those listed."""
    known = {client["id"] for client in answer["clients"]}
    return None if client_id in known else expected("the registered client among them", known)


def states_token(answer: Answer, *, authorized: bool) -> Mismatch | None:
    """Return a mismatch if the status of a gateway states otherwise whether the caller has a token."""
    status = answer.json.get("user_token_status", {"authorized": authorized})
    right = status["authorized"] is authorized
    return None if right else expected(f"a person {'with' if authorized else 'without'} a token", status)
