"""Names, titles and descriptions of the registry's entities: what may be stored comes back as it was sent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from loadtest.client.answer import Answer
from loadtest.users.access.checks import INVALID
from loadtest.users.base import named, task
from loadtest.users.checks import both, has, lists, lists_only
from loadtest.users.mcp.described import RPC
from loadtest.users.mcp.lists import ListingUser, Offer
from loadtest.users.read_back import ReadBack
from loadtest.users.registry.fixtures import (
    ADDRESS,
    INFO,
    RegistryUser,
    new_agent,
    new_gateway,
    new_prompt,
    new_resource,
    new_server,
    new_tool,
)
from loadtest.users.texts.rules import (
    DEEP,
    DOTTED,
    MOST_OF_DESCRIPTION,
    MOST_OF_NAME,
    MOST_OF_TAG,
    MOST_OF_TOOL,
    PUNCTUATED,
    SCRIPT,
    SCRIPT_ADDRESS,
    has_tags,
    longest,
    names,
    with_fields,
)

DESCRIPTION = longest(PUNCTUATED, MOST_OF_DESCRIPTION)
TITLE = longest(PUNCTUATED, MOST_OF_NAME)
SINCE_1_0_7, SINCE_1_1_0 = "POST /auth/logout", "GET /oauth/status"
"""Operations that the gateway has since these releases."""
TABBED = "a\tb"
"""A name that is not allowed: the only blank in a name is a space."""
LONGER = "another " + DESCRIPTION
"""It is cut off where the longest description ends."""
WRONG_TOOL: dict[str, Any] = {
    "url": SCRIPT_ADDRESS,
    "base_url": "no address",
    "path_template": "no/slash",
    "timeout_ms": 0,
    "allowlist": ["no host!"],
    "plugin_chain_pre": ["unknown"],
    "plugin_chain_post": ["unknown"],
    "inputSchema": DEEP,
    "annotations": DEEP,
}
"""Values that a tool cannot have, in any release."""
WRONG_MAPPINGS: dict[str, Any] = {
    "header_mapping": {"text": "Authorization"},
    "query_mapping": {f"key-{number}": "text" for number in range(2000)},
}
"""A header that no mapping may set, and more entries than a mapping can have; 1.0.0rc1 has no such rules."""
WRONG_FILTER = {"jsonpath_filter": "env"}
"""A filter that reads the environment of the gateway; refused since 1.1.0."""
WRONG_AGENT: dict[str, Any] = {
    "endpoint_url": SCRIPT_ADDRESS,
    "capabilities": DEEP,
    "config": DEEP,
    "team_id": "no team",
}
"""Values that an agent cannot have, in any release."""
WRONG_HEADERS = {"passthrough_headers": ["X-Load-Test", "Bad Header!"]}
"""A name that no header has; 1.0.0rc1 does not check it."""


class EntityTextsUser(RegistryUser, ListingUser):
    """People who use every character, and every length, that a text can have."""

    area = "texts"

    @task
    def tools(self) -> None:
        """Names, titles and descriptions of tools."""
        tag = self.name("tag")
        name = longest(f"{self.name('tool')}.a/B_c-9", MOST_OF_TOOL, "x")
        titled = self.documented("POST /tools", {"title": TITLE}, under="tool")
        texts = titled | {"displayName": TITLE, "description": DESCRIPTION}
        body = new_tool(name, self.backend("rest"), tags=[tag], **texts)
        own = has("originalName", name)
        with self.created(
            "POST /tools", json=body, delete="DELETE /tools/{tool_id}", differs=("name",), check=own
        ) as tool:
            too_long = {"name": f"{name}x", "displayName": f"{TITLE}x"} | dict.fromkeys(titled, f"{TITLE}x")
            wrong = {"name": "a|b", "displayName": SCRIPT, "description": SCRIPT} | self.wrong_tool()
            refused = too_long, wrong
            change = "PUT /tools/{tool_id}"
            with self.tool(tags=[self.name("tag")]) as other:
                self.keeps("POST /tools", change, "GET /tools", tool, body, *refused, changed=other)

    @task
    def resources(self) -> None:
        """Names, titles and descriptions of resources, and their addresses."""
        tag = self.name("tag")
        name = longest(self.name("resource") + DOTTED, MOST_OF_NAME, "x")
        uri = longest(f"loadtest://{self.name('resource')}/a.b-c_d?f=g&h=%20:1", MOST_OF_NAME, "x")
        titled = self.documented("POST /resources", {"title": TITLE}, under="resource")
        body = new_resource(name, uri=uri, tags=[tag], description=DESCRIPTION, **titled)
        with self.created(
            "POST /resources", json=body, delete="DELETE /resources/{resource_id}", read=INFO
        ) as resource:
            too_long = {"name": f"{name}x", "uri": f"{uri}x"} | dict.fromkeys(titled, f"{TITLE}x")
            wrong = {"name": "a|b", "uri": "loadtest://a'b", "description": SCRIPT}
            wrong |= {"mimeType": "no type", "content": SCRIPT}
            change = "PUT /resources/{resource_id}"
            self.keeps(
                "POST /resources", change, "GET /resources", resource, body, too_long, wrong, read=INFO
            )

    @task
    def prompts(self) -> None:
        """Names and descriptions of prompts and of their arguments."""
        tag = self.name("tag")
        name = longest(self.name("prompt") + DOTTED, MOST_OF_NAME, "x")
        arguments = [{"name": "who", "description": PUNCTUATED, "required": True}]
        texts: dict[str, Any] = {
            "displayName": PUNCTUATED,
            "description": DESCRIPTION,
            "arguments": arguments,
        }
        template = f"Greet {{{{ who }}}} | {PUNCTUATED}"
        body = new_prompt(name, tags=[tag], template=template, **texts)
        own = has("originalName", name)
        with self.created(
            "POST /prompts", json=body, delete="DELETE /prompts/{prompt_id}", differs=("name",), check=own
        ) as prompt:
            too_long = {"name": f"{name}x"}
            wrong = {"name": "a|b", "displayName": SCRIPT, "description": SCRIPT}
            wrong |= {"custom_name": "a|b", "template": SCRIPT}
            self.keeps(
                "POST /prompts", "PUT /prompts/{prompt_id}", "GET /prompts", prompt, body, too_long, wrong
            )

    @task
    def servers(self) -> None:
        """Names and descriptions of virtual servers."""
        name = longest(self.name("server") + DOTTED, MOST_OF_NAME, "x")
        body = new_server(name, tags=[self.name("tag")], description=DESCRIPTION)
        with self.created("POST /servers", json=body, delete="DELETE /servers/{server_id}") as server:
            too_long, wrong = {"name": f"{name}x"}, {"name": "a|b", "description": SCRIPT}
            wrong |= {"id": "no id", "icon": SCRIPT_ADDRESS}
            change = "PUT /servers/{server_id}"
            self.keeps("POST /servers", change, "GET /servers", server, body, too_long, wrong)

    @task
    def gateways(self) -> None:
        """Names and descriptions of federated MCP servers."""
        name, backend = self.name("gateway"), self.backend("mcp_small")
        body = new_gateway(name, backend, tags=[self.name("tag")], description=DESCRIPTION)
        with self.created(
            "POST /gateways", json=body, delete="DELETE /gateways/{gateway_id}", differs=ADDRESS
        ) as gateway:
            too_long = {"name": longest(name, MOST_OF_NAME + 1, "x")}
            wrong = {
                "name": "a|b",
                "description": SCRIPT,
                "url": SCRIPT_ADDRESS,
                "auth_query_param_key": "a b",
            }
            change = "PUT /gateways/{gateway_id}"
            self.keeps("POST /gateways", change, "GET /gateways", gateway, body, too_long, wrong)

    @task
    def agents(self) -> None:
        """Names and descriptions of agents."""
        name = longest(self.name("agent") + DOTTED, MOST_OF_NAME, "x")
        body = new_agent(name, self.backend("a2a"), tags=[self.name("tag")], description=DESCRIPTION)
        with self.created("POST /a2a", json=body, delete="DELETE /a2a/{agent_id}") as agent:
            too_long, wrong = {"name": f"{name}x"}, {"name": "a|b", "description": SCRIPT} | WRONG_AGENT
            wrong |= WRONG_HEADERS if self.offers(SINCE_1_0_7) else {}
            self.keeps("POST /a2a", "PUT /a2a/{agent_id}", "GET /a2a", agent, body, too_long, wrong)

    @task
    def tags(self) -> None:
        """Tags are stored in their normal form, once each, without those that are not allowed."""
        tag, long = self.name("Tag_A"), longest(self.name("tag"), MOST_OF_TAG, "x")
        normal = tag.lower().replace("_", "-")
        sent = [tag, f"  {tag.upper()} ", "Two  Words", "v1.0:x-y", "ok", long, f"{long}x", "one,two"]
        kept = (normal, "two-words", "v1.0:x-y", "ok", long, "one", "two")
        body = new_prompt(self.name("prompt"), tags=[*sent, "q", "-bad", "bad.", "a|b", "größe", ""])
        with self.created(
            "POST /prompts",
            json=body,
            delete="DELETE /prompts/{prompt_id}",
            differs=("tags",),
            check=has_tags(*kept),
        ) as prompt:
            listed = both(lists_only(prompt), has_tags(*kept, at="0.tags"))
            self.call("GET /prompts", params={"tags": normal}, check=listed)
            other = self.name("Tag_B")
            labels = {"tags": [other, "Two Words"]}
            change = {"tags": [*labels["tags"], other.lower(), "-bad", f"{long}x"]}
            self.update("PUT /prompts/{prompt_id}", json=change, values=labels, prompt_id=prompt.id)

    def wrong_tool(self) -> dict[str, Any]:
        """Return the values that a tool of this release cannot have."""
        mappings = WRONG_MAPPINGS if self.offers(SINCE_1_0_7) else {}
        return WRONG_TOOL | mappings | (WRONG_FILTER if self.offers(SINCE_1_1_0) else {})

    def keeps(
        self,
        create: str,
        change: str,
        listed: str,
        entity: Answer,
        body: Mapping[str, Any],
        *refused: Mapping[str, Any],
        read: ReadBack | None = None,
        changed: Answer | None = None,
    ) -> None:
        """Check that values which are not allowed are refused, and that texts are listed and changed as sent.

        Args:
            create: creates an entity with this ``body``.
            change: changes it.
            listed: lists entities.
            entity: the response of its creation.
            refused: values that are not allowed, by the name of the field.
            read: the read-back of the change.
            changed: another entity, which is changed instead of this one.
        """
        parameter = change.partition("{")[2].rstrip("}")
        for fields in refused:
            options: dict[str, Any] = {"refusals": INVALID, "effect": names(*fields)}
            self.call(create, json=with_fields(body, fields), **options)
            # Releases do not check the address of a resource in an update.
            changed_ones = names(*(name for name in fields if name != "uri"))
            self.call(
                change,
                json=dict(fields),
                refusals=INVALID,
                effect=changed_ones,
                **named({parameter: entity.id}),
            )
        tag = next(
            part["tags"] for part in (*body.values(), body) if isinstance(part, dict) and "tags" in part
        )
        if self.documents(listed, "query tags"):
            self.call(listed, params={"tags": tag[0]}, check=lists_only(entity))
        else:
            self.call(listed, params={"limit": 0}, check=lists(entity))
        own = {parameter: (changed or entity).id}
        cut = {"description": LONGER[:MOST_OF_DESCRIPTION]}
        self.update(change, json={"description": LONGER}, values=cut, read=read, **named(own))
        wrong = {"name": TABBED, "visibility": "everybody"}
        self.call(change, json=wrong, refusals=INVALID, effect=names(*wrong), **named(own))

    @task
    def over_mcp(self) -> None:
        """Descriptions in the lists of JSON-RPC at a virtual server."""
        text = {"description": PUNCTUATED}
        with (
            self.tool(**text) as tool,
            self.resource(**text) as resource,
            self.prompt(**text) as prompt,
            self.server(
                associated_tools=[tool.id],
                associated_resources=[resource.id],
                associated_prompts=[prompt.id],
            ) as server,
        ):
            here = {"server_id": server.id}
            for operation, offer in (
                (RPC.tools, Offer("tools", "name", {tool["name"]: text}, only=True)),
                (RPC.resources, Offer("resources", "uri", {resource["uri"]: text}, only=True)),
                (RPC.prompts, Offer("prompts", "name", {prompt["name"]: text}, only=True)),
            ):
                self.walk(operation, offer, here)
