"""Gateways and agents with stored credentials: the backend receives them, also after an update without them."""

from __future__ import annotations

import base64
from typing import Any

from loadtest.client.backend_probes import ask_scripted
from loadtest.client.caller import Check
from loadtest.client.mismatch import Mismatch
from loadtest.users.base import task
from loadtest.users.federation.checks import called, carries
from loadtest.users.registry.fixtures import ADDRESS, RegistryUser, new_gateway

SECRET_HEADER = "X-Api-Key"  # noqa: S105 - the name of a header
CREDENTIALS = ("auth_username", "auth_password", "auth_token", "auth_headers", "oauth_config")
"""Properties that a gateway does not show as they were sent."""


class StoredCredentialsUser(RegistryUser):
    """A user who registers servers that need credentials."""

    area = "gateways"

    @task
    def basic(self) -> None:
        """A user name and a password."""
        secret = self.name("secret")
        pair = base64.b64encode(f"lt-user:{secret}".encode()).decode()
        stored = {"auth_type": "basic", "auth_username": "lt-user", "auth_password": secret}
        self.keeps(stored, "Authorization", f"Basic {pair}")

    @task
    def bearer(self) -> None:
        """A bearer token."""
        secret = self.name("secret")
        self.keeps({"auth_type": "bearer", "auth_token": secret}, "Authorization", f"Bearer {secret}")

    @task
    def headers(self) -> None:
        """A header of the server's own."""
        secret = self.name("secret")
        stored = {"auth_type": "authheaders", "auth_headers": [{"key": SECRET_HEADER, "value": secret}]}
        self.keeps(stored, SECRET_HEADER, secret)

    @task
    def client_credentials(self) -> None:
        """A token that the gateway obtains with its client credentials."""
        secret = self.name("secret")
        config = {
            "grant_type": "client_credentials",
            "client_id": "lt-client",
            "client_secret": secret,
            "token_url": f"{self.backend('scripted')}/token/{self.name('client')}",
            "scopes": ["tools"],
        }
        stored = {"auth_type": "oauth", "oauth_config": config}
        self.keeps(stored, "Authorization", f"Bearer client_credentials:lt-client:{secret}")

    def keeps(self, stored: dict[str, Any], header: str, value: str) -> None:
        """Register a server with credentials, call it, update its description, and call it again."""
        name = self.name("gateway")
        scripted = self.backend("scripted")
        body = new_gateway(name, f"{scripted}/plain/{name}/mcp", **stored)
        with self.created(
            "POST /gateways",
            json=body,
            delete="DELETE /gateways/{gateway_id}",
            differs=(*ADDRESS, *CREDENTIALS),
        ) as gateway:
            self.call_tool(name, check=lambda _: self.received(name, header, value))
            # The update is what loses them, so its failure is reported.
            self.call(
                "PUT /gateways/{gateway_id}",
                gateway_id=gateway.id,
                json={"description": self.name("description")},
                effect=lambda _: self.received_again(name, header, value),
            )

    def call_tool(self, name: str, *, check: Check | None = None) -> None:
        """Call the tool of the server ``name``."""
        text = self.name("text")
        answered = called("echo", text)
        self.rpc(
            "POST /rpc tools/call",
            {"name": f"{name}-echo", "arguments": {"text": text}},
            check=lambda answer: answered(answer) or (check(answer) if check else None),
        )

    def received(self, name: str, header: str, value: str) -> Mismatch | None:
        """Return a mismatch if the server ``name`` did not receive ``header`` with this ``value`` in its last call."""
        return carries(ask_scripted(self.backend("scripted"), "GET", f"/received/{name}"), header, value)

    def received_again(self, name: str, header: str, value: str) -> Mismatch | None:
        """Call the tool again and return what :meth:`received` does."""
        self.call_tool(name)
        return self.received(name, header, value)
