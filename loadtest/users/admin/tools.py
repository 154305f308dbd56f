"""Tools by the forms of the admin UI: REST tools one by one, many at once, and from an OpenAPI document."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from loadtest.client.answer import Answer
from loadtest.client.mismatch import Mismatch
from loadtest.users.admin.checks import finds, succeeded, tags_of, went_back
from loadtest.users.admin.forms import PURGE, AdminUser, Kind
from loadtest.users.admin.lists import Shown, has_controls
from loadtest.users.base import task
from loadtest.users.checks import has
from loadtest.users.read_back import Item
from loadtest.users.registry.fixtures import DESCRIPTION, PRIVATE, TEXT_ARGUMENT, new_tool, without_scope

TOOLS = Kind(
    create="POST /admin/tools",
    state="POST /admin/tools/{tool_id}/state",
    delete="POST /admin/tools/{tool_id}/delete",
    search="GET /admin/tools/search",
    listed="GET /admin/tools",
    item="GET /admin/tools/{tool_id}",
    group="tools",
    partial="GET /admin/tools/partial",
    ids="GET /admin/tools/ids",
    ids_at="tool_ids",
    edit="POST /admin/tools/{tool_id}/edit",
)
MORE = {
    "jsonpath_filter": "$.text",
    "query_mapping": '{"text": "q"}',
    "header_mapping": '{"text": "X-Text"}',
    "timeout_ms": "5000",
    "expose_passthrough": "false",
    "allowlist": '["127.0.0.1"]',
    "plugin_chain_pre": '["deny_filter"]',
    "plugin_chain_post": '["pii_filter"]',
}
"""Fields that only the form of a new tool has."""
MORE_STORED = {
    "jsonpathFilter": "$.text",
    "queryMapping": {"text": "q"},
    "headerMapping": {"text": "X-Text"},
    "timeoutMs": 5000,
    "exposePassthrough": False,
    "allowlist": ["127.0.0.1"],
    "pluginChainPre": ["deny_filter"],
    "pluginChainPost": ["pii_filter"],
}
CHANGED = {
    "description": "Changed by form.",
    "requestType": "PUT",
    "input_schema": '{"type": "object", "properties": {"changed": {"type": "string"}}}',
    "output_schema": '{"type": "object", "properties": {"result": {"type": "string"}}}',
    "annotations": '{"title": "Changed"}',
    "headers": '{"X-Load-Test": "changed"}',
    "jsonpathFilter": "$.changed",
    "tags": "changed, by-form",
    "visibility": "private",
}


class AdminToolsUser(AdminUser):
    """A user who manages REST tools."""

    area = "admin-tools"
    weight = 2

    @task(2)
    def lifecycle(self) -> None:
        """A tool is created, changed and deleted; every field of its forms is stored."""
        name, service = self.name("tool"), self.backend("rest")
        form = new_form(name, service) | MORE
        with self.made(TOOLS, form, stored=stored(form) | MORE_STORED) as tool:
            changed = new_form(f"{name}-changed", f"{service}/changed") | CHANGED
            edited = self.stores(TOOLS, tool.id, stored(changed) | {"jsonpathFilter": "$.changed"})
            self.form("POST /admin/tools/{tool_id}/edit", tool.id, changed, check=succeeded, effect=edited)
            self.lists_own(TOOLS, Shown(tool.id, changed["name"]))

    @task
    def controls(self) -> None:
        """The controls to turn pages, renewed alone after a search, are those of the table."""
        name = self.name("tool")
        # Tools of its own only: others come and go between the two requests.
        with self.tool(name=f"{name}-a"), self.tool(name=f"{name}-b"):
            query = {"per_page": 1, "q": name}
            whole = self.call(TOOLS.partial, params=query)
            self.call(TOOLS.partial, params=query | {"render": "controls"}, check=has_controls(whole))

    @task(2)
    def states(self) -> None:
        """A tool of a team, and a public one that is switched off and on again, in every list."""
        self.in_lists(TOOLS, lambda name: new_form(name, self.backend("rest")))

    @task
    def of_other(self) -> None:
        """A tool of another member of a team that is changed by form."""
        name, service = self.name("tool"), self.backend("rest")

        def body(scope: dict[str, str]) -> dict[str, Any]:
            mappings = {"query_mapping": {"text": "q"}, "header_mapping": {"text": "X-Text"}}
            return new_tool(name, service, scope=scope, title="Kept", timeout_ms=15000, **mappings)

        self.changes_of_other(
            TOOLS,
            "POST /tools",
            body,
            "POST /admin/tools/{tool_id}/edit",
            new_form(name, service),
            delete="DELETE /tools/{tool_id}",
            read=Item("GET /tools/{tool_id}"),
        )

    @task
    def slashes(self) -> None:
        """The forms whose addresses end in a slash; a tool is private if the form does not state a visibility."""
        name, service = self.name("tool"), self.backend("rest")
        form = new_form(name, service)
        kind = TOOLS._replace(create="POST /admin/tools/")
        with self.made(kind, without_scope(form), stored=stored(form) | PRIVATE) as tool:
            changed = new_form(f"{name}-changed", service) | CHANGED
            edited = self.stores(TOOLS, tool.id, stored(changed))
            self.form("POST /admin/tools/{tool_id}/edit/", tool.id, changed, check=succeeded, effect=edited)

    @task
    def many(self) -> None:
        """Two tools in one JSON document."""
        tools = [self._record(), self._record()]
        self._imports("POST /admin/tools/import", tools, json=tools)

    @task
    def pasted(self) -> None:
        """A JSON document that was pasted into the form."""
        tools = [self._record()]
        form = {"tools_json": msgspec.json.encode(tools).decode()}
        self._imports("POST /admin/tools/import/", tools, form=form)

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

    def _imports(self, operation: str, tools: list[dict[str, Any]], **body: Any) -> None:
        """Import ``tools``, which must be found with their fields, and delete them."""
        found: dict[str, str] = {}
        responses: list[Answer] = []

        def counted(answer: Answer) -> Mismatch | None:
            responses.append(answer)
            return has("created_count", len(tools))(answer)

        def stored(answer: Answer) -> Mismatch | None:
            for tool in tools:
                found[tool["name"]] = self._id(TOOLS, tool["name"])
                fields = {"name": tool["name"], "url": tool["url"], "description": DESCRIPTION}
                wrong = self.stores(TOOLS, found[tool["name"]], fields)(answer)
                if wrong:
                    return wrong
            return None

        try:
            self.call(operation, check=counted, effect=stored, **body)
        finally:
            # If the load ends before the call, there is nothing to delete.
            with self.undoing():
                for tool in tools if responses else ():
                    identity = found.get(tool["name"]) or self._id(TOOLS, tool["name"])
                    gone = self.finds(TOOLS, tool["name"])
                    self.form(TOOLS.delete, identity, PURGE, check=went_back, effect=gone)

    def _record(self) -> dict[str, Any]:
        return {
            "name": self.name("tool"),
            "url": f"{self.backend('rest')}/echo",
            "integration_type": "REST",
            "request_type": "POST",
            "description": DESCRIPTION,
            "input_schema": TEXT_ARGUMENT,
        }


def new_form(name: str, service: str) -> dict[str, str]:
    """Return the form of a new REST tool."""
    return {
        "name": name,
        "customName": name,
        "displayName": f"{name} shown",
        "url": f"{service}/echo",
        "integrationType": "REST",
        "requestType": "POST",
        "description": DESCRIPTION,
        "input_schema": msgspec.json.encode(TEXT_ARGUMENT).decode(),
        "output_schema": msgspec.json.encode(TEXT_ARGUMENT).decode(),
        "annotations": '{"title": "Echo"}',
        "headers": '{"X-Load-Test": "new"}',
        "tags": "loadtest",
        "visibility": "public",
    }


def stored(form: Mapping[str, str]) -> dict[str, Any]:
    """Return the members of the tool that a form describes."""
    decode = msgspec.json.decode
    return {
        "name": form["name"],
        "displayName": form["displayName"],
        "url": form["url"],
        "integrationType": form["integrationType"],
        "requestType": form["requestType"],
        "description": form["description"],
        "inputSchema": decode(form["input_schema"]),
        "outputSchema": decode(form["output_schema"]),
        "annotations": decode(form["annotations"]),
        "headers": decode(form["headers"]),
        "tags": tags_of(form),
        "visibility": form["visibility"],
        "enabled": True,
    }
