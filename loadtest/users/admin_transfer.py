"""Configuration that is exported and imported by the admin UI."""

from __future__ import annotations

from loadtest.users.admin_checks import finds, mentions, previews
from loadtest.users.admin_forms import AdminUser
from loadtest.users.base import task
from loadtest.users.checks import has


class AdminTransferUser(AdminUser):
    """Somebody who carries configuration from one gateway to another."""

    area = "admin-transfer"

    @task
    def all_of_it(self) -> None:
        """Every server of the gateway, exported."""
        exported = mentions("entities")
        self.call("GET /admin/export/configuration", params={"types": "servers"}, check=exported)

    @task(2)
    def one_tool(self) -> None:
        """One tool that is exported, looked at, and imported for trial."""
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
