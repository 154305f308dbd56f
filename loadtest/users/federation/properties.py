"""Every documented property of each kind of entity, at both addresses of its creation.

Properties that the gateway stores are read again; those that change how a service is called are seen by the service.
"""

from __future__ import annotations

import base64
import uuid
from typing import Any, NamedTuple

from loadtest.client.answer import Answer
from loadtest.client.caller import Check
from loadtest.users.base import task
from loadtest.users.checks import both
from loadtest.users.federation.checks import echoed, echoed_method
from loadtest.users.read_back import Listed
from loadtest.users.registry.fixtures import (
    ADDRESS,
    INFO,
    PARTS,
    PRIVATE,
    PUBLIC,
    TEXT_ARGUMENT,
    RegistryUser,
    camel,
    new_agent,
    new_gateway,
    new_prompt,
    new_resource,
    new_tool,
    of_team,
)
from loadtest.users.registry.servers import OAUTH

HEADER, OTHER_HEADER = "X-Api-Key", "X-Other-Key"
OPTIONAL = {
    "template": "Greet {{ who }} in one sentence.",
    "arguments": [
        {"name": "who", "description": "who is greeted", "required": True},
        {"name": "tone", "description": "how", "required": False},
    ],
}
"""A prompt with an argument that is not required: its template does not use it."""
TOOLS = ("POST /tools", "POST /tools/")
RESOURCES = ("POST /resources", "POST /resources/")
PROMPTS = ("POST /prompts", "POST /prompts/")
SERVERS = ("POST /servers", "POST /servers/")
AGENTS = ("POST /a2a", "POST /a2a/")
GATEWAYS = ("POST /gateways", "POST /gateways/")
"""Both addresses at which an entity is created."""


class ToolCredentials(NamedTuple):
    """A way to give a tool credentials."""

    properties: dict[str, Any]
    """The properties of the tool."""
    method: str
    """The method of a tool with them."""
    header: str
    """The header in which its service receives them, in lower case."""
    value: str
    """What it receives."""


def ways(secret: str) -> tuple[ToolCredentials, ...]:
    """Return every way to give a tool credentials, each for a tool with another method."""
    pair = base64.b64encode(f"lt-user:{secret}".encode()).decode()
    own = HEADER.lower()
    # The last value of a name counts, and the name has no blanks around it.
    listed = [
        {"key": OTHER_HEADER, "value": f"{secret}-replaced"},
        {"key": HEADER, "value": secret},
        {"key": f" {OTHER_HEADER} ", "value": f"{secret}-other"},
    ]
    basic = {"auth_type": "basic", "auth_username": "lt-user", "auth_password": secret}
    single = {"auth_type": "authheaders", "auth_header_key": HEADER, "auth_header_value": secret}
    return (
        ToolCredentials(basic, "POST", "authorization", f"Basic {pair}"),
        ToolCredentials(
            {"auth_type": "bearer", "auth_token": secret}, "PUT", "authorization", f"Bearer {secret}"
        ),
        ToolCredentials(single, "PATCH", own, secret),
        ToolCredentials(
            {"auth_type": "authheaders", "auth_headers": listed},
            "DELETE",
            OTHER_HEADER.lower(),
            f"{secret}-other",
        ),
    )


class PropertiesUser(RegistryUser):
    """A user who uses every documented property."""

    area = "properties"

    @property
    def me(self) -> str:
        """The administrator's own address."""
        return self.link.session.credentials.email

    @task
    def tool_properties(self) -> None:
        """Tools with every property: one of a team, and a private one with the opposites."""
        service = self.backend("rest_shapes")
        with self.team() as team:
            for create in TOOLS:
                for on, scope in ((False, of_team(team.id)), (True, PRIVATE)):
                    more = {
                        **{key: value for key, value in scope.items() if key == "team_id"},
                        "allow_auto": on,
                        "deprecated": False,
                        "expose_passthrough": on,
                        "owner_email": self.me,
                        "title": "Every property",
                        "displayName": "Every property",
                        "headers": {"X-Load-Test": "true"},
                        "annotations": {"readOnlyHint": on},
                        "outputSchema": {"type": "object", "properties": {"text": {"type": "string"}}},
                        "extensionMetadata": {"loadtest": {"on": on}},
                        "jsonpath_filter": ".text",
                        "base_url": service,
                        "path_template": "/received",
                        "query_mapping": {"text": "q"},
                        "header_mapping": {"text": "X-Text"},
                        "timeout_ms": 15000,
                        "allowlist": ["127.0.0.1"],
                        "plugin_chain_pre": ["rate_limit"],
                        "plugin_chain_post": ["pii_filter"],
                    }
                    body = new_tool(self.name("tool"), service, scope=scope, **more)
                    with self.created(create, json=body, delete="DELETE /tools/{tool_id}"):
                        pass

    @task
    def deprecated_tool(self) -> None:
        """A tool that is deprecated from the start."""
        body = new_tool(self.name("tool"), self.backend("rest"), deprecated=True)
        with self.created("POST /tools", json=body, delete="DELETE /tools/{tool_id}"):
            pass

    @task
    def tool_credentials(self) -> None:
        """Tools with every method, and credentials of every kind, which their service receives."""
        for create in TOOLS:
            for way in self.ways(self.name("secret")):
                body = self.echoing(request_type=way.method, **way.properties)
                with self.created(
                    create, json=body, delete="DELETE /tools/{tool_id}", differs=way.properties
                ) as tool:
                    self.check_call(tool, way)

    @task
    def tool_auth(self) -> None:
        """A tool with credentials in the documented member ``auth``."""
        secret = self.name("secret")
        way = ToolCredentials(
            {"auth": {"authType": "bearer", "token": secret}}, "POST", "authorization", f"Bearer {secret}"
        )
        body = self.echoing(request_type=way.method, **way.properties)
        received = self.check_of(way)
        with self.created(
            "POST /tools",
            json=body,
            delete="DELETE /tools/{tool_id}",
            differs=way.properties,
            check=lambda tool: received(self.calls(tool)),
        ):
            pass

    @task
    def tool_updates(self) -> None:
        """A tool that gets every property, and credentials of every kind, which its service then receives."""
        service = self.backend("rest_shapes")
        with (
            self.team() as team,
            self.created(
                "POST /tools",
                json=self.echoing(scope=of_team(team.id)),
                delete="DELETE /tools/{tool_id}",
            ) as tool,
        ):
            own: dict[str, Any] = {"tool_id": tool.id}
            for way in self.ways(self.name("secret")):
                method = {
                    "requestType": way.method,
                    "integrationType": "REST",
                    "url": f"{service}/received",
                    "visibility": "team",
                }
                self.update("PUT /tools/{tool_id}", json=way.properties | method, values=method, **own)
                self.check_call(tool, way)
            for scope in (PRIVATE, {"visibility": "team"}):
                schema = {"type": "object", "properties": {"changed": {"type": "boolean"}}}
                self.update("PUT /tools/{tool_id}", json={**scope, "outputSchema": schema}, **own)

    @task
    def tool_path(self) -> None:
        """A tool that gets another path by its template."""
        with self.created("POST /tools", json=self.echoing(), delete="DELETE /tools/{tool_id}") as tool:
            changes = {"baseUrl": self.backend("rest_shapes"), "pathTemplate": "/received/changed"}
            self.update("PUT /tools/{tool_id}", json=changes, tool_id=tool.id)

    def echoing(self, **more: Any) -> dict[str, Any]:
        """Return the body of a tool whose service answers with the request that it receives."""
        url = f"{self.backend('rest_shapes')}/received"
        return new_tool(self.name("tool"), "", **{"url": url, "inputSchema": TEXT_ARGUMENT} | more)

    def ways(self, secret: str) -> list[ToolCredentials]:
        """Return those of :func:`ways` that the gateway has: 1.0.0rc1 has no list of headers."""
        listed = self.documents("POST /tools", "body tool.auth_headers")
        return [one for one in ways(secret) if listed or "auth_headers" not in one.properties]

    def check_call(self, tool: Answer, way: ToolCredentials) -> None:
        """Call a tool and check what its service received."""
        self.calls(tool, check=self.check_of(way))

    def check_of(self, way: ToolCredentials) -> Check:
        """Return a check that the service of a tool received its credentials."""
        return both(echoed_method(way.method), echoed("headers", {way.header: way.value}))

    def calls(self, tool: Answer, *, check: Check | None = None) -> Answer:
        """Call a tool."""
        arguments = {"text": self.name("text")}
        return self.rpc("POST /rpc tools/call", {"name": tool["name"], "arguments": arguments}, check=check)

    @task
    def resource_properties(self) -> None:
        """Resources with every property, in every visibility."""
        with self.team() as team:
            for create in RESOURCES:
                for scope in (of_team(team.id), PRIVATE, PUBLIC):
                    name = self.name("resource")
                    template = f"loadtest://{name}/{{part}}"
                    every = {
                        **scope,
                        "owner_email": self.me,
                        "title": "Every property",
                        "uri": template,
                        "uri_template": template,
                        "extensionMetadata": {"loadtest": {"changed": False}},
                    }
                    more = self.documented(create, every, under="resource")
                    body = new_resource(name, scope=scope, **more)
                    with self.created(create, json=body, delete="DELETE /resources/{resource_id}", read=INFO):
                        pass

    @task
    def resource_updates(self) -> None:
        """A resource that gets every property, in every visibility."""
        with self.team() as team, self.resource(scope=of_team(team.id)) as resource:
            for scope in (PUBLIC, {"visibility": "team"}):
                name = self.name("resource")
                changes = {
                    **scope,
                    "name": name,
                    "customName": name,
                    "uri": f"loadtest://{name}/{{part}}",
                    "uriTemplate": f"loadtest://{name}/{{part}}",
                    "title": name,
                    "teamId": team.id,
                    "ownerEmail": self.me,
                    "extensionMetadata": {"loadtest": {"changed": True}},
                }
                known = self.documented("PUT /resources/{resource_id}", changes)
                self.update("PUT /resources/{resource_id}", json=known, read=INFO, resource_id=resource.id)

    @task
    def prompt_properties(self) -> None:
        """Prompts with every property, in every visibility."""
        with self.team() as team:
            for create in PROMPTS:
                for scope in (of_team(team.id), PRIVATE, PUBLIC):
                    name = self.name("prompt")
                    more = {
                        **{camel(key): value for key, value in scope.items()},
                        "ownerEmail": self.me,
                        "customName": name,
                        "displayName": "Every property",
                        **OPTIONAL,
                    }
                    body = new_prompt(name, scope=scope, **more)
                    with self.created(create, json=body, delete="DELETE /prompts/{prompt_id}"):
                        pass

    @task
    def prompt_updates(self) -> None:
        """A prompt that gets every property, in every visibility."""
        tag = self.name("tag")
        with self.team() as team, self.prompt(scope=of_team(team.id), tags=[tag]) as prompt:
            read = Listed("GET /prompts", params={"tags": tag})
            for scope in (PUBLIC, {"visibility": "team"}):
                name = self.name("prompt")
                changes = {
                    **scope,
                    "name": name,
                    "customName": name,
                    "displayName": name,
                    "teamId": team.id,
                    "ownerEmail": self.me,
                    **OPTIONAL,
                }
                self.update("PUT /prompts/{prompt_id}", json=changes, read=read, prompt_id=prompt.id)

    @task
    def prompt_title(self) -> None:
        """A prompt with a title, and then with another one."""
        if not self.documents("POST /prompts", "body prompt.title"):
            return
        tag = self.name("tag")
        with self.prompt(tags=[tag], title="Every property") as prompt:
            read = Listed("GET /prompts", params={"tags": tag})
            changes = {"title": self.name("title")}
            self.update("PUT /prompts/{prompt_id}", json=changes, read=read, prompt_id=prompt.id)

    @task
    def agent_properties(self) -> None:
        """Agents with every property, in every visibility."""
        with self.team() as team:
            for create in AGENTS:
                for scope in (of_team(team.id), PRIVATE, PUBLIC):
                    name = self.name("agent")
                    every = {
                        **scope,
                        "slug": name,
                        "owner_email": self.me,
                        "protocol_version": "1.0",
                        "capabilities": {"streaming": False},
                        "config": {"loadtest": True},
                        "passthrough_headers": ["X-Load-Test"],
                    }
                    more = self.documented(create, every, under="agent")
                    body = new_agent(name, self.backend("a2a"), **more) | dict(scope)
                    with self.created(create, json=body, delete="DELETE /a2a/{agent_id}"):
                        pass

    @task
    def agent_updates(self) -> None:
        """An agent that gets every property, in every visibility."""
        with self.team() as team, self.agent(scope=of_team(team.id)) as agent:
            for scope in (PUBLIC, {"visibility": "team"}):
                every = {**scope, "teamId": team.id, "ownerEmail": self.me}
                changes = self.documented("PUT /a2a/{agent_id}", every)
                self.update("PUT /a2a/{agent_id}", agent_id=agent.id, json=changes)

    @task
    def gateway_properties(self) -> None:
        """Federated servers with every property, one at each address, and another address for one of them."""
        with self.team() as team:
            for create, scope in zip(GATEWAYS, (of_team(team.id), PRIVATE), strict=True):
                name = self.name("gateway")
                every = {"teamId": team.id, "ownerEmail": self.me, "passthroughHeaders": ["X-Load-Test"]}
                address = f"{self.backend('scripted')}/plain/{name}/mcp"
                body = new_gateway(name, address, scope=scope, **self.spelled(create, every))
                with self.created(
                    create, json=body, delete="DELETE /gateways/{gateway_id}", differs=ADDRESS
                ) as gateway:
                    changed = {
                        "url": f"{address}?changed={name}",
                        "transport": "STREAMABLEHTTP",
                        "teamId": team.id,
                        "ownerEmail": self.me,
                        "visibility": "public",
                    }
                    own: dict[str, Any] = {"gateway_id": gateway.id}
                    values = {key: one for key, one in changed.items() if key not in ADDRESS}
                    self.update("PUT /gateways/{gateway_id}", json=changed, values=values, **own)
                    back = {"visibility": "team"}
                    self.update("PUT /gateways/{gateway_id}", json=back, **own)

    @task
    def server_properties(self) -> None:
        """Virtual servers with every property, in every visibility."""
        with self.team() as team, self.agent() as agent:
            for create in SERVERS:
                for scope, oauth in ((of_team(team.id), True), (PRIVATE, False), (PUBLIC, False)):
                    server = {
                        **scope,
                        "name": self.name("server"),
                        "id": uuid.uuid4().hex,
                        "owner_email": self.me,
                        "icon": "https://example.com/icon.png",
                        "associated_a2a_agents": [agent.id],
                        "oauth_enabled": oauth,
                        **({"oauth_config": OAUTH} if oauth else {}),
                    }
                    body = {"server": server} | dict(scope)
                    with self.created(create, json=body, delete="DELETE /servers/{server_id}", differs=PARTS):
                        pass

    @task
    def server_updates(self) -> None:
        """A virtual server that gets every property, in every visibility."""
        with self.team() as team, self.agent() as agent, self.server(scope=of_team(team.id)) as server:
            for scope, oauth in ((PUBLIC, True), ({"visibility": "team"}, False)):
                changes = {
                    **scope,
                    "teamId": team.id,
                    "ownerEmail": self.me,
                    "associatedA2aAgents": [agent.id],
                    "oauthEnabled": oauth,
                    **({"oauthConfig": OAUTH} if oauth else {}),
                }
                self.update("PUT /servers/{server_id}", server_id=server.id, json=changes)
