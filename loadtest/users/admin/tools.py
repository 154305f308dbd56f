"""Tools by the forms of the admin UI: REST tools one by one, many at once, and from an OpenAPI document."""

from __future__ import annotations

from typing import Any

import msgspec

from loadtest.users.admin.checks import finds, shows, succeeded, went_back
from loadtest.users.admin.forms import OFF, ON, PURGE, AdminUser
from loadtest.users.base import task
from loadtest.users.checks import has
from loadtest.users.registry.fixtures import DESCRIPTION, TEXT_ARGUMENT

CHANGED = "Changed by form."


class AdminToolsUser(AdminUser):
    """A user who manages REST tools."""

    area = "admin-tools"
    weight = 2

    @task(2)
    def lifecycle(self) -> None:
        """A tool is created and deleted."""
        form = self._form()
        with self.made(
            "POST /admin/tools",
            form,
            search="GET /admin/tools/search",
            delete="POST /admin/tools/{tool_id}/delete",
        ) as tool:
            changed = form | {"description": CHANGED}
            self.call("POST /admin/tools/{tool_id}/edit", tool_id=tool, form=changed, check=succeeded)
            self.call("GET /admin/tools/{tool_id}", tool_id=tool, check=has("description", CHANGED))
            self.call("GET /admin/tools/partial", params={"q": form["name"]}, check=shows(form["name"]))

    @task(2)
    def states(self) -> None:
        """A tool that is switched off and on again; its forms' addresses end in a slash."""
        form = self._form()
        with self.made(
            "POST /admin/tools/",
            form,
            search="GET /admin/tools/search",
            delete="POST /admin/tools/{tool_id}/delete",
        ) as tool:
            self.call("POST /admin/tools/{tool_id}/edit/", tool_id=tool, form=form, check=succeeded)
            for state, enabled in ((OFF, False), (ON, True)):
                self.call("POST /admin/tools/{tool_id}/state", tool_id=tool, form=state, check=went_back)
                self.call("GET /admin/tools/{tool_id}", tool_id=tool, check=has("enabled", enabled))

    @task
    def many(self) -> None:
        """Two tools in one JSON document."""
        tools = [self._record(), self._record()]
        self.call("POST /admin/tools/import", json=tools, check=has("created_count", len(tools)))
        self._remove(tools)

    @task
    def pasted(self) -> None:
        """A JSON document that was pasted into the form."""
        tools = [self._record()]
        form = {"tools_json": msgspec.json.encode(tools).decode()}
        self.call("POST /admin/tools/import/", form=form, check=has("created_count", len(tools)))
        self._remove(tools)

    @task
    def schemas(self) -> None:
        """The schemas of a tool, taken from its service's OpenAPI document."""
        service = self.backend("rest")
        wanted = {"url": f"{service}/echo", "request_type": "POST", "openapi_url": f"{service}/openapi.json"}
        self.call(
            "POST /admin/tools/generate-schemas-from-openapi",
            json=wanted,
            check=finds("input_schema.properties.text"),
        )

    def _remove(self, tools: list[dict[str, Any]]) -> None:
        with self.undoing():
            for tool in tools:
                named = {"q": tool["name"]}
                found = self.call("GET /admin/tools/search", params=named, check=finds("items.0.id"))
                identity = str(found["items.0.id"])
                self.call("POST /admin/tools/{tool_id}/delete", tool_id=identity, form=PURGE, check=went_back)

    def _form(self) -> dict[str, str]:
        name = self.name("tool")
        return {
            "name": name,
            "customName": name,
            "url": f"{self.backend('rest')}/echo",
            "integrationType": "REST",
            "requestType": "POST",
            "description": DESCRIPTION,
            "input_schema": msgspec.json.encode(TEXT_ARGUMENT).decode(),
            "headers": "{}",
            "visibility": "public",
        }

    def _record(self) -> dict[str, Any]:
        return {
            "name": self.name("tool"),
            "url": f"{self.backend('rest')}/echo",
            "integration_type": "REST",
            "request_type": "POST",
            "description": DESCRIPTION,
            "input_schema": TEXT_ARGUMENT,
        }
