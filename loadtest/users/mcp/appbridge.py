"""The app bridge: a page of a virtual server (MCP Apps) calls tools of the server in a session."""

from __future__ import annotations

from typing import Any

from loadtest.client.mismatch import expected
from loadtest.users.base import GatewayUser, task
from loadtest.users.mcp.jsonrpc import INITIALIZE, says
from loadtest.users.mcp.mcp import ENDED, session_headers
from loadtest.users.registry.fixtures import INFO, PARTS

EXTENSION = "io.modelcontextprotocol/ui"


class AppBridgeUser(GatewayUser):
    """A person with an app open in a chat."""

    area = "appbridge"

    @task
    def app(self) -> None:
        """A page, a tool that it may call, and a server of both; a session opens the page, which calls the tool."""
        if not self.offers("POST /appbridge/sessions"):
            return
        page = self.page()
        with (
            self.created(
                "POST /resources", json=page, delete="DELETE /resources/{resource_id}", read=INFO
            ) as resource,
            self.created(
                "POST /tools", json=self.tool(resource["uri"]), delete="DELETE /tools/{tool_id}"
            ) as tool,
            self.created(
                "POST /servers",
                json=self.server(resource.id, tool.id),
                delete="DELETE /servers/{server_id}",
                differs=PARTS,
            ) as server,
        ):
            headers = session_headers(self.rpc("POST /mcp/ initialize", INITIALIZE))
            try:
                opened = self.call(
                    "POST /appbridge/sessions",
                    json={"resourceUri": resource["uri"], "serverId": server.id},
                    headers=headers,
                    check=lambda a: None if a["appSessionId"] else expected("the id of a session", a.json),
                )
                text = self.name("text")
                self.rpc(
                    "POST /appbridge/sessions/{app_session_id}/rpc tools/call",
                    {"name": tool["name"], "arguments": {"text": text}},
                    app_session_id=str(opened["appSessionId"]),
                    headers=headers,
                    check=says(text),
                )
            finally:
                self.delete("DELETE /mcp/", headers=headers, unlisted=True, identity="session", read=ENDED)

    def page(self) -> dict[str, Any]:
        """Return a new page."""
        name = self.name("page")
        interface = {"csp": {"connectDomains": ["https://app.example.com"]}, "sandbox": ["allow-scripts"]}
        return {
            "resource": {
                "uri": f"ui://{name}",
                "name": name,
                "mime_type": "text/html;profile=mcp-app",
                "content": "A page.",
                "extensionMetadata": {EXTENSION: interface},
            },
            "visibility": "public",
        }

    def tool(self, page: str) -> dict[str, Any]:
        """Return a new tool that the page may call."""
        return {
            "tool": {
                "name": self.name("tool"),
                "url": f"{self.backend('rest')}/echo",
                "description": "Answers with what it was sent.",
                "integration_type": "REST",
                "request_type": "POST",
                "input_schema": {"type": "object", "properties": {"text": {"type": "string"}}},
                "extensionMetadata": {EXTENSION: {"resourceUri": page, "visibility": ["model", "app"]}},
            },
            "visibility": "public",
        }

    def server(self, resource: str, tool: str) -> dict[str, Any]:
        """Return a new virtual server of the page and the tool."""
        return {
            "server": {
                "name": self.name("server"),
                "associated_resources": [resource],
                "associated_tools": [tool],
            },
            "visibility": "public",
        }
