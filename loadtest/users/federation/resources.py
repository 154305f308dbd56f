"""Resources of servers that need credentials: each read has them."""

from __future__ import annotations

from typing import Any

from loadtest.backends.settings import QUERY
from loadtest.client.answer import Answer
from loadtest.client.backend_probes import ask_scripted
from loadtest.client.mismatch import Mismatch
from loadtest.users.base import task
from loadtest.users.checks import both, has
from loadtest.users.federation.checks import carries
from loadtest.users.registry.fixtures import ADDRESS, RegistryUser, new_gateway

HEADER = "X-Api-Key"
PARAMETER = "api_key"
READ = "resources/read"


class ResourceCredentialsUser(RegistryUser):
    """A user who reads resources of servers that need credentials."""

    area = "gateways"

    @task
    def bearer(self) -> None:
        """A server with a token."""
        secret = self.secret()
        self.reads({"authType": "bearer", "authToken": secret}, "Authorization", f"Bearer {secret}")

    @task
    def header(self) -> None:
        """A server with a header of its own."""
        secret = self.secret()
        listed = {"authType": "authheaders", "authHeaders": [{"key": HEADER, "value": secret}]}
        self.reads(listed, HEADER, secret)

    @task
    def query_parameter(self) -> None:
        """A server with a parameter of the address."""
        secret = self.secret()
        own = {"authType": "query_param", "authQueryParamKey": PARAMETER, "authQueryParamValue": secret}
        self.reads(own, QUERY, f"{PARAMETER}={secret}")

    @task
    def client_credentials(self) -> None:
        """A server with a token that the gateway obtains with its client credentials."""
        secret = self.secret()
        config = {
            "grant_type": "client_credentials",
            "client_id": "lt-client",
            "client_secret": secret,
            "token_url": f"{self.backend('scripted')}/token/{self.name('client')}",
            "scopes": ["resources"],
        }
        token = f"Bearer client_credentials:lt-client:{secret}"
        self.reads({"authType": "oauth", "oauthConfig": config}, "Authorization", token)

    def reads(self, stored: dict[str, Any], header: str, value: str) -> None:
        """Register a server with ``stored`` credentials; each read of its resource must have them."""
        if not self.documents("GET /resources", "query gateway_id"):
            return
        name = self.name("gateway")
        own = self.spelled("POST /gateways", stored)
        body = new_gateway(name, f"{self.backend('scripted')}/plain/{name}/mcp", **own)

        def received(_: Answer) -> Mismatch | None:
            path = f"/received/{name}?method={READ}"
            return carries(ask_scripted(self.backend("scripted"), "GET", path), header, value)

        with self.created(
            "POST /gateways", json=body, delete="DELETE /gateways/{gateway_id}", differs=(*ADDRESS, *own)
        ) as gateway:
            resource = self.call("GET /resources", params={"gateway_id": gateway.id})["0"]
            for _ in range(2):
                self.call(
                    "GET /resources/{resource_id}",
                    resource_id=str(resource["id"]),
                    check=both(has("text", f"The text of {resource['uri']}."), received),
                )
