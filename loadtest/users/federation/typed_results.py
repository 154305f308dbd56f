"""Results of tools that state which results they have: of REST services, and of federated servers.

Each server answers with the result that the scenario sends it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

import msgspec

from loadtest.backends.settings import STATED, TYPED, UNTYPED
from loadtest.client.answer import Answer
from loadtest.client.caller import Check
from loadtest.client.mismatch import Mismatch, expected
from loadtest.client.protocols import jsonrpc
from loadtest.users.base import named, task
from loadtest.users.checks import ANSWERED, both
from loadtest.users.federation.checks import calls_fail, fails_saying, says_value, succeeds
from loadtest.users.federation.rest_results import ANY
from loadtest.users.federation.rest_services import ServiceUser
from loadtest.users.mcp.mcp import SessionUser
from loadtest.users.mcp.open_session import GATEWAY, SERVER
from loadtest.users.read_back import Listed, same
from loadtest.users.registry.fixtures import ADDRESS, new_gateway

Result = dict[str, Any]
Asks = Callable[[Any, Check], None]
"""Calls a tool so that its server answers with a result, and checks the reply."""


class Tool(NamedTuple):
    """A tool of the gateway."""

    id: str
    name: str


IMAGE = {"type": "image", "data": "aW1hZ2U=", "mimeType": "image/png", "annotations": {"priority": 0.5}}
LINK = {"type": "resource_link", "uri": "note://linked", "name": "linked", "mimeType": "text/plain"}


class TypedResultsUser(ServiceUser, SessionUser):
    """A client of tools with an output schema, which calls them over JSON-RPC, in sessions, and at virtual servers."""

    area = "tools"

    @task
    def of_services(self) -> None:
        """REST services that answer as MCP servers do: a result, and an error, which need not have the schema."""
        name, why = self.name("name"), self.name("why")
        with self.published() as tool, self.ways(tool) as ask:
            right = result(text("first"), text(name), structuredContent={"name": name})
            ask({"text": encoded(right)}, gives(right))
            failed = result(told(reason=why), IMAGE, isError=True)
            ask({"text": encoded(failed)}, gives(failed))

    @task
    def errors_of_services(self) -> None:
        """The error of a REST service with an output schema is passed on as it is, in whatever form it is stated."""
        why = self.name("why")
        details = encoded({"reason": why})
        with self.published() as tool:
            failed = result(text(why), isError=True, structuredContent={"reason": why})
            self.asks(tool, {"text": encoded(failed)}, gives(failed))
            stated = {"content": [text(details)], "isError": True}
            for status in (422, 500, 203):
                self.asks(tool, {"status": status, "text": encoded({"error": details})}, has_part(stated))

    @task
    def found_in_texts(self) -> None:
        """The first text in JSON is the structured result; it must have the schema, and may be missing."""
        name = self.name("name")
        with self.published() as tool:
            found = result(text(name), told(name=name), told(other="x"))
            self.asks(tool, {"text": encoded(found)}, gives(found | {"structuredContent": {"name": name}}))
            wrong = result(text(name), told(other="x"), told(name=name))
            self.asks(tool, {"text": encoded(wrong)}, calls_fail)
            for structured in ({"name": 1}, {}):
                unfit = result(told(name=name), structuredContent=structured)
                self.asks(tool, {"text": encoded(unfit)}, calls_fail)
            without = result(text(name), LINK)
            self.asks(tool, {"text": encoded(without)}, gives(without))

    @task
    def selected(self) -> None:
        """What a filter selects must have the schema, not what the service responds."""
        name = self.name("name")
        schema = {"type": "array", "items": STATED}
        with self.published(outputSchema=schema, jsonpath_filter=".found[]") as tool:
            found = {"found": [{"name": name}, {"name": "x"}], "name": 1}
            self.asks(tool, {"text": encoded(found)}, says_value(found["found"]))
            self.asks(tool, {"text": encoded({"found": [{"name": 1}]})}, calls_fail)

    @task
    def of_servers(self) -> None:
        """A federated tool: its schema is listed; results and errors are passed on as they are."""
        name, why = self.name("name"), self.name("why")
        with self.tools() as tools, self.ways(tools[TYPED]) as ask:
            right = result(text("first"), LINK, structuredContent={"name": name})
            ask({"result": right}, gives(right))
            failed = result(told(reason=why), IMAGE, isError=True)
            ask({"result": failed}, gives(failed))
            own = tools[UNTYPED]
            free = result(text(name), structuredContent={"other": [1, None]})
            self.asks(own, {"result": free}, gives(free))
            plain = result(told(name=name), text(name))
            self.asks(own, {"result": plain}, gives(plain))

    @task
    def unfit_of_servers(self) -> None:
        """Structured content of a federated tool that does not have its schema is refused."""
        name, why = self.name("name"), self.name("why")
        with self.tools() as tools:
            for structured in ({"name": 1}, {"other": name}):
                unfit = result(text(name), structuredContent=structured)
                self.asks(tools[TYPED], {"result": unfit}, calls_fail)
            failed = result(
                text(why), isError=True, structuredContent={"reason": why}, _meta={"example.com/a": why}
            )
            self.asks(tools[TYPED], {"result": failed}, gives(failed))
            without = result(text(name))
            self.asks(tools[TYPED], {"result": without}, calls_fail)

    @task
    def metadata_of_servers(self) -> None:
        """The metadata of a result are passed on with it."""
        name = self.name("name")
        with self.tools() as tools, self.ways(tools[UNTYPED]) as ask:
            right = result(text(name), _meta={"example.com/name": name})
            ask({"result": right}, has_part(right))

    @task
    def selected_of_servers(self) -> None:
        """A filter of a federated tool selects contents, also those of an error; one that does not fit is an error."""
        with self.gateway() as gateway:
            query = {"gateway_id": gateway.id, "limit": 0}
            listed = Listed("GET /tools", params=query)
            found = self.call("GET /tools", params=query)
            named_anew = {"customName": self.name("tool")}

            def filtered(jq: str) -> Tool:
                new = named_anew | {"jsonpath_filter": jq}
                tool = self.update("PUT /tools/{tool_id}", json=new, read=listed, tool_id=str(found["0.id"]))
                return Tool(tool.id, str(tool["name"]))

            tool = filtered(".[0], .[0]")
            self.asks(tool, {"timezone": "UTC"}, both(succeeds, repeats_text))
            wrong = self.name("zone")
            self.asks(tool, {"timezone": wrong}, both(fails_saying(wrong), repeats_text))
            self.asks(filtered(".[0].text.none"), {"timezone": "UTC"}, filter_fails)

    @contextmanager
    def published(self, **more: Any) -> Iterator[Tool]:
        """Publish a service that responds as it is asked for the ``with`` block; its tool has a schema."""
        with self.service("/answer", **{"inputSchema": ANY, "outputSchema": STATED} | more) as tool:
            yield Tool(tool.id, tool["name"])

    @contextmanager
    def tools(self) -> Iterator[dict[str, Tool]]:
        """Register a server with a tool that has an output schema, and one that has none, by their names there."""
        name = self.name("gateway")
        body = new_gateway(name, f"{self.backend('scripted')}/answering/{name}/mcp")
        with self.created(
            "POST /gateways", json=body, delete="DELETE /gateways/{gateway_id}", differs=ADDRESS
        ) as gateway:
            query = {"gateway_id": gateway.id, "limit": 0}
            found = self.call("GET /tools", params=query, check=states_schema)
            yield {one["originalName"]: Tool(str(one["id"]), str(one["name"])) for one in found.json}

    @contextmanager
    def ways(self, tool: Tool) -> Iterator[Asks]:
        """Open sessions for the ``with`` block, which receives what calls ``tool`` in every way."""
        with self.session(GATEWAY) as headers, self.server(associated_tools=[tool.id]) as server:
            path = {"server_id": server.id}
            with self.session(SERVER, **path) as own:

                def ask(arguments: Any, check: Check) -> None:
                    self.asks(tool, arguments, check)
                    asked: dict[str, Any] = {"unlisted": True, "refusals": ANSWERED, "effect": check}
                    self.call(
                        "POST /mcp/ tools/call", json=self.request(tool, arguments), headers=headers, **asked
                    )
                    self.call(
                        "POST /servers/{server_id}/mcp tools/call",
                        json=self.request(tool, arguments),
                        headers=own,
                        **asked,
                        **named(path),
                    )

                yield ask

    def asks(self, tool: Tool, arguments: Any, check: Check) -> None:
        """Call a tool over JSON-RPC; the ``check`` decides whether its reply may be an error."""
        self.call(
            "POST /rpc tools/call",
            json=self.request(tool, arguments),
            unlisted=True,
            refusals=ANSWERED,
            effect=check,
        )

    def request(self, tool: Tool, arguments: Any) -> dict[str, Any]:
        """Return the message that calls a tool."""
        return jsonrpc.request("tools/call", {"name": tool.name, "arguments": arguments}, self.name("call"))


def result(*content: Mapping[str, Any], **more: Any) -> Result:
    """Return the result of a tool."""
    return {"content": list(content), "isError": False} | more


def text(said: str) -> dict[str, Any]:
    """Return a text as a content of a result."""
    return {"type": "text", "text": said}


def told(**members: Any) -> dict[str, Any]:
    """Return an object in JSON as a text of a result."""
    return text(encoded(members))


def encoded(value: Any) -> str:
    """Return ``value`` in JSON."""
    return msgspec.json.encode(value).decode()


def has_part(sent: Mapping[str, Any]) -> Check:
    """Return a check that the result of a tool has the members that its server sent, and just its contents."""

    def check(answer: Answer) -> Mismatch | None:
        found = answer.json.get("result") or {}
        lost = sorted(name for name, value in sent.items() if not same(value, found.get(name)))
        return (
            expected(f"{', '.join(lost)} of the result as the server sent it", answer.json) if lost else None
        )

    return check


def gives(sent: Mapping[str, Any]) -> Check:
    """Return a check that the result of a tool is as its server ``sent`` it, and has no other structured content."""
    kept = has_part(sent)

    def check(answer: Answer) -> Mismatch | None:
        mismatch = kept(answer)
        if mismatch is not None:
            return mismatch
        structured = answer["result"].get("structuredContent")
        right = structured == sent.get("structuredContent")
        return None if right else expected("the structured content that the server sent", structured)

    return check


def filter_fails(answer: Answer) -> Mismatch | None:
    """Check that a filter that does not fit the contents of a result is an error."""
    failed = calls_fail(answer) is None
    return None if failed else expected("an error of the filter that does not fit", answer.json)


def repeats_text(answer: Answer) -> Mismatch | None:
    """Check that a result has two contents, which are the same text."""
    found = [part.get("text") for part in answer["result.content"]]
    right = found == 2 * found[:1] != []
    return None if right else expected("the contents that the filter selects", found)


def states_schema(answer: Answer) -> Mismatch | None:
    """Check that a list has the output schema of just the tool that states it."""
    found = {one["originalName"]: one.get("outputSchema") for one in answer.json}
    right = found == {TYPED: STATED, UNTYPED: None}
    return None if right else expected(f"the output schema of just the tool {TYPED}", found)
