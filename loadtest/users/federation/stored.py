"""Credentials as gateways and agents store them: the properties that contain a secret, and what the server receives."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from loadtest.backends.settings import QUERY
from loadtest.client.answer import Answer
from loadtest.client.backend_probes import ask_scripted
from loadtest.client.caller import Check
from loadtest.users.federation.checks import carries
from loadtest.users.read_back import snake
from loadtest.users.registry.fixtures import ADDRESS, RegistryUser, new_gateway

STORED = "the stored credentials"
"""What a server receives after an update without credentials."""

AUTHORIZATION = "Authorization"
SECRET_HEADER = "X-Api-Key"  # noqa: S105 - the name of a header
SECRET_PARAMETER = "api_key"  # noqa: S105 - the name of a parameter
USER = "lt-user"
CLIENT = "lt-client"


class Stored(NamedTuple):
    """A kind of credentials."""

    properties: Callable[[str], dict[str, Any]]
    """Returns the properties of a gateway with a secret."""
    header: str
    """In which the server receives them; ``QUERY`` for a parameter of its address."""
    value: Callable[[str], str]
    """Returns what the server receives in the header, given the secret."""

    def received(self, secret: str) -> dict[str, str]:
        """Return the header that the server receives."""
        return {self.header: self.value(secret)}

    def with_underscores(self, secret: str) -> dict[str, Any]:
        """Return the properties of an agent or a tool, which have the same names with underscores."""
        return {snake(name): value for name, value in self.properties(secret).items()}


def basic(secret: str) -> str:
    """Return the value of ``Authorization`` with a password."""
    return f"Basic {base64.b64encode(f'{USER}:{secret}'.encode()).decode()}"


PASSWORD = Stored(
    lambda secret: {"authType": "basic", "authUsername": USER, "authPassword": secret}, AUTHORIZATION, basic
)
TOKEN = Stored(
    lambda secret: {"authType": "bearer", "authToken": secret},
    AUTHORIZATION,
    lambda secret: f"Bearer {secret}",
)
HEADERS = Stored(
    lambda secret: {"authType": "authheaders", "authHeaders": [{"key": SECRET_HEADER, "value": secret}]},
    SECRET_HEADER,
    str,
)
HEADER = Stored(
    lambda secret: {"authType": "authheaders", "authHeaderKey": SECRET_HEADER, "authHeaderValue": secret},
    SECRET_HEADER,
    str,
)
"""A header in the older form."""
PARAMETER = Stored(
    lambda secret: {
        "authType": "query_param",
        "authQueryParamKey": SECRET_PARAMETER,
        "authQueryParamValue": secret,
    },
    QUERY,
    lambda secret: f"{SECRET_PARAMETER}={secret}",
)
"""A parameter of the address."""


def client_credentials(token_url: str, scope: str = "tools") -> Stored:
    """Return the secret of an OAuth client, with which the gateway obtains a token from ``token_url``."""

    def properties(secret: str) -> dict[str, Any]:
        config = {
            "grant_type": "client_credentials",
            "client_id": CLIENT,
            "client_secret": secret,
            "token_url": token_url,
            "scopes": [scope],
        }
        return {"authType": "oauth", "oauthConfig": config}

    return Stored(properties, AUTHORIZATION, lambda secret: f"Bearer client_credentials:{CLIENT}:{secret}")


class CredentialsUser(RegistryUser):
    """A user of servers that need credentials."""

    abstract = True

    def token_client(self, scope: str = "tools") -> Stored:
        """Return the secret of a new OAuth client, which obtains a token for ``scope`` from the scripted servers."""
        return client_credentials(f"{self.backend('scripted')}/token/{self.name('client')}", scope)

    @contextmanager
    def server_with(self, stored: Stored, secret: str) -> Iterator[Answer]:
        """Register a scripted server with ``stored`` credentials that have this ``secret`` for the ``with`` block."""
        name = self.name("gateway")
        own = self.spelled("POST /gateways", stored.properties(secret))
        body = new_gateway(name, f"{self.backend('scripted')}/plain/{name}/mcp", **own)
        with self.created(
            "POST /gateways", json=body, delete="DELETE /gateways/{gateway_id}", differs=(*ADDRESS, *own)
        ) as gateway:
            yield gateway

    def receives(
        self, name: str, stored: Stored, secret: str, *, what: str = STORED, method: str = ""
    ) -> Check:
        """Return a check that a server received ``what``, which is ``stored`` with this ``secret``.

        Args:
            name: of the server or agent.
            stored: the kind of credentials.
            secret: their secret.
            what: completes "expected …".
            method: the method of MCP whose last request is looked at; the last request if it is empty.
        """
        path = f"/received/{name}?method={method}" if method else f"/received/{name}"
        return lambda _: carries(
            ask_scripted(self.backend("scripted"), "GET", path),
            stored.header,
            stored.value(secret),
            what=what,
        )
