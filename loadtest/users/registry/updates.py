"""Updates of every kind of entity with a ``PUT``: every property gets a new value, which is read again."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from loadtest.client.answer import Answer
from loadtest.client.caller import Check, Effect
from loadtest.client.mismatch import expected
from loadtest.users.base import named, task
from loadtest.users.checks import has, lists_only, mentions
from loadtest.users.identity.accounts import UPDATES
from loadtest.users.identity.fixtures import PeopleUser
from loadtest.users.identity.rbac import ROLES, new_role
from loadtest.users.read_back import Entity, Listed, ReadBack, item_of, parameters_of, snake
from loadtest.users.registry.fixtures import INFO, PRIVATE, PUBLIC, RegistryUser, of_team
from loadtest.users.registry.servers import names_parts

CHANGED = "Changed by the load test."
UNKNOWN = "LOADTEST"
"""No visibility, method or transport."""
NO_ADDRESS = "loadtest is no address"
NO_TEAM = "0" * 32
"""An id that no team has."""
UNSERVED = "http://127.0.0.1:9"
"""An address without a server: the port is that of the obsolete discard service."""
NO_PARTS = dict.fromkeys(("associatedTools", "associatedResources", "associatedPrompts"), "")
"""The members of a virtual server that name its parts."""
REJECTED = (400, 404, 409, 422, 502, 503)
"""Statuses of an update with a wrong value; the last two if a service cannot be reached."""
CHANGED_TEXT = "a changed text of the load test"
OTHERS = {"ownerEmail": "lt-other@example.com", "createdBy": "lt-other@example.com"}
"""Properties that an update must not change, although it contains them."""
ICON = "https://example.com/changed.png"

Create = Callable[..., AbstractContextManager[Answer]]
"""Creates an entity with the given properties for a ``with`` block."""


class EntityUpdateUser(RegistryUser):
    """Every kind of entity, updated."""

    area = "updates"
    weight = 3

    @task(3)
    def update_tool(self) -> None:
        """A tool that echoes a text becomes one that tells the time."""
        with self.tool(scope=PRIVATE) as tool:
            name = self.name("tool")
            zone = {"type": "object", "properties": {"timezone": {"type": "string"}}}
            changes: dict[str, Any] = PUBLIC | {
                "customName": name,
                "displayName": name,
                "title": "Changed",
                "description": CHANGED,
                "url": f"{self.backend('rest')}/time",
                "requestType": "GET",
                "integrationType": "REST",
                "headers": {"X-Load-Test": "changed"},
                "inputSchema": zone,
                "annotations": {"readOnlyHint": True},
                "extensionMetadata": {"loadtest": {"changed": True}},
                "jsonpathFilter": ".time",
                "tags": [self.name("tag")],
            }
            changed = self.update("PUT /tools/{tool_id}", tool_id=tool.id, json=changes)
            self.rpc(
                "POST /rpc tools/call",
                {"name": changed["name"], "arguments": {"timezone": "UTC"}},
                check=mentions("+00:00", at="result.content.0.text"),
            )

    @task(3)
    def update_resource(self) -> None:
        """A resource with other properties and other content."""
        with self.resource() as resource:
            changes: dict[str, Any] = PRIVATE | {
                "uri": f"loadtest://{self.name('resource')}",
                "title": "Changed",
                "description": CHANGED,
                "mimeType": "text/markdown",
                "content": CHANGED_TEXT,
                "tags": [self.name("tag")],
            }
            own: dict[str, Any] = {"resource_id": resource.id}
            known = self.documented("PUT /resources/{resource_id}", changes)
            self.update("PUT /resources/{resource_id}", json=known, read=INFO, **own)
            self.call("GET /resources/{resource_id}", check=has("text", CHANGED_TEXT), **own)

    @task(3)
    def update_prompt(self) -> None:
        """A prompt with a new template and a new argument, which are used from then on."""
        with self.prompt() as prompt:
            tag = self.name("tag")
            changes: dict[str, Any] = PRIVATE | {
                "displayName": self.name("prompt"),
                "description": CHANGED,
                "template": "Greet {{ whom }} in two sentences.",
                "arguments": [{"name": "whom", "description": CHANGED, "required": True}],
                "tags": [tag],
            }
            own: dict[str, Any] = {"prompt_id": prompt.id}
            read = Listed("GET /prompts", params={"tags": tag})
            self.update("PUT /prompts/{prompt_id}", json=changes, read=read, **own)
            self.call(
                "POST /prompts/{prompt_id}",
                json={"whom": "Ada"},
                check=has("messages.0.content.text", "Greet Ada in two sentences."),
                **own,
            )

    @task(2)
    def update_server(self) -> None:
        """A virtual server that gets other properties, and an entity of each kind."""
        with self.server() as server:
            own: dict[str, Any] = {"server_id": server.id}
            with self.tool() as tool, self.resource() as resource, self.prompt() as prompt:
                self.update_parts(own, tool.id, resource.id, prompt.id)
            # The parts have been deleted.
            self.call("GET /servers/{server_id}", check=names_parts(NO_PARTS, disabled=True), **own)

    def update_parts(self, own: dict[str, Any], tool: str, resource: str, prompt: str) -> None:
        """Give a virtual server other properties and parts, take these away, and give them back."""
        changes: dict[str, Any] = PRIVATE | {
            "name": self.name("server"),
            "description": CHANGED,
            "icon": ICON,
            "tags": [self.name("tag")],
        }
        texts = {"associatedResources": [resource], "associatedPrompts": [prompt]}
        sent, shown = texts | {"associatedTools": [tool]}, texts | {"associatedToolIds": [tool]}
        self.update("PUT /servers/{server_id}", json=changes | sent, values=changes | shown, **own)
        self.call("GET /servers/{server_id}/tools", check=lists_only(tool), **own)
        self.update("PUT /servers/{server_id}", json={"description": CHANGED_TEXT}, **own)
        none: dict[str, Any] = {member: [] for member in sent}
        self.update("PUT /servers/{server_id}", json=none, **own)
        self.call("GET /servers/{server_id}/tools", check=lists_only(), **own)
        self.update("PUT /servers/{server_id}", json=sent, values=shown, **own)

    @task(1)
    def update_gateway(self) -> None:
        """A federated server with other properties and credentials."""
        with self.gateway() as gateway:
            changes: dict[str, Any] = (
                PRIVATE
                | {
                    "name": self.name("gateway"),
                    "description": CHANGED,
                    "tags": [self.name("tag")],
                    "passthroughHeaders": ["X-Load-Test"],
                }
                | self.credentials()
            )
            self.update("PUT /gateways/{gateway_id}", gateway_id=gateway.id, json=changes)

    @task(2)
    def update_agent(self) -> None:
        """An agent with other properties and credentials."""
        with self.agent() as agent:
            changes: dict[str, Any] = PRIVATE | {
                "name": self.name("agent"),
                "description": CHANGED,
                "endpointUrl": f"{self.backend('a2a')}?changed=true",
                "agentType": "jsonrpc",
                "protocolVersion": "0.3.0",
                "capabilities": {"streaming": True},
                "config": {"changed": True},
                "tags": [self.name("tag")],
                "passthroughHeaders": ["X-Load-Test"],
            }
            # The credentials are not shown.
            sent = changes | self.credentials()
            self.update("PUT /a2a/{agent_id}", agent_id=agent.id, json=sent, values=changes)

    def credentials(self) -> dict[str, str]:
        """Return new credentials for a server or an agent."""
        return {
            "authType": "basic",
            "authUsername": "loadtest",
            "authPassword": self.secret(),
        }


class KindUpdateUser(RegistryUser):
    """Every kind of entity, updated in one way."""

    abstract = True

    @task
    def of_tool(self) -> None:
        """A tool."""
        self.check_update("PUT /tools/{tool_id}", self.tool)

    @task
    def of_resource(self) -> None:
        """A resource."""
        title = self.documented("POST /resources", {"title": "Kept"}, under="resource")
        self.check_update("PUT /resources/{resource_id}", self.resource, read=INFO, **title)

    @task
    def of_prompt(self) -> None:
        """A prompt."""
        self.check_update("PUT /prompts/{prompt_id}", self.prompt, lists="GET /prompts")

    @task
    def of_server(self) -> None:
        """A virtual server."""
        self.check_update("PUT /servers/{server_id}", self.server)

    @task
    def of_gateway(self) -> None:
        """A federated server."""
        self.check_update("PUT /gateways/{gateway_id}", self.gateway)

    @task
    def of_agent(self) -> None:
        """An agent."""
        self.check_update("PUT /a2a/{agent_id}", self.agent)

    def check_update(
        self, operation: str, create: Create, *, read: ReadBack | None = None, lists: str = "", **more: str
    ) -> None:
        """Create an entity in each scope and update it.

        Args:
            operation: changes the entity.
            create: creates it for a ``with`` block.
            read: the read-back; by default, ``GET`` on the same path.
            lists: the operation that lists the entity, by which it is read instead.
            more: further properties of the entity.
        """
        with self.scopes() as scopes:
            for scope in scopes:
                tag = self.name("tag")
                back = Listed(lists, params={"tags": tag}) if lists else read
                with create(scope=scope, tags=[tag], **more) as entity:
                    sent, values = self.changes(entity)
                    own = named({parameters_of(operation)[0]: entity.id})
                    self.update(operation, json=sent, values=values, read=back, **own)

    @contextmanager
    def scopes(self) -> Iterator[Collection[Mapping[str, str]]]:
        """Yield the scopes of the entities for the ``with`` block, of which one is created in each."""
        yield (PUBLIC,)

    def changes(self, entity: Answer) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return the body of the update of an ``entity``, and the values that it has afterwards."""
        raise NotImplementedError


class DescriptionUpdateUser(KindUpdateUser):
    """Entities of a team and private ones that get another description, and keep their other properties."""

    area = "updates"

    @contextmanager
    def scopes(self) -> Iterator[Collection[Mapping[str, str]]]:
        """Yield the scope of a new team, and that of private entities."""
        with self.team() as team:
            yield (of_team(team.id), PRIVATE)

    def changes(self, entity: Answer) -> tuple[dict[str, Any], dict[str, Any]]:
        """Change only the description."""
        changed = {"description": CHANGED}
        return changed, changed


class OwnerUpdateUser(KindUpdateUser):
    """Entities that get another description, and no other owner, although the body names one."""

    area = "updates"

    def changes(self, entity: Answer) -> tuple[dict[str, Any], dict[str, Any]]:
        """Name another owner, which must not have an effect."""
        changed = {"description": CHANGED}
        kept = {name: entity[name] for name in OTHERS if entity.json.get(name)}
        return changed | OTHERS, changed | kept


class RejectedUpdateUser(PeopleUser, RegistryUser):
    """Updates with an invalid value, which are refused as a whole: their other values are not stored either."""

    area = "updates"

    @task
    def wrong_tool(self) -> None:
        """A tool with a visibility, a method and an address that do not exist, and one in which its name is taken."""
        with self.tool() as other, self.tool(name=str(other["name"]), scope=PRIVATE) as tool:
            self.rejected(
                "PUT /tools/{tool_id}",
                tool,
                {"visibility": UNKNOWN},
                {"visibility": "public"},
                {"integrationType": "REST", "requestType": UNKNOWN},
                {"url": NO_ADDRESS},
            )

    @task
    def wrong_resource(self) -> None:
        """A resource with a visibility that does not exist, and with the address of another one."""
        # Two resources may have the same name.
        uri = f"loadtest://{self.name('resource')}"
        with self.resource() as other, self.resource(name=str(other["name"]), uri=uri) as resource:
            self.rejected(
                "PUT /resources/{resource_id}",
                resource,
                {"visibility": UNKNOWN},
                {"uri": other["uri"]},
                read=INFO,
            )

    @task
    def wrong_prompt(self) -> None:
        """A prompt with a visibility that does not exist, and with the name of another one."""
        tag = self.name("tag")
        with self.prompt() as other, self.prompt(tags=[tag]) as prompt:
            self.rejected(
                "PUT /prompts/{prompt_id}",
                prompt,
                {"visibility": UNKNOWN},
                {"name": other["name"]},
                read=Listed("GET /prompts", params={"tags": tag}),
            )

    @task
    def wrong_server(self) -> None:
        """A virtual server with a visibility that does not exist, and with the name of another one."""
        with self.server() as other, self.server() as server:
            self.rejected(
                "PUT /servers/{server_id}",
                server,
                {"visibility": UNKNOWN},
                {"name": other["name"]},
            )

    @task
    def wrong_gateway(self) -> None:
        """A federated server with a visibility and a transport that do not exist, and with no address."""
        with self.gateway() as gateway:
            self.rejected(
                "PUT /gateways/{gateway_id}",
                gateway,
                {"visibility": UNKNOWN},
                {"transport": UNKNOWN},
                {"url": NO_ADDRESS},
            )

    @task
    def wrong_credentials(self) -> None:
        """Entities with headers that cannot be sent, and a tool with OAuth, which only servers have."""
        headers = {
            "authType": "authheaders",
            "authHeaders": [{"key": "X Api Key", "value": self.secret()}],
        }
        with self.tool() as tool:
            old = {snake(name): value for name, value in headers.items()}
            self.rejected("PUT /tools/{tool_id}", tool, old, {"auth": {"authType": "oauth"}})
        with self.gateway() as gateway:
            self.rejected("PUT /gateways/{gateway_id}", gateway, headers)
        with self.agent() as agent:
            self.rejected("PUT /a2a/{agent_id}", agent, headers)

    @task
    def wrong_parts(self) -> None:
        """A virtual server whose parts are stated by names, and a federated server with an unknown transport."""
        with self.server() as server:
            self.rejected(
                "PUT /servers/{server_id}",
                server,
                *({part: [self.name("part")]} for part in ("associatedTools", "associatedPrompts")),
            )
        with self.gateway() as gateway:
            self.rejected("PUT /gateways/{gateway_id}", gateway, {"transport": "STDIO"})

    @task
    def unknown_team(self) -> None:
        """Entities that a team shall see that does not exist."""
        team = {"visibility": "team", "teamId": NO_TEAM}
        tag = self.name("tag")
        with self.resource() as resource:
            self.rejected("PUT /resources/{resource_id}", resource, team, read=INFO)
        with self.prompt(tags=[tag]) as prompt:
            listed = Listed("GET /prompts", params={"tags": tag})
            self.rejected("PUT /prompts/{prompt_id}", prompt, team, read=listed)
        with self.server() as server:
            self.rejected("PUT /servers/{server_id}", server, team)
        with self.agent() as agent:
            self.rejected("PUT /a2a/{agent_id}", agent, team)

    @task
    def unreachable_gateway(self) -> None:
        """A federated server with an address without a server, and with that of a service without MCP."""
        with self.gateway() as gateway:
            self.rejected(
                "PUT /gateways/{gateway_id}",
                gateway,
                {"url": f"{UNSERVED}/{self.name('gateway')}"},
                {"url": f"{self.backend('rest')}/{self.name('gateway')}"},
            )

    @task
    def wrong_agent(self) -> None:
        """An agent with a visibility that does not exist, with no address, and with the name of another one."""
        with self.agent() as other, self.agent() as agent:
            self.rejected(
                "PUT /a2a/{agent_id}",
                agent,
                {"visibility": UNKNOWN},
                {"endpointUrl": NO_ADDRESS},
                {"name": other["name"]},
            )

    @task
    def wrong_account(self) -> None:
        """An account with a new name and a password that the policy does not allow."""
        account = next(one for one in UPDATES if self.offers(one))
        with self.person() as person:
            read = self.call("GET /auth/email/admin/users/{user_email}", user_email=person.email)
            self.rejected(account, read, {"password": "short"}, right="full_name", key="email")

    @task
    def wrong_team(self) -> None:
        """A team with a visibility and a number of members that do not exist."""
        with self.team() as team:
            self.rejected("PUT /teams/{team_id}", team, {"visibility": UNKNOWN}, {"max_members": -1})

    @task
    def wrong_role(self) -> None:
        """A role with a permission that does not exist."""
        body, delete = new_role(self.name("role")), "DELETE /rbac/roles/{role_id}"
        with self.created("POST /rbac/roles", json=body, delete=delete, read=ROLES) as role:
            self.rejected(
                "PUT /rbac/roles/{role_id}", role, {"permissions": ["loadtest.unknown"]}, read=ROLES
            )

    def rejected(
        self,
        operation: str,
        entity: Answer,
        *wrong: Mapping[str, Any],
        read: ReadBack | None = None,
        right: str = "description",
        key: str = "id",
    ) -> None:
        """Update an ``entity`` with a right value and each of the ``wrong`` ones: it stays as it is.

        Args:
            operation: changes the entity.
            entity: the response that created or read it.
            wrong: changes, each with a value that must be refused.
            read: the read-back; by default, ``GET`` on the same path.
            right: the property with a right value.
            key: member of ``entity`` that is its id.
        """
        identity = str(entity[key])
        path = {parameters_of(operation)[0]: identity}
        back = read or item_of(operation)

        def stays(before: Mapping[str, Any]) -> Effect:
            return lambda _: back.shows(self.call, Entity(identity, path, before))

        for values in wrong:
            changes = {right: CHANGED, **values}
            self.call(
                operation,
                json=changes,
                refusals=REJECTED,
                check=rejects(values),
                effect=stays({name: entity[name] for name in changes if name in entity.json}),
                **named(path),
            )


def rejects(values: Collection[str]) -> Check:
    """Return a check that an update with these wrong ``values`` is refused: its status is one of :data:`REJECTED`."""
    what = f"an update with a wrong {' and '.join(values)} to be refused"
    return lambda answer: None if answer.status in REJECTED else expected(what, answer.status)
