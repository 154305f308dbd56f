"""Tokens that the gateway obtains for a federated server: how its client signs in, and for which user."""

from __future__ import annotations

import base64
from collections.abc import Collection, Mapping
from typing import Any

from loadtest.backends.settings import MCP_SCOPE, QUERY
from loadtest.client.answer import Answer
from loadtest.client.caller import Effect
from loadtest.client.mismatch import Mismatch
from loadtest.fixtures.callers import Role, email_of
from loadtest.users.access.checks import is_denied
from loadtest.users.base import task
from loadtest.users.federation.checks import called, carries_all
from loadtest.users.federation.scripted import REFRESH, ScriptedServersUser
from loadtest.users.read_back import Entity, Listed
from loadtest.users.registry.fixtures import ADDRESS, PUBLIC, new_gateway, of_team

AUTHORIZATION = "Authorization"
EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
"""The grant of RFC 8693, as the token endpoint receives it."""
CLIENT = "lt-client"
OWN = ("authType", "oauthConfig", "auth_type", "oauth_config")
"""Properties with credentials, which the gateway does not show as they were sent, in both spellings."""
DENIED = (400, 401, 403, 422)
"""Statuses of a registration that is refused."""
_CALL = "tools/call"


class TokenGrantsUser(ScriptedServersUser):
    """A user of servers for which the gateway obtains tokens."""

    area = "gateways"

    @task
    def basic_client(self) -> None:
        """The client signs in at the token endpoint with a header, and does not send its secret in the form, too."""
        secret = self.secret()
        pair = base64.b64encode(f"{CLIENT}:{secret}".encode()).decode()
        self.signs_in(secret, "client_secret_basic", {AUTHORIZATION: f"Basic {pair}"}, (secret,))

    @task
    def public_client(self) -> None:
        """A client that does not sign in at the token endpoint sends its name only."""
        secret = self.secret()
        pair = base64.b64encode(f"{CLIENT}:{secret}".encode()).decode()
        self.signs_in(secret, "none", {QUERY: f"client_id={CLIENT}"}, (secret, pair))

    @task
    def form(self) -> None:
        """A token endpoint responds with a form, as that of GitHub does: the server receives the token in it."""
        secret = self.secret()
        token = {AUTHORIZATION: f"Bearer client_credentials:{CLIENT}:{secret}"}
        config = {"grant_type": "client_credentials", "scopes": [MCP_SCOPE]}
        body = self.body(secret, config)
        self.control("PUT", f"/form/{body['name']}")
        self.uses(body, _CALL, token)

    @task
    def password(self) -> None:
        """The client signs in for a user with a password, and the server receives the token of that user.

        Since 1.1.0, no new server has such a client.
        """
        secret, user = self.secret(), {"username": self.name("user"), "password": self.secret()}
        body = self.body(secret, {"grant_type": "password", "scopes": [MCP_SCOPE], **user})
        if self.offers("GET /oauth/status"):
            refused = is_denied("a client that signs in for a user with a password")
            self.call("POST /gateways", json=body, refusals=DENIED, check=refused)
        else:
            token = f"Bearer password:{CLIENT}:{secret}:{user['username']}:{user['password']}"
            self.uses(body, _CALL, {AUTHORIZATION: token})

    def signs_in(self, secret: str, method: str, wanted: Mapping[str, str], without: Collection[str]) -> None:
        """Register a server with a client that signs in with a ``method``, and call its tool.

        The token endpoint must receive the headers ``wanted``, and no text of ``without``.
        """
        config = {"grant_type": "client_credentials", "token_endpoint_auth_method": method}
        self.uses(self.body(secret, config), "token", wanted, without)

    def uses(
        self, body: dict[str, Any], method: str, wanted: Mapping[str, str], without: Collection[str] = ()
    ) -> None:
        """Register a server, and call its tool.

        The last request of a ``method`` must have the headers ``wanted``, and no text of ``without``.
        """
        with self.created(
            "POST /gateways", json=body, delete="DELETE /gateways/{gateway_id}", differs=(*ADDRESS, *OWN)
        ) as gateway:
            text = self.name("text")
            self.rpc(
                "POST /rpc tools/call",
                {"name": f"{gateway['slug']}-echo", "arguments": {"text": text}},
                check=called("echo", text),
                effect=self.receives(str(gateway["name"]), method, wanted, without),
            )

    @task
    def exchanged_tokens(self) -> None:
        """A server receives a token in exchange for that of its caller, for each caller, and never theirs."""
        if (callers := self.fixture.callers) is None:
            return
        secret, session = self.secret(), self.link.session
        audience = self.name("audience")
        config = {"grant_type": "token-exchange", "target_audience": audience}
        own = self.spelled("POST /gateways", {"passthroughHeaders": [AUTHORIZATION]})
        body = self.body(secret, config) | own
        with self.created(
            "POST /gateways", json=body, delete="DELETE /gateways/{gateway_id}", differs=(*ADDRESS, *OWN)
        ) as gateway:
            name = gateway["name"]
            self.call(REFRESH, gateway_id=gateway.id)
            for user, bearer in (
                (session.credentials.email, session.bearer),
                (email_of(Role.DEVELOPER), callers.bearer(Role.DEVELOPER, session)),
            ):
                text = self.name("text")
                token = f"Bearer {EXCHANGE}:{CLIENT}:{secret}:{user}:{audience}"
                self.rpc(
                    "POST /rpc tools/call",
                    {"name": f"{gateway['slug']}-echo", "arguments": {"text": text}},
                    bearer=bearer,
                    check=called("echo", text),
                    effect=self.receives(name, _CALL, {AUTHORIZATION: token}, (bearer,)),
                )

    @task
    def exchange_of_member(self) -> None:
        """Only an administrator registers a server whose token endpoint receives the tokens of all its callers."""
        if (callers := self.fixture.callers) is None:
            return
        body = self.body(self.secret(), {"grant_type": "token-exchange", "target_audience": "lt"})
        absent = Listed("GET /gateways", key="name", params={"limit": 0})
        self.call(
            "POST /gateways",
            json=body | of_team(callers.team),
            bearer=callers.bearer(Role.DEVELOPER, self.link.session),
            refusals=DENIED,
            check=is_denied("a token endpoint of a user who is not an administrator"),
            effect=lambda _: absent.is_gone(self.call, Entity(body["name"], {}, {})),
        )

    def body(self, secret: str, config: Mapping[str, Any]) -> dict[str, Any]:
        """Return a new server with a client that has this ``secret``, and more of its OAuth ``config``."""
        name = self.name("gateway")
        client = {
            "client_id": CLIENT,
            "client_secret": secret,
            "token_url": f"{self.backend('scripted')}/token/{name}",
        }
        address = f"{self.backend('scripted')}/plain/{name}/mcp"
        own = self.spelled("POST /gateways", {"authType": "oauth", "oauthConfig": client | dict(config)})
        return new_gateway(name, address, scope=PUBLIC, **own)

    def receives(self, name: str, method: str, wanted: Mapping[str, str], without: Collection[str]) -> Effect:
        """Return an effect: the last request of a ``method`` had the headers ``wanted``, and no text of ``without``."""

        def effect(_: Answer) -> Mismatch | None:
            received = self.control("GET", f"/received/{name}?method={method}")
            return carries_all(received, wanted, without)

        return effect
