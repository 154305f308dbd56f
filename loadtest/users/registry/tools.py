"""Tools: REST tools, their creation from an OpenAPI document, and plugin bindings."""

from __future__ import annotations

from loadtest.client.answer import Answer
from loadtest.client.mismatch import expected
from loadtest.users.base import task
from loadtest.users.checks import has, lists
from loadtest.users.registry.fixtures import RegistryUser, new_tool

PLUGIN = "OutputLengthGuardPlugin"
PRIORITY = 10
PREVIEW = "POST /tools/preview/{name}"


class ToolsUser(RegistryUser):
    """A user who publishes a REST service as tools."""

    area = "tools"
    weight = 4

    @task(5)
    def lifecycle(self) -> None:
        """A REST tool is created, called and deleted."""
        tag = self.name("tag")
        with self.tool(tags=[tag]) as tool:
            self.call("GET /tools/{tool_id}", tool_id=tool.id, check=has("id", tool.id))
            self.call("GET /tools", params={"tags": tag}, check=lists(tool.id))
            self.call_tool(tool)

    @task(2)
    def lookup(self) -> None:
        """A tool whose argument is sent in the query."""
        more = {"request_type": "GET"}
        with self.created(
            "POST /tools/",
            json=new_tool(self.name("tool"), self.backend("rest"), **more),
            delete="DELETE /tools/{tool_id}",
        ) as tool:
            self.call("GET /tools/", params={"limit": 5})
            self.call_tool(tool)

    @task
    def preview(self) -> None:
        """A dry run of a tool call, with and without its argument."""
        if not self.offers(PREVIEW):
            return
        with self.tool() as tool:
            text = {"text": self.name("text")}
            self.call(
                PREVIEW, name=tool["name"], json={"arguments": text}, check=has("resolvedArguments", text)
            )
            self.call(PREVIEW, name=tool["name"], json={"arguments": {}}, check=has("validated", False))

    @task
    def schemas(self) -> None:
        """The schemas of a tool, read from its service's OpenAPI document."""
        self.call(
            "POST /tools/generate-schemas-from-openapi",
            json={"url": f"{self.backend('rest')}/echo", "request_type": "POST"},
            check=has("input_schema.properties.text.type", "string"),
        )

    @task
    def bindings(self) -> None:
        """A plugin is bound to every tool of a team, and unbound by its ID."""
        if not self.offers("POST /tools/plugin_bindings/"):
            return
        with self.team() as team:
            bound = self.bind(team.id, self.name("binding"))
            try:
                self.call(
                    "GET /tools/plugin_bindings/{team_id}",
                    team_id=team.id,
                    check=has("bindings.0.id", bound["bindings.0.id"]),
                )
            finally:
                self.call(
                    "DELETE /tools/plugin_bindings/{binding_id}", binding_id=str(bound["bindings.0.id"])
                )

    @task
    def bindings_by_reference(self) -> None:
        """A plugin is bound with an external reference, found and unbound by it."""
        if not self.offers("POST /tools/plugin_bindings/"):
            return
        with self.team() as team:
            reference = {"binding_reference_id": self.name("binding")}
            self.bind(team.id, reference["binding_reference_id"])
            try:
                self.call("GET /tools/plugin_bindings/", params=reference, check=has("total", 1))
            finally:
                self.call("DELETE /tools/plugin_bindings/", params=reference, check=has("total", 1))

    def bind(self, team: str, reference: str) -> Answer:
        """Bind a plugin to every tool of ``team``."""
        policy = {
            "tool_names": ["*"],
            "plugin_id": PLUGIN,
            "mode": "permissive",
            "priority": PRIORITY,
            "config": {},
            "binding_reference_id": reference,
        }
        return self.call(
            "POST /tools/plugin_bindings/",
            json={"teams": {team: {"policies": [policy]}}},
            check=has("total", 1),
        )

    def call_tool(self, tool: Answer) -> None:
        """Call an echo tool and check its result."""
        text = self.name("text")
        self.rpc(
            "POST /rpc tools/call",
            {"name": tool["name"], "arguments": {"text": text}},
            check=lambda a: (
                None
                if text in a["result.content.0.text"]
                else expected("the tool to echo the text", a["result"])
            ),
        )
