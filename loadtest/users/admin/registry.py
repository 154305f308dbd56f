"""The registry of MCP servers that the gateway offers to federate, as the admin UI shows it."""

from __future__ import annotations

import random
from typing import Any

from loadtest.client.mismatch import refused
from loadtest.users.admin.checks import finds, mentions, previews, registered, registered_all, shows
from loadtest.users.admin.forms import AdminUser
from loadtest.users.base import task
from loadtest.users.checks import has

AVAILABLE = {"show_available_only": True, "limit": 100}
TRIES = 4
"""Servers that are tried in turn, because several users may choose the same one at the same time."""


class AdminRegistryUser(AdminUser):
    """A user who browses the registry and federates its servers."""

    area = "admin-registry"

    @task(2)
    def looks(self) -> None:
        """The registry as a page and as a list, and the availability of one of its servers."""
        self.call("GET /admin/mcp-registry/partial", check=shows("Load test"))
        listed = self.call(
            "GET /admin/mcp-registry/servers", params={"limit": 10}, check=finds("servers.0.id")
        )
        self.call(
            "GET /admin/mcp-registry/{server_id}/status",
            server_id=str(listed["servers.0.id"]),
            check=lambda a: (
                None if a["is_available"] is True else refused("an agent that is available", a["error"])
            ),
        )

    @task
    def registers(self) -> None:
        """A server of the registry that is federated under another name."""
        for server in self._some():
            answer = self.call(
                "POST /admin/mcp-registry/{server_id}/register",
                server_id=server["id"],
                json={"server_id": server["id"], "name": self.name("catalog")},
                check=registered,
            )
            if answer["success"]:
                self.call("DELETE /gateways/{gateway_id}", gateway_id=str(answer["server_id"]))
                return

    @task
    def registers_from_outside(self) -> None:
        """A server of the registry that is federated by the API instead of the admin UI."""
        if not self.offers("POST /catalog/{catalog_id}/register"):
            return
        for server in self._some():
            answer = self.call(
                "POST /catalog/{catalog_id}/register",
                catalog_id=server["id"],
                json={"name": self.name("catalog")},
                accept={409: "another user was faster"},
                check=registered,
            )
            if answer["success"]:
                self.call("DELETE /gateways/{gateway_id}", gateway_id=str(answer["server_id"]))
                return

    @task
    def registers_list(self) -> None:
        """A list of servers that are federated with one request."""
        # One is enough: with more, 1.0.0rc1 keeps SQLite locked for all requests while it connects to the next.
        server = self._some()[0]
        answer = self.call(
            "POST /admin/mcp-registry/bulk-register",
            json={"server_ids": [server["id"]], "skip_errors": True},
            check=registered_all,
        )
        if answer["successful"]:
            self._removes(server)

    def _some(self) -> list[dict[str, Any]]:
        listed = self.call("GET /admin/mcp-registry/servers", params=AVAILABLE, check=finds("servers.0.id"))
        servers: list[dict[str, Any]] = listed["servers"]
        return random.sample(servers, min(TRIES, len(servers)))

    def _removes(self, server: dict[str, Any]) -> None:
        wanted = {"q": server["name"], "limit": 100}
        query = server["url"].partition("?")[2]
        with self.undoing():
            found = self.call("GET /admin/gateways/search", params=wanted, check=finds("items.0.id"))
            gateway = next(one["id"] for one in found["items"] if one["url"].partition("?")[2] == query)
            self.call("DELETE /gateways/{gateway_id}", gateway_id=str(gateway))


class AdminTransferUser(AdminUser):
    """A user who transfers configuration between gateways."""

    area = "admin-transfer"

    @task
    def all_of_it(self) -> None:
        """Every server of the gateway, exported."""
        exported = mentions("entities")
        self.call("GET /admin/export/configuration", params={"types": "servers"}, check=exported)

    @task(2)
    def one_tool(self) -> None:
        """A tool that is exported, previewed and imported in a dry run."""
        with self.tool() as tool:
            exported = self.call(
                "POST /admin/export/selective",
                json={"entity_selections": {"tools": [tool.id]}},
                check=has("entities.tools.0.name", tool["name"]),
            ).json
            self.call("POST /admin/import/preview", json={"data": exported}, check=previews(1))
            trial = {"import_data": exported, "conflict_strategy": "skip", "dry_run": True}
            imported = self.call(
                "POST /admin/import/configuration", json=trial, check=has("progress.failed", 0)
            )
            identity = str(imported["import_id"])
            done = has("status", "completed")
            self.call("GET /admin/import/status/{import_id}", import_id=identity, check=done)
            self.call("GET /admin/import/status", check=finds("0.import_id"))
