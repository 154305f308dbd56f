"""MCP servers that page their lists, offer an invalid tool, are slow, drop connections, go away and return."""

from __future__ import annotations

from typing import Any

from loadtest.backends.settings import BROKEN, ERRORS, FAILING, PROMPTS, RESOURCES, TOOLS
from loadtest.client.answer import Answer
from loadtest.client.mismatch import Mismatch, expected
from loadtest.client.protocols import jsonrpc
from loadtest.users.base import task
from loadtest.users.checks import ANSWERED, refreshed, skips
from loadtest.users.federation.checks import (
    called,
    calls_fail,
    fails_with,
    lists_names,
    prompts_for,
    while_held,
)
from loadtest.users.federation.scripted import REFRESH, ScriptedServersUser

FAILURES = (400, 404, 500, 502, 503)
"""Statuses of a read whose server fails."""


class FederatedServersUser(ScriptedServersUser):
    """A user who federates servers that do not behave like the examples of the specification."""

    area = "gateways"

    @task
    def paged(self) -> None:
        """Every page of a server's lists is federated."""
        with self.scripted("paged") as gateway:
            everything = {"gateway_id": gateway.id, "limit": 0}
            self.call("GET /tools", params=everything, check=lists_names(TOOLS["paged"]))
            self.call("GET /prompts", params=everything, check=lists_names(PROMPTS))
            self.call("GET /resources", params=everything, check=lists_names(RESOURCES))
            self.call_tool(gateway["name"], TOOLS["paged"][-1])
            who = self.name("who")
            self.rpc(
                "POST /rpc prompts/get",
                {"name": f"{gateway['name']}-{PROMPTS[0]}", "arguments": {"who": who}},
                check=prompts_for(f"{PROMPTS[0]} greets {who}"),
            )

    @task
    def invalid_tool(self) -> None:
        """An invalid tool of a server does not prevent its other tools, and is named."""
        with self.scripted("invalid", check=skips(BROKEN)) as gateway:
            valid = [name for name in TOOLS["invalid"] if name != BROKEN]
            self.call(
                "GET /tools",
                params={"gateway_id": gateway.id, "limit": 0},
                check=lists_names(valid, without=[BROKEN]),
            )
            for name in valid:
                self.call_tool(gateway["name"], name)

    @task
    def refresh(self) -> None:
        """A refresh counts the tools that a server added, changed and removed, and names an invalid one."""
        with self.scripted("changing") as gateway:
            own: dict[str, Any] = {"gateway_id": gateway.id}
            every = {"gateway_id": gateway.id, "limit": 0}
            self.call("GET /tools", params=every, check=lists_names(TOOLS["changing"]))
            self.control("PUT", f"/change/{gateway['name']}")
            now = lists_names([name for name in TOOLS["changed"] if name != BROKEN], without=[BROKEN])

            def effect(_: Answer) -> Mismatch | None:
                return now(self.call("GET /tools", params=every))

            self.call(
                REFRESH,
                check=refreshed(added=1, updated=1, dropped=1, rejected=[BROKEN]),
                effect=effect,
                **own,
            )

    @task
    def away(self) -> None:
        """A server that does not respond for a while is used again after its return."""
        with self.scripted("away") as gateway:
            self.call_tool(gateway["name"], "echo")
            name = gateway["name"]
            self.control("PUT", f"/away/{name}?away=true")
            try:
                self.call_failing(name, "echo")
            finally:
                self.control("PUT", f"/away/{name}?away=false")
            self.call(REFRESH, gateway_id=gateway.id)
            self.call_tool(name, "echo")

    @task
    def slow(self) -> None:
        """A tool that does not answer yet does not delay the call of another one."""
        data = self.process.session.data
        if data is not None and data.turns is not None:
            return  # calls of this version are not concurrent
        with self.scripted("slow") as gateway, self.scripted("plain") as other:
            name = gateway["name"]
            with self.meanwhile(lambda: self.call_tool(name, "wait")):
                try:
                    if self.control("GET", f"/held/{name}")["held"]:
                        text = self.name("text")
                        self.rpc(
                            "POST /rpc tools/call",
                            {"name": f"{other['name']}-echo", "arguments": {"text": text}},
                            check=while_held(
                                called("echo", text),
                                lambda: bool(self.control("PUT", f"/release/{name}")["released"]),
                            ),
                        )
                finally:
                    self.control("PUT", f"/release/{name}")

    @task
    def dropping(self) -> None:
        """A connection that a server closes during a call is a failed call, and the next one succeeds."""
        with self.scripted("dropping") as gateway:
            self.call_failing(gateway["name"], "drop")
            self.call_tool(gateway["name"], "echo")

    @task
    def failing(self) -> None:
        """A server whose tool, resource and prompt cannot be used: each use is a failure, with an error."""
        with self.scripted("failing") as gateway:
            own = {"gateway_id": gateway.id, "limit": 0}
            resource = self.call("GET /resources", params=own, check=lists_names([FAILING]))["0"]
            prompt = self.call("GET /prompts", params=own, check=lists_names([FAILING]))["0"]
            uses: tuple[tuple[str, dict[str, Any]], ...] = (
                ("POST /rpc tools/call", {"name": f"{gateway['name']}-fail", "arguments": {}}),
                ("POST /rpc resources/read", {"uri": resource["uri"]}),
                ("POST /rpc prompts/get", {"name": prompt["name"], "arguments": {"who": "Ada"}}),
            )
            for operation, params in uses:
                asked = jsonrpc.request(operation.rpartition(" ")[2], params, self.name("call"))
                self.call(operation, json=asked, unlisted=True, refusals=ANSWERED, effect=calls_fail)
            self.call(
                "GET /resources/{resource_id}",
                resource_id=str(resource["id"]),
                refusals=FAILURES,
                check=lambda a: expected("the failure of the server", a.text),
            )

    @task
    def error_code(self) -> None:
        """The code of the error of a server is part of the result of its tool."""
        with self.scripted("failing") as gateway:
            called = {"name": f"{gateway['name']}-fail", "arguments": {}}
            asked = jsonrpc.request("tools/call", called, self.name("call"))
            self.call(
                "POST /rpc tools/call",
                json=asked,
                unlisted=True,
                refusals=ANSWERED,
                effect=lambda a: fails_with(ERRORS["tools/call"], a),
            )
