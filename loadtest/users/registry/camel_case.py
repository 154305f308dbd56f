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
    new_tool,
)

HEADERS = ["X-Load-Test"]
SECRETS = ("authToken",)
"""Properties that the gateway masks."""
KEPT = ("team_id", "integration_type")
"""Members beside the entity, and the property that the gateway derives others from only in this spelling."""
ENTITIES = ("tool", "resource")
"""Members of a body that are the entity."""


class CamelCaseUser(RegistryUser):
    """A program that sends back what the gateway has shown."""

    area = "registry"

    @task
    def camel_case_tool(self) -> None:
        """A tool, with ``requestType`` and ``jsonpathFilter``."""
        body = camel_case(new_tool(self.name("tool"), self.backend("rest"), jsonpath_filter="$.text"))
        with self.created("POST /tools", json=body, delete="DELETE /tools/{tool_id}"):
            pass

    @task
    def camel_case_resource(self) -> None:
        """A resource, with ``mimeType``."""
        body = camel_case(new_resource(self.name("resource")))
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
    """Return ``body`` with the properties of its entity in camel case."""
    return {
        key if key in KEPT else camel(key): camel_case(value) if key in ENTITIES else value
        for key, value in body.items()
    }
