"""ToolOps: an agent that a model drives tries a tool out by what a person might say."""

from __future__ import annotations

from loadtest.client.mismatch import expected
from loadtest.users.base import GatewayUser, task
from loadtest.users.checks import has, retells

GENERATED = "POST /toolops/validation/generate_testcases"
"""Generates test cases, or says what has become of them; the former needs a package that is not installed."""


class ToolOpsUser(GatewayUser):
    """A user who manages the quality of tools."""

    area = "toolops"

    @task
    def tries_out(self) -> None:
        """A tool of the MCP backend, which the agent calls, and a remark that calls none."""
        text = self.name("text")
        utterances = [f'call echo {{"text": "{text}"}}', "Hello"]
        self.call(
            "POST /toolops/validation/execute_tool_nl_testcases",
            json={"tool_id": self.fixture.tool_ids["echo"], "tool_nl_test_cases": utterances},
            check=retells(text, "You said: Hello"),
        )

    @task
    def asks(self) -> None:
        """Test cases that were never generated: their state, and an empty list."""
        tool = {"tool_id": self.fixture.tool_ids["echo"]}
        self.call(GENERATED, params=tool | {"mode": "status"}, check=has("0.status", "not-initiated"))
        self.call(
            GENERATED,
            params=tool | {"mode": "query"},
            check=lambda a: None if a.json == [] else expected("no test cases", a.json),
        )
