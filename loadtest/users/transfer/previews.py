"""The preview of a file: what exists already, what belongs to a gateway, and what a server needs."""

from __future__ import annotations

from typing import Any

from loadtest.users.base import task
from loadtest.users.checks import both
from loadtest.users.registry.fixtures import DESCRIPTION
from loadtest.users.transfer.checks import previews_item, previews_whole
from loadtest.users.transfer.fixtures import TransferUser, envelope

PREVIEW = "POST /admin/import/preview"


class ImportPreviewUser(TransferUser):
    """A user who looks at a file before it is imported."""

    area = "admin-transfer"

    @task
    def relations(self) -> None:
        """A gateway, a tool and a prompt that belong to it, and a server that needs them."""
        gateway, server, tool = self.name("gateway"), self.name("server"), self.name("tool")
        prompt = {"name": self.name("prompt"), "template": "Greet.", "description": DESCRIPTION}
        needs = {"tools": [tool], "resources": [], "prompts": [prompt["name"]]}
        described = {"description": DESCRIPTION}
        rest_tool = self.rest_tool(tool, gateway) | described
        file: dict[str, list[dict[str, Any]]] = {
            "gateways": [{"name": gateway, "url": self.backend("mcp_small"), **described}],
            "tools": [rest_tool | {"gateway_name": gateway}, self.rest_tool(self.name("tool"), gateway)],
            "prompts": [prompt | {"gateway_name": gateway}],
            "servers": [
                {"name": server, **described, **{f"associated_{kind}": one for kind, one in needs.items()}}
            ],
        }
        bundle = {
            "gateway": {"name": gateway, **described},
            "items": {
                "tools": [{"id": tool, "name": tool, **described}],
                "resources": [],
                "prompts": [{"id": prompt["name"], "name": prompt["name"], **described}],
            },
            "total_items": 2,
        }
        required = {"server": {"name": server, **described}, "requires": needs, "total_dependencies": 2}
        self.call(
            PREVIEW,
            json={"data": envelope(file)},
            check=both(
                previews_whole("bundles", {gateway: bundle}),
                previews_whole("dependencies", {server: required}),
                previews_whole("summary.by_type", {kind: len(entries) for kind, entries in file.items()}),
                previews_item("tools", {"is_gateway_item": True, "is_custom": False}),
                previews_item("servers", {"is_custom": True, "conflicts_with": False}),
                previews_whole("conflicts", {}),
            ),
        )

    @task
    def conflicts(self) -> None:
        """Entities that exist already."""
        with self.tool() as tool, self.prompt() as prompt, self.resource() as resource:
            file = {
                "tools": [self.rest_tool(tool["name"], self.name("tag")) | {"description": DESCRIPTION}],
                "prompts": [{"name": prompt["name"], "template": "Greet."}],
                "resources": [{"name": resource["name"], "uri": resource["uri"]}],
            }
            stated = {"name": tool["name"], "type": "name_conflict", "description": DESCRIPTION}
            exists = [previews_item(kind, {"conflicts_with": True}) for kind in file]
            self.call(
                PREVIEW,
                json={"data": envelope(file)},
                check=both(*exists, previews_whole("conflicts.tools", [stated])),
            )

    @task
    def existing_server(self) -> None:
        """A virtual server that exists already."""
        with self.server() as server:
            file = {"servers": [{"name": server["name"], "description": DESCRIPTION}]}
            self.call(
                PREVIEW,
                json={"data": envelope(file)},
                check=previews_item("servers", {"name": server["name"], "conflicts_with": True}),
            )
