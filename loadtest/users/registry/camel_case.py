"""Entities of every kind, created with the names of properties in camel case, in which the gateway shows them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from loadtest.users.base import task
from loadtest.users.checks import has
from loadtest.users.registry.fixtures import (
    ADDRESS,
    INFO,
    PARTS,
    RegistryUser,
    camel,
    new_agent,
    new_gateway,
    new_resource,
    new_server,
    new_tool,
)

HEADERS = ["X-Load-Test"]
SECRETS = ("authToken",)
"""Properties that the gateway masks."""


class CamelCaseUser(RegistryUser):
    """A program that sends back what the gateway has shown."""

    area = "registry"

    @task
    def camel_case_tool(self) -> None:
        """A tool, with ``integrationType`` and ``requestType``."""
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
    def camel_case_server(self) -> None:
        """A virtual server, with ``associatedTools``."""
        tools = [self.fixture.tool_ids["echo"]]
        body = camel_case(new_server(self.name("server"), associated_tools=tools))
        parts = [camel(one) for one in PARTS]
        with self.created(
            "POST /servers", json=body, delete="DELETE /servers/{server_id}", differs=parts
        ) as server:
            listed = has("0.id", tools[0])
            self.call("GET /servers/{server_id}/tools", server_id=server.id, check=listed)

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

    @task
    def camel_case_agent(self) -> None:
        """An agent, with ``endpointUrl`` and ``agentType``."""
        body = camel_case(new_agent(self.name("agent"), self.backend("a2a")))
        with self.created("POST /a2a", json=body, delete="DELETE /a2a/{agent_id}"):
            pass


def camel_case(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``body`` with the properties of its entity in camel case."""
    return {
        key: {camel(name): one for name, one in value.items()} if isinstance(value, Mapping) else value
        for key, value in ((key if key in SCOPE else camel(key), value) for key, value in body.items())
    }


SCOPE = ("team_id", "visibility")
"""Members of a body beside the entity."""
