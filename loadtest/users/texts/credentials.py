"""Credentials that cannot be used: neither a new federated server or agent nor a change of one gets them.

An entity that is stored without the part that is missing calls its peer without credentials.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from loadtest.users.access.invalid_requests import InvalidRequestUser
from loadtest.users.base import task
from loadtest.users.checks import has, lists_only
from loadtest.users.read_back import snake
from loadtest.users.registry.fixtures import EVERY, TEXT, new_agent, new_gateway
from loadtest.users.texts.values import has_none

UNCALLED = "http://127.0.0.1:9/token"
"""An address that is never called."""


class UnusableCredentialsUser(InvalidRequestUser):
    """People who connect servers and agents with credentials that are incomplete or of an unknown kind."""

    area = "refusals"

    @task
    def of_gateways(self) -> None:
        """Federated servers, which are neither stored nor changed."""
        self.gateways(self.incomplete())

    @task
    def of_agents(self) -> None:
        """Agents, which are neither stored nor changed."""
        self.agents(self.incomplete())

    @task
    def oauth_of_gateways(self) -> None:
        """Federated servers with an OAuth client that cannot work; agents may have one."""
        self.gateways(self.oauth())

    def gateways(self, unusable: Mapping[str, Mapping[str, Any]]) -> None:
        """Create and change federated servers with each of the ``unusable`` credentials."""
        name = self.name("gateway")
        for what, wrong in unusable.items():
            own = self.spelled("POST /gateways", wrong)
            self.refuses(what, "POST /gateways", json=new_gateway(name, self.backend("mcp_small"), **own))
        self.call("GET /gateways", params=EVERY, check=has_none(name))
        with self.gateway() as gateway:
            path: dict[str, Any] = {"gateway_id": gateway.id}
            for what, wrong in unusable.items():
                self.refuses(what, "PUT /gateways/{gateway_id}", json=wrong, **path)
            kept = has("authType", gateway["authType"])
            self.call("GET /gateways/{gateway_id}", check=kept, **path)

    def agents(self, unusable: Mapping[str, Mapping[str, Any]]) -> None:
        """Create and change agents with each of the ``unusable`` credentials."""
        tag = self.name("tag")
        for what, wrong in unusable.items():
            own = {snake(key): value for key, value in wrong.items()}
            body = new_agent(self.name("agent"), self.backend("a2a"), tags=[tag], **own)
            self.refuses(what, "POST /a2a", json=body)
        self.call("GET /a2a", params=EVERY | {"tags": tag}, check=lists_only())
        with self.agent() as agent:
            path: dict[str, Any] = {"agent_id": agent.id}
            for what, wrong in unusable.items():
                self.refuses(what, "PUT /a2a/{agent_id}", json=wrong, **path)
            self.call("GET /a2a/{agent_id}", check=has("authType", agent["authType"]), **path)

    def incomplete(self) -> dict[str, dict[str, Any]]:
        """Return credentials without a part, or of an unknown kind, by what is wrong with them."""
        return {
            "credentials without a password": {"authType": "basic", "authUsername": "user"},
            "credentials without a user": {"authType": "basic", "authPassword": TEXT},
            "credentials without a token": {"authType": "bearer"},
            "a header without a value": {"authType": "authheaders", "authHeaderKey": "X-Key"},
            "a header without a name": {"authType": "authheaders", "authHeaderValue": TEXT},
            "credentials of an unknown kind": {"authType": "digest", "authToken": TEXT},
            "a parameter without a value": {"authType": "query_param", "authQueryParamKey": "key"},
            "a parameter without a name": {"authType": "query_param", "authQueryParamValue": TEXT},
        }

    def oauth(self) -> dict[str, dict[str, Any]]:
        """Return OAuth clients that cannot work, by what is wrong with them."""
        usual = {"grant_type": "client_credentials", "client_id": "id", "token_url": UNCALLED}
        wrong: dict[str, dict[str, Any]] = {
            "a number as the address of tokens": {"token_url": 7},
            "a word as the address of tokens": {"token_url": "token"},
            "one text as its servers": {"authorization_servers": UNCALLED},
            "a number as the address of a server": {"authorization_servers": [7]},
            "an unknown way to sign in": {"token_endpoint_auth_method": "magic"},
            "an unknown algorithm": {"token_endpoint_auth_signing_alg": "none"},
            "a signature and no key": {"token_endpoint_auth_method": "private_key_jwt"},
            "a foreign page after the sign-in": {"redirect_uri_after_oauth": "http://other.example.com/"},
        }
        return {
            f"an OAuth client with {what}": {"authType": "oauth", "oauthConfig": usual | one}
            for what, one in wrong.items()
        }
