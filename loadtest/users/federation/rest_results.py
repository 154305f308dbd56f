"""Responses of REST services, and requests that are not sent to them: errors, schemas, filters and time limits."""

from __future__ import annotations

from typing import Any

from loadtest.client.answer import Answer
from loadtest.client.caller import Check, Effect
from loadtest.client.mismatch import Mismatch, expected
from loadtest.client.protocols import jsonrpc
from loadtest.users.access.checks import INVALID, is_invalid
from loadtest.users.base import task
from loadtest.users.checks import ANSWERED, both, has
from loadtest.users.federation.checks import (
    calls_fail,
    echoed,
    fails_saying,
    says_only,
    says_text,
    says_value,
    succeeds,
)
from loadtest.users.federation.rest_services import ServiceUser
from loadtest.users.registry.fixtures import new_tool

ANY = {"type": "object"}
"""The schema of a tool that takes every argument."""
NAMED = {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}
"""The schema of a result with a name."""
PLAIN = "text/plain"
LIMIT = 200
"""Milliseconds that a tool may take."""
TOO_LONG = 1.0
"""Seconds that its service takes."""
UNCHANGED = '{"content": [{"type": "text", "text": "a"}], "isError": true, "price": 1}'
"""A response that resembles the result of an MCP server, but has another member."""


class RestResultsUser(ServiceUser):
    """A user whose services respond with more than a result in JSON."""

    area = "tools"

    @task
    def errors(self) -> None:
        """A service that states its error in JSON or as a text, and one that has nothing to say."""
        why = self.name("why")
        with self.service("/answer", inputSchema=ANY) as tool:
            stated: tuple[dict[str, Any], ...] = (
                {"status": 422, "text": f'{{"error": "{why}"}}'},
                {"status": 422, "text": f'{{"error": {{"message": "{why}"}}}}'},
                {"status": 500, "text": why, "type": PLAIN},
            )
            for asked in stated:
                self.run_tool(tool, asked, fails_saying(why))
            self.run_tool(tool, {"status": 204}, succeeds)
            self.run_tool(tool, {"status": 201, "text": f'{{"name": "{why}"}}'}, says_value({"name": why}))

    @task
    def error_detail(self) -> None:
        """A service that states the reason of its error in JSON as it likes: the reason is part of the result."""
        why = self.name("why")
        with self.service("/answer", inputSchema=ANY) as tool:
            stated = {"status": 409, "text": f'{{"detail": "{why}"}}'}
            self.run_tool(tool, stated, fails_saying(why))

    @task
    def schema(self) -> None:
        """A result must have the schema of the tool, and is then part of the response as an object, too."""
        name = self.name("name")
        with self.service("/answer", inputSchema=ANY, outputSchema=NAMED) as tool:
            right = both(succeeds, has("result.structuredContent", {"name": name}))
            self.run_tool(tool, {"text": f'{{"name": "{name}"}}'}, right)
            self.fails(tool, {"text": '{"name": 1}'})
            self.fails(tool, {"text": '{"other": "a"}'})

    @task
    def schema_of_text(self) -> None:
        """A text, which has no schema, is an error of a tool with a schema."""
        text = self.name("text")
        with self.service("/answer", inputSchema=ANY, outputSchema=NAMED) as tool:
            self.run_tool(tool, {"text": text, "type": PLAIN}, fails_saying(text))

    @task
    def selected(self) -> None:
        """A filter selects a part of the result; one that does not fit the result is an error."""
        name = self.name("name")
        with self.service("/answer", inputSchema=ANY, jsonpath_filter=".found.name") as tool:
            found = f'{{"found": {{"name": "{name}"}}, "other": 1}}'
            self.run_tool(tool, {"text": found}, says_value([name]))
            self.fails(tool, {"text": '{"found": 1}'})
            self.fails(tool, {"text": '{"other": 1}'})

    @task
    def result_of_mcp(self) -> None:
        """A response that is the result of an MCP server is passed on; one with other members is a result in JSON."""
        text = self.name("text")
        content = f'"content": [{{"type": "text", "text": "{text}"}}]'
        with self.service("/answer", inputSchema=ANY) as tool:
            self.run_tool(tool, {"text": f'{{{content}, "isError": false}}'}, says_only(text))
            self.run_tool(tool, {"text": f'{{{content}, "isError": true}}'}, fails_saying(text))
            self.run_tool(tool, {"text": UNCHANGED}, both(succeeds, says_text("price")))

    @task
    def time_limit(self) -> None:
        """A service that takes longer than its tool may is not waited for."""
        with self.service("/answer", inputSchema=ANY, timeout_ms=LIMIT) as tool:
            self.run_tool(tool, {"text": '{"name": "soon"}'}, says_value({"name": "soon"}))
            self.fails(tool, {"text": "{}", "seconds": TOO_LONG}, ends_in_time)

    @task
    def unfit_arguments(self) -> None:
        """Arguments that fit neither the path, nor the query, nor a header of the service are refused."""
        with self.service("/received/{part}", inputSchema=ANY) as tool:
            self.fails(tool, {"text": "x"})
        mappings = {"query_mapping": {"text": "q"}, "header_mapping": {"text": "X-Text"}}
        with self.service("/received", request_type="GET", inputSchema=ANY, **mappings) as tool:
            text = self.name("text")
            sent = both(echoed("query", {"q": text}), echoed("headers", {"x-text": text}))
            self.run_tool(tool, {"text": text}, sent)
            for unfit in ({"not": "a text"}, ["not", "a", "text"], f"{text}\r\nX-Other: {text}"):
                self.fails(tool, {"text": unfit})

    @task
    def forbidden_headers(self) -> None:
        """An argument becomes no header with credentials or of the protocol, and none without a valid name."""
        for header in ("Authorization", "X-Api-Key", "not a name"):
            body = new_tool(self.name("tool"), self.backend("rest"), header_mapping={"text": header})
            what = "a tool whose argument is a header that it must not set"
            self.call("POST /tools", json=body, refusals=INVALID, check=is_invalid(what))
        with self.service("/received", header_mapping={"text": "Content-Type"}) as tool:
            self.fails(tool, {"text": PLAIN})
            self.call(
                "PUT /tools/{tool_id}",
                tool_id=tool.id,
                json={"headerMapping": {"text": "Cookie"}},
                refusals=INVALID,
                check=is_invalid("a change to a header that a tool must not set"),
            )

    @task
    def fixed_query(self) -> None:
        """An argument does not replace what the address of a service has in its query."""
        with self.service("/received?fixed=1", request_type="GET", inputSchema=ANY) as tool:
            self.run_tool(tool, {"fixed": "2", "text": "x"}, echoed("query", {"fixed": "1", "text": "x"}))

    @task
    def credentials_again(self) -> None:
        """Each of several calls of a tool has its credentials, not just the first."""
        secret = self.name("secret")
        more = {"auth_type": "bearer", "auth_token": secret}
        with self.service("/received", **more) as tool:
            for _ in range(3):
                received = echoed("headers", {"authorization": f"Bearer {secret}"})
                self.run_tool(tool, {"text": self.name("text")}, received)

    def fails(self, tool: Answer, arguments: dict[str, Any], effect: Effect = calls_fail) -> None:
        """Call a tool, whose reply must be an error."""
        params = {"name": tool["name"], "arguments": arguments}
        asked = jsonrpc.request("tools/call", params, self.name("call"))
        self.call("POST /rpc tools/call", json=asked, unlisted=True, refusals=ANSWERED, effect=effect)

    @task
    def preview(self) -> None:
        """The dry run of a federated tool names its server, and that of a tool of the gateway's own does not."""
        operation = "POST /tools/preview/{name}"
        if not self.offers(operation):
            return
        fixture, text = self.fixture, {"text": self.name("text")}
        self.call(
            "POST /tools/preview/{name}",
            name=fixture.tools["echo"],
            json={"arguments": text},
            check=both(has("validated", True), targets("federated", fixture.gateway_name)),
        )
        with self.tool() as tool:
            self.call(
                "POST /tools/preview/{name}",
                name=tool["name"],
                json={"arguments": text},
                check=targets("local", None),
            )


def ends_in_time(answer: Answer) -> Mismatch | None:
    """Check that a call of a tool ended with an error, before its service responded."""
    ended = calls_fail(answer) is None
    return None if ended else expected("the call to end at the time limit of the tool", answer.text)


def targets(kind: str, gateway: str | None) -> Check:
    """Return a check that the dry run of a tool would call it there: at this ``gateway``, if it is ``federated``."""

    def check(answer: Answer) -> Mismatch | None:
        target = answer["target"]
        found = (target.get("kind"), target.get("gatewayName") or target.get("gateway_name"))
        return None if found == (kind, gateway) else expected(f"the target {kind} with its server", target)

    return check
