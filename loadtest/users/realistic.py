"""The realistic mix: typical requests, in about the proportions of a working day."""

from __future__ import annotations

from loadtest.client.mismatch import expected
from loadtest.users.base import GatewayUser, task
from loadtest.users.checks import is_ready
from loadtest.users.mcp.jsonrpc import NOON_IN_TOKYO, NOON_IN_UTC, ZONES, lists_at, says

LISTS = ("GET /tools", "GET /resources", "GET /prompts", "GET /servers", "GET /gateways")
PAGE = {"limit": 50}


class RealisticUser(GatewayUser):
    """Agents that list and call tools, a person who browses, and health probes."""

    area = "realistic"
    weight = 10

    @task(10)
    def agent(self) -> None:
        """An agent lists the tools and calls one."""
        self.rpc("POST /rpc tools/list", check=lists_at("tools"))
        text = self.name("text")
        self.rpc(
            "POST /rpc tools/call",
            {"name": self.fixture.tools["echo"], "arguments": {"text": text}},
            check=says(text),
        )

    @task(6)
    def clock(self) -> None:
        """An agent requests the time and converts it to another time zone."""
        self.rpc(
            "POST /rpc tools/call",
            {"name": self.fixture.tools["get_system_time"], "arguments": {"timezone": "UTC"}},
            check=says("+00:00"),
        )
        self.rpc(
            "POST /rpc tools/call",
            {"name": self.fixture.tools["convert_time"], "arguments": ZONES | {"time": NOON_IN_UTC}},
            check=says(NOON_IN_TOKYO),
        )

    @task(4)
    def lists(self) -> None:
        """A person lists entities."""
        for operation in LISTS:
            self.call(operation, params=PAGE)

    @task(3)
    def items(self) -> None:
        """A person opens single entities."""
        self.call(
            "GET /tools/{tool_id}",
            tool_id=self.fixture.tool_ids["echo"],
            check=lambda a: (
                None
                if a["name"] == self.fixture.tools["echo"]
                else expected("the tool that was asked for", a["name"])
            ),
        )
        self.call("GET /servers/{server_id}", server_id=self.fixture.server_id or "")
        self.call("GET /gateways/{gateway_id}", gateway_id=self.fixture.gateway_id or "")

    @task(3)
    def probes(self) -> None:
        """An orchestrator checks the health of the gateway."""
        self.call(
            "GET /health",
            bearer="",
            check=lambda a: None if a["status"] == "healthy" else expected("the status healthy", a.text),
        )
        self.call("GET /ready", bearer="", check=is_ready)

    @task
    def administrator(self) -> None:
        """The administrator opens the page."""
        self.call(
            "GET /admin/",
            headers={"Accept": "text/html"},
            check=lambda a: None if "<html" in a.text[:2000].lower() else expected("a page of HTML", a.text),
        )
