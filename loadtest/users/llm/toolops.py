"""ToolOps: an agent based on a model tests tools with natural-language requests."""

from __future__ import annotations

from loadtest.client.mismatch import expected
from loadtest.users.base import GatewayUser, task
from loadtest.users.checks import has, repeats_tool_result

GENERATED = "POST /toolops/validation/generate_testcases"
"""Generates test cases, which needs a package that is not installed, or returns their state."""


class ToolOpsUser(GatewayUser):
    """A user who tests the quality of tools."""

    area = "toolops"

    @task
    def tries_out(self) -> None:
        """A tool of the MCP backend, which the agent calls, and a remark that calls none."""
        text = self.name("text")
        utterances = [f'call echo {{"text": "{text}"}}', "Hello"]
        self.call(
            "POST /toolops/validation/execute_tool_nl_testcases",
            json={"tool_id": self.fixture.tool_ids["echo"], "tool_nl_test_cases": utterances},
            check=repeats_tool_result(text, "You said: Hello"),
        )

    @task
    def asks(self) -> None:
        """State and list of test cases that were not generated."""
        tool = {"tool_id": self.fixture.tool_ids["echo"]}
        self.call(GENERATED, params=tool | {"mode": "status"}, check=has("0.status", "not-initiated"))
        self.call(
            GENERATED,
            params=tool | {"mode": "query"},
            check=lambda a: None if a.json == [] else expected("no test cases", a.json),
        )
