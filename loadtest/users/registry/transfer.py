"""Export and import of configuration, here into the same gateway."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from loadtest.users.base import task
from loadtest.users.checks import both, exports, has, imports, lacks_kinds, lists
from loadtest.users.registry.fixtures import RegistryUser

SKIP: dict[str, Any] = {"conflict_strategy": "skip", "dry_run": False}
"""Existing entities are not changed."""
REHEARSE: dict[str, Any] = {"conflict_strategy": "skip", "dry_run": True}
EVERYTHING: dict[str, str | int | bool] = {"limit": 0}
OLD = {"max_age_hours": 24}


class ExportImportUser(RegistryUser):
    """A user who manages the configuration in a file."""

    area = "transfer"
    weight = 1

    @task(2)
    def move(self) -> None:
        """A tool is exported, deleted and imported again."""
        with self.tool(tags=[]) as tool:
            exported = self.call(
                "POST /export/selective",
                params={"include_dependencies": False},
                json={"tools": [tool.id]},
                check=exports("tools", tool["name"], among={"tools"}),
            )
        with self.imported(tool["name"], EVERYTHING):
            status = self.bring(exported.json, SKIP, created=1)
            self.call(
                "GET /import/status/{import_id}",
                import_id=status,
                check=both(has("status", "completed"), has("import_id", status), has("progress.created", 1)),
            )

    @task
    def move_tagged(self) -> None:
        """A tool with a tag is exported, deleted and imported again."""
        tag = self.name("tag")
        with self.tool(tags=[tag]) as tool:
            exported = self.call(
                "POST /export/selective",
                json={"tools": [tool.id]},
                check=exports("tools", tool["name"], among={"tools"}),
            )
        with self.imported(tool["name"], {"tags": tag}):
            self.bring(exported.json, SKIP, created=1)

    @task(2)
    def rehearsal(self) -> None:
        """A dry-run import on a gateway that already has all entities."""
        with self.prompt() as prompt:
            exported = self.call(
                "POST /export/selective",
                params={"include_dependencies": True},
                json={"prompts": [prompt.id]},
                check=exports("prompts", prompt["name"], among={"prompts"}),
            )
            status = self.bring(exported.json, REHEARSE, created=0)
        self.call("GET /import/status", check=lists(status, key="import_id"))
        self.call("POST /import/cleanup", params=OLD, check=has("status", "success"))

    @task
    def whole(self) -> None:
        """All entities of some kinds are exported to one file."""
        tag = self.name("tag")
        with self.server(tags=[tag]) as server:
            self.call(
                "GET /export",
                params={"types": "servers,prompts", "include_dependencies": True, "include_inactive": False},
                check=both(exports("servers", server["name"]), lacks_kinds("tools", "resources", "gateways")),
            )
            self.call(
                "GET /export",
                params={
                    "export_format": "json",
                    "exclude_types": "tools,resources,prompts,gateways,roots",
                    "tags": tag,
                    "include_inactive": True,
                    "include_dependencies": False,
                },
                check=exports("servers", server["name"], among={"servers"}),
            )

    def bring(self, exported: Any, how: dict[str, Any], *, created: int) -> str:
        """Import what was exported and check that nothing failed; return the id of the import.

        An older gateway reads the options in the query, a newer one in the body.
        """
        answer = self.call(
            "POST /import", params=how, json={"import_data": exported, **how}, check=imports(created)
        )
        return str(answer["import_id"])

    @contextmanager
    def imported(self, name: str, among: dict[str, str | int | bool]) -> Iterator[None]:
        """Delete what the ``with`` block imports: the tool ``name``, which is ``among`` those of a query."""
        try:
            yield
        finally:
            for tool in self.call("GET /tools", params=among).json:
                if tool["name"] == name:
                    self.delete("DELETE /tools/{tool_id}", tool_id=tool["id"])
