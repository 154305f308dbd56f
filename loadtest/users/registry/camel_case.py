"""Entities that are created with the names of properties in camel case, in which the gateway shows them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from loadtest.users.base import task
from loadtest.users.registry.fixtures import (
    ADDRESS,
    INFO,
    RegistryUser,
    camel,
    new_gateway,
    new_resource,
)

HEADERS = ["X-Load-Test"]
SECRETS = ("authToken",)
"""Properties that the gateway masks."""


class CamelCaseUser(RegistryUser):
    """A program that sends back what the gateway has shown."""

    area = "registry"

    @task
    def camel_case_resource(self) -> None:
        """A resource, with ``mimeType``."""
        body = new_resource(self.name("resource"))
        body["resource"] = camel_case(body["resource"] | {"mime_type": "text/markdown"})
        with self.created("POST /resources", json=body, delete="DELETE /resources/{resource_id}", read=INFO):
            pass

    @task
    def camel_case_gateway(self) -> None:
        """A federated server, with ``authType``, ``authToken`` and ``passthroughHeaders``."""
        body = camel_case(
            new_gateway(
                self.name("gateway"),
                self.backend("mcp_small"),
                auth_type="bearer",
                auth_token=self.secret(),
                passthrough_headers=HEADERS,
            )
        )
        with self.created(
            "POST /gateways",
            json=body,
            delete="DELETE /gateways/{gateway_id}",
            differs=(*ADDRESS, *SECRETS),
        ):
            pass


def camel_case(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``body`` with its properties in camel case."""
    return {camel(key): value for key, value in body.items()}
