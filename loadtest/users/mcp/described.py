"""Lists over MCP describe entities of the gateway's own just as they were registered, and calls return all of them.

Each entity has every property that MCP knows. It is read at every endpoint: those of the gateway, and those of a
virtual server that has nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

from locust import tag

from loadtest.client.answer import Answer
from loadtest.client.caller import Check
from loadtest.client.mismatch import Mismatch, expected
from loadtest.client.protocols import jsonrpc
from loadtest.users.base import named, task
from loadtest.users.checks import ANSWERED, decoded
from loadtest.users.federation.checks import calls_fail
from loadtest.users.mcp.lists import Offer
from loadtest.users.mcp.mcp import SessionUser
from loadtest.users.mcp.open_session import GATEWAY, SERVER
from loadtest.users.mcp.streams import replied, session_of
from loadtest.users.read_back import same
from loadtest.users.registry.fixtures import (
    DESCRIPTION,
    INFO,
    TEXT,
    TEXT_ARGUMENT,
    RegistryUser,
    new_prompt,
    new_resource,
    new_tool,
)

ANNOTATIONS = {
    "title": "Annotated",
    "readOnlyHint": True,
    "destructiveHint": False,
    "idempotentHint": True,
    "openWorldHint": False,
}
RESULT = {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]}
ARGUMENTS = [
    {"name": "who", "description": "who is greeted", "required": True},
    {"name": "tone", "description": "how", "required": False},
]
"""The template of the prompt does not use the second one."""
UNSTATED = ("title",)
"""What responses other than those of MCP may leave out of a prompt; another scenario verifies it."""
MARKDOWN = "text/markdown"


class Way(NamedTuple):
    """The operations of one endpoint."""

    tools: str
    resources: str
    prompts: str
    call: str
    templates: str = ""
    """Empty for a virtual server, to which the gateway assigns no templates."""
    read: str = ""
    get: str = ""
    """Empty where resources and prompts are not read."""


RPC = Way(
    "POST /rpc tools/list",
    "POST /rpc resources/list",
    "POST /rpc prompts/list",
    "POST /rpc tools/call",
    "POST /rpc resources/templates/list",
    "POST /rpc resources/read",
    "POST /rpc prompts/get",
)
MCP = Way(
    "POST /mcp/ tools/list",
    "POST /mcp/ resources/list",
    "POST /mcp/ prompts/list",
    "POST /mcp/ tools/call",
    "POST /mcp/ resources/templates/list",
)
SERVER_MCP = Way(
    "POST /servers/{server_id}/mcp tools/list",
    "POST /servers/{server_id}/mcp resources/list",
    "POST /servers/{server_id}/mcp prompts/list",
    "POST /servers/{server_id}/mcp tools/call",
)


class Described(NamedTuple):
    """Entities of the gateway's own, as every list must describe them, and a virtual server that has just them."""

    server: str
    tool: Offer
    resource: Offer
    prompt: Offer
    template: Offer

    def lists(self, way: Way, *, only: bool = False) -> Iterator[tuple[str, Offer]]:
        """Yield each list of an endpoint with what it must contain, and ``only`` that."""
        yield way.tools, self.tool._replace(only=only)
        yield way.resources, self.resource._replace(only=only)
        yield way.prompts, self.prompt._replace(only=only)
        if way.templates:
            yield way.templates, self.template

    def uses(self, way: Way) -> Iterator[tuple[str, dict[str, Any], Check]]:
        """Yield each operation of an endpoint that uses an entity, with its parameters and its check."""
        (tool,), (uri,), (prompt,) = self.tool.entities, self.resource.entities, self.prompt.entities
        said = {"text": tool}
        yield way.call, {"name": tool, "arguments": said}, returns(said)
        if not way.read:
            return
        content = {"uri": uri, "mimeType": MARKDOWN, "text": TEXT}
        yield way.read, {"uri": uri}, holds("result.contents", [content])
        message = {"role": "user", "content": {"type": "text", "text": "Greet Ada in one sentence."}}
        rendered = {"description": DESCRIPTION, "messages": [message]}
        yield way.get, {"name": prompt, "arguments": {"who": "Ada"}}, holds("result", rendered)


class McpDescriptionsUser(SessionUser, RegistryUser):
    """A client that compares what MCP says of entities with how they were registered."""

    area = "mcp-described"

    @task
    def over_json_rpc(self) -> None:
        """Entities with every property, listed and used over JSON-RPC: all of them, and those of a virtual server."""
        with self.described() as made:
            of_server = {"server_id": made.server}
            for operation, offer in made.lists(RPC):
                self.walk(operation, offer)
            for operation, offer in made.lists(RPC._replace(templates=""), only=True):
                self.walk(operation, offer, of_server)
            for operation, params, check in made.uses(RPC):
                self.rpc(operation, params, check=check)
                # At another virtual server, which does not have it.
                self.cannot_use(operation, params | {"server_id": self.fixture.server_id})

    @task
    def over_mcp(self) -> None:
        """The same in a session at the gateway."""
        with self.described() as made, self.session(GATEWAY) as headers:
            for operation, offer in made.lists(MCP):
                self.walk(operation, offer, headers=headers)
            for operation, params, check in made.uses(MCP):
                self.rpc(operation, params, headers=headers, check=check)

    @task
    def at_server(self) -> None:
        """The same in a session at a virtual server."""
        with self.described() as made:
            path = {"server_id": made.server}
            with self.session(SERVER, **path) as headers:
                for operation, offer in made.lists(SERVER_MCP, only=True):
                    self.walk(operation, offer, headers=headers, **named(path))
                for operation, params, check in made.uses(SERVER_MCP):
                    self.rpc(operation, params, headers=headers, check=check, **named(path))
                for operation, params in self.of_another().items():
                    self.cannot_use(operation, params, headers=headers, **named(path))

    def of_another(self) -> dict[str, dict[str, Any]]:
        """Return what uses the parts of the fixture's virtual server, by the operation at a virtual server."""
        return {
            "POST /servers/{server_id}/mcp tools/call": {
                "name": self.fixture.tools["echo"],
                "arguments": {"text": self.name("text")},
            },
            "POST /servers/{server_id}/mcp resources/read": {"uri": "note://hello"},
            "POST /servers/{server_id}/mcp prompts/get": {
                "name": self.fixture.prompts["greet"],
                "arguments": {"name": "Ada"},
            },
        }

    def cannot_use(self, operation: str, params: Mapping[str, Any], **options: Any) -> None:
        """Use an entity at a virtual server that does not have it: it must be an error."""
        asked = jsonrpc.request(operation.rpartition(" ")[2], params, self.name("call"))
        self.call(operation, json=asked, unlisted=True, refusals=ANSWERED, effect=not_here, **options)

    @tag("slow")
    @task
    def over_sse(self) -> None:
        """The same lists over SSE at a virtual server, whose replies have every text of the entities."""
        with self.described() as made:
            path = {"server_id": made.server}
            with self.stream("GET /servers/{server_id}/sse", **named(path)) as events:
                session = session_of(events)
                for method, offer in (
                    ("tools/list", made.tool),
                    ("resources/list", made.resource),
                    ("prompts/list", made.prompt),
                ):
                    listing = jsonrpc.request(method, None, self.name("list"))
                    self.call(
                        "POST /servers/{server_id}/message",
                        json=listing,
                        params={"session_id": session},
                        **named(path),
                    )
                    replied(events, listing["id"], *texts(offer.entities))

    @task
    def prompt_title(self) -> None:
        """A prompt with a title, which every list states."""
        titled = self.documented("POST /prompts", {"title": self.name("title")}, under="prompt")
        new = new_prompt(self.name("prompt"), **titled)
        with self.created(
            "POST /prompts", json=new, delete="DELETE /prompts/{prompt_id}", differs=UNSTATED
        ) as prompt:
            parts: dict[str, Any] = {"associated_prompts": [prompt.id]}
            with self.server(**parts) as server:
                path = {"server_id": server.id}
                offer = Offer("prompts", "name", {prompt["name"]: titled})
                self.walk(RPC.prompts, offer)
                self.walk(RPC.prompts, offer._replace(only=True), path)
                with self.session(GATEWAY) as headers:
                    self.walk(MCP.prompts, offer, headers=headers)
                with self.session(SERVER, **path) as headers:
                    self.walk(SERVER_MCP.prompts, offer._replace(only=True), headers=headers, **named(path))

    @contextmanager
    def described(self) -> Iterator[Described]:
        """Create a tool, a resource, a prompt and a template with every property for the ``with`` block.

        The prompt has no title. A virtual server has all of them but the template.
        """
        titled = self.documented("POST /tools", {"title": self.name("title")}, under="tool")
        of_resource = self.documented("POST /resources", {"title": self.name("title")}, under="resource")
        result: dict[str, Any] = {"outputSchema": RESULT, "annotations": ANNOTATIONS}
        new = new_tool(self.name("tool"), self.backend("rest"), **titled, **result)
        own = new_resource(self.name("resource"), mimeType=MARKDOWN, **of_resource)
        name = self.name("template")
        uri = f"loadtest://{name}/{{part}}"
        general = new_resource(name, uri=uri, uri_template=uri, mimeType=MARKDOWN, **of_resource)
        text = new_prompt(self.name("prompt"), arguments=ARGUMENTS)
        at_resources: dict[str, Any] = {"delete": "DELETE /resources/{resource_id}", "read": INFO}
        with (
            self.created("POST /tools", json=new, delete="DELETE /tools/{tool_id}") as tool,
            self.created("POST /resources", json=own, **at_resources) as resource,
            self.created("POST /resources", json=general, **at_resources) as template,
            self.created("POST /prompts", json=text, delete="DELETE /prompts/{prompt_id}") as prompt,
        ):
            parts: dict[str, Any] = {
                "associated_tools": [tool.id],
                "associated_resources": [resource.id],
                "associated_prompts": [prompt.id],
            }
            with self.server(**parts) as server:
                plain = {"description": DESCRIPTION}
                schema = {"inputSchema": TEXT_ARGUMENT}
                typed = {"mimeType": MARKDOWN, **plain, **of_resource}
                stored = {"name": resource["name"], **typed, "size": len(TEXT)}
                asked = {"arguments": ARGUMENTS, **plain}
                yield Described(
                    server.id,
                    Offer("tools", "name", {tool["name"]: {**plain, **schema, **result, **titled}}),
                    Offer("resources", "uri", {resource["uri"]: stored}),
                    Offer("prompts", "name", {prompt["name"]: asked}),
                    Offer("resourceTemplates", "uriTemplate", {uri: {"name": template["name"], **typed}}),
                )


def not_here(answer: Answer) -> Mismatch | None:
    """Check that an entity is not used at a virtual server that does not have it."""
    right = calls_fail(answer) is None
    return None if right else expected("an entity of another virtual server not to be used", answer.text)


def holds(at: str, wanted: Any) -> Check:
    """Return a check that the member ``at`` has the members of ``wanted``, at every level."""

    def check(answer: Answer) -> Mismatch | None:
        found = answer[at]
        return None if same(wanted, found) else expected(f"{at} to be what was registered", found)

    return check


def returns(result: Mapping[str, Any]) -> Check:
    """Return a check that a tool returned ``result``, as a JSON text and as structured content."""

    def check(answer: Answer) -> Mismatch | None:
        text, structured = answer["result.content.0.text"], answer["result.structuredContent"]
        if not same(result, structured):
            return expected("the tool's result as structured content", structured)
        return None if same(result, decoded(text)) else expected("the tool's result as JSON", text)

    return check


def texts(entities: Mapping[str, Any]) -> list[str]:
    """Return the names and texts of ``entities`` as a list describes them."""
    return [text for key, one in entities.items() for text in (key, *one.values()) if isinstance(text, str)]
