"""Gateways and agents with stored credentials: the backend receives them, also after an update without them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from loadtest.backends.settings import PROMPTS
from loadtest.client.answer import Answer
from loadtest.client.caller import Check
from loadtest.client.mismatch import Mismatch
from loadtest.client.request import Query
from loadtest.users.admin.checks import went_back
from loadtest.users.base import named, task
from loadtest.users.checks import answers, both, contains, has
from loadtest.users.federation.checks import called, is_seen_after, prompts_for
from loadtest.users.federation.stored import (
    HEADER,
    HEADERS,
    PARAMETER,
    PASSWORD,
    STORED,
    TOKEN,
    CredentialsUser,
    Stored,
)
from loadtest.users.registry.a2a import invocation, rpc_message
from loadtest.users.registry.fixtures import (
    ADDRESS,
    MASK,
    new_agent,
    new_gateway,
    new_server,
    new_tool,
    of_team,
)
from loadtest.users.registry.servers import ICON, ISSUER, OAUTH

CLIENT = OAUTH | {"client_id": "lt-client", "token_endpoint": f"{ISSUER}/token"}
"""The OAuth configuration of a virtual server, without the secret of the client."""
REPEATED = "the credentials that were sent as they are shown"
"""What a server receives after an update with the mask in their place."""
REPLACED = "the credentials that replaced others"
UNCHANGED = "the credentials that were not changed"
"""What a server and an agent receive after an update with other credentials, and without. The faults of releases are
about the opposite cases, and must not excuse these."""
MOST = 500
"""The largest page of the admin lists."""


class KeptCredentialsUser(CredentialsUser):
    """A user who registers servers or agents that need credentials of every kind."""

    abstract = True

    @task
    def basic(self) -> None:
        """A user name and a password."""
        self.keeps(PASSWORD)

    @task
    def bearer(self) -> None:
        """A bearer token."""
        self.keeps(TOKEN)

    @task
    def headers(self) -> None:
        """A header of its own."""
        self.keeps(HEADERS)

    @task
    def header(self) -> None:
        """A header of its own, in the older form."""
        self.keeps(HEADER)

    @task
    def query_parameter(self) -> None:
        """A parameter of the address."""
        self.keeps(PARAMETER)

    def keeps(self, stored: Stored) -> None:
        """Register a server or an agent with credentials and update it: it must receive them."""
        raise NotImplementedError

    def uses(self, name: str, *, check: Check | None = None) -> None:
        """Call the server or the agent ``name``."""
        raise NotImplementedError

    def receives_again(self, name: str, received: Check) -> Check:
        """Return a check that calls the server or the agent again, after which ``received`` must hold."""

        def check(answer: Answer) -> Mismatch | None:
            self.uses(name)
            return received(answer)

        return check


class StoredCredentialsUser(KeptCredentialsUser):
    """A user who registers servers that need credentials."""

    area = "gateways"

    @task
    def reached_when_on(self) -> None:
        """Servers that are switched off and on again: the gateway reaches them with their credentials then."""
        for stored in (PASSWORD, HEADERS):
            with self.server_with(stored, self.secret()) as gateway:
                self.is_reached_when_on(gateway)

    @task
    def client_credentials(self) -> None:
        """A token that the gateway obtains with its client credentials."""
        self.keeps(self.token_client())

    @task
    def prompts(self) -> None:
        """A prompt of servers with a token or a parameter of the address."""
        self.fills_prompt(TOKEN)
        self.fills_prompt(PARAMETER)

    @task
    def prompts_with_headers(self) -> None:
        """A prompt of a server with a header of its own."""
        self.fills_prompt(HEADERS)

    @task
    def prompts_with_tokens(self) -> None:
        """A prompt of a server with a token that the gateway obtains with its client credentials."""
        self.fills_prompt(self.token_client(), "the token of the stored client")

    def fills_prompt(self, stored: Stored, what: str = STORED) -> None:
        """Register a server with ``stored`` credentials and fill in its prompt; it must receive ``what`` then."""
        secret, who = self.secret(), self.name("who")
        with self.server_with(stored, secret) as gateway:
            received = self.receives(gateway["name"], stored, secret, what=what, method="prompts/get")
            self.rpc(
                "POST /rpc prompts/get",
                {"name": f"{gateway['slug']}-{PROMPTS[0]}", "arguments": {"who": who}},
                check=both(prompts_for(f"{PROMPTS[0]} greets {who}"), received),
            )

    def keeps(self, stored: Stored) -> None:
        """Register a server at either address with credentials, update the credentials, then its description."""
        for create in ("POST /gateways", "POST /gateways/"):
            name, secret, replaced = self.name("gateway"), self.secret(), self.secret()
            own = self.spelled(create, stored.properties(secret))
            body = new_gateway(name, f"{self.backend('scripted')}/plain/{name}/mcp", **own)
            with self.created(
                create,
                json=body,
                delete="DELETE /gateways/{gateway_id}",
                differs=(*ADDRESS, *(key for key in own if key.lower().replace("_", "") != "authtype")),
            ) as gateway:
                self.uses(name, check=self.receives(name, stored, secret))
                # The update is what loses them, so its failure is reported. The second one has them as the gateway
                # shows them, or nothing of them.
                last: tuple[dict[str, Any], str] = ({}, STORED)
                if create == "POST /gateways":
                    last = (stored.properties(MASK), REPEATED)
                for changes, what in (
                    (stored.properties(replaced), REPLACED),
                    ({"description": self.name("description")} | last[0], last[1]),
                ):
                    self.call(
                        "PUT /gateways/{gateway_id}",
                        gateway_id=gateway.id,
                        json=changes,
                        effect=self.receives_again(name, self.receives(name, stored, replaced, what=what)),
                    )

    def is_reached_when_on(self, gateway: Answer) -> None:
        """Switch a server off and on again, which the gateway must have seen since."""
        own: dict[str, Any] = {"gateway_id": gateway.id}
        state, reached = (
            "POST /admin/gateways/{gateway_id}/state",
            is_seen_after(str(gateway["lastSeen"] or "")),
        )
        self.call(state, form={"activate": "false"}, check=went_back, **own)
        self.call(
            state,
            form={"activate": "true"},
            check=went_back,
            effect=lambda _: reached(self.call("GET /gateways/{gateway_id}", **own)),
            **own,
        )

    def uses(self, name: str, *, check: Check | None = None) -> None:
        """Call the tool of the server ``name``."""
        text = self.name("text")
        answered = called("echo", text)
        self.rpc(
            "POST /rpc tools/call",
            {"name": f"{name}-echo", "arguments": {"text": text}},
            check=lambda answer: answered(answer) or (check(answer) if check else None),
        )


class ResourceCredentialsUser(CredentialsUser):
    """A user who reads resources of servers that need credentials."""

    area = "gateways"

    @task
    def bearer(self) -> None:
        """A server with a token."""
        self.reads(TOKEN)

    @task
    def header(self) -> None:
        """A server with a header of its own."""
        self.reads(HEADERS)

    @task
    def query_parameter(self) -> None:
        """A server with a parameter of the address."""
        self.reads(PARAMETER)

    @task
    def client_credentials(self) -> None:
        """A server with a token that the gateway obtains with its client credentials."""
        self.reads(self.token_client("resources"))

    def reads(self, stored: Stored) -> None:
        """Register a server with ``stored`` credentials; each read of its resource must have them."""
        if not self.documents("GET /resources", "query gateway_id"):
            return
        secret = self.secret()
        with self.server_with(stored, secret) as gateway:
            received = self.receives(gateway["name"], stored, secret, method="resources/read")
            resource = self.call("GET /resources", params={"gateway_id": gateway.id})["0"]
            for _ in range(2):
                self.call(
                    "GET /resources/{resource_id}",
                    resource_id=str(resource["id"]),
                    check=both(has("text", f"The text of {resource['uri']}."), received),
                )


class AgentCredentialsUser(KeptCredentialsUser):
    """A user who registers agents that need credentials."""

    area = "a2a"

    def keeps(self, stored: Stored) -> None:
        """Register an agent at either address with credentials, update its description, then the credentials.

        It must receive them in whatever way it is called, and after it was disabled and enabled.
        """
        for create in ("POST /a2a", "POST /a2a/"):
            with self.team() as team:
                self.keeps_of(create, of_team(team.id), stored)

    def keeps_of(self, create: str, scope: Mapping[str, str], stored: Stored) -> None:
        """Register an agent in a ``scope`` at one address; see :meth:`keeps`."""
        name, secret, replaced = self.name("agent"), self.secret(), self.secret()
        own = stored.with_underscores(secret)
        address = f"{self.backend('scripted')}/agent/{name}"
        body = new_agent(name, address, scope=scope, agent_type="jsonrpc", **own)
        with self.created(
            create, json=body, delete="DELETE /a2a/{agent_id}", differs=own.keys() - {"auth_type"}
        ) as agent:
            self.asks_in_every_way(agent, self.receives(name, stored, secret))
            for on in (False, True):
                self.call("POST /a2a/{agent_id}/state", agent_id=agent.id, params={"activate": on})
            self.uses(name, check=self.receives(name, stored, secret))
            shown = {} if create == "POST /a2a" else stored.properties(MASK)
            for changes, kept, what in (
                ({"description": self.name("description")} | shown, secret, UNCHANGED),
                (stored.properties(replaced), replaced, STORED),
            ):
                self.call(
                    "PUT /a2a/{agent_id}",
                    agent_id=agent.id,
                    json=changes,
                    effect=self.receives_again(name, self.receives(name, stored, kept, what=what)),
                )

    def asks_in_every_way(self, agent: Answer, check: Check) -> None:
        """Call an agent by its name and its ID, in its own protocol, as a tool, and on the admin pages."""
        name, text = agent["name"], self.name("text")
        self.uses(name, check=check)
        if not self.offers("POST /a2a/invoke"):
            return
        self.rpc(
            "POST /rpc tools/call",
            {"name": f"a2a-{agent['slug']}", "arguments": {"query": text}},
            check=both(contains(text), check),
        )
        self.call(
            "POST /admin/a2a/{agent_id}/test",
            agent_id=agent.id,
            json={"query": text},
            check=both(contains(text), check),
        )
        self.call(
            "POST /a2a/invoke",
            json={"agent_id": agent.id, **invocation(text)},
            check=both(contains(text), check),
        )
        self.call(
            "POST /a2a/{agent_name}/jsonrpc",
            agent_name=name,
            json=rpc_message(text),
            check=both(contains(text), check),
        )

    def uses(self, name: str, *, check: Check | None = None) -> None:
        """Call the agent ``name``."""
        text = self.name("text")
        answered = answers(text)
        self.call(
            "POST /a2a/{agent_name}/invoke",
            agent_name=name,
            json=invocation(text),
            check=lambda answer: answered(answer) or (check(answer) if check else None),
        )


class ShownCredentialsUser(CredentialsUser):
    """A user who looks at entities with stored credentials wherever they are shown or exported.

    The check that none of the responses contains the credentials is that of every response
    (:class:`loadtest.client.secrecy.stored.StoredSecrets`); here, every response must show the entity.
    """

    area = "credentials"

    @task
    def of_a_gateway(self) -> None:
        """A federated server with a password, in lists, searches, pages and exports."""
        tag = self.name("tag")
        own = self.spelled("POST /gateways", PASSWORD.properties(self.secret()))
        with self.team() as team, self.gateway(tags=[tag], scope=of_team(team.id), **own) as gateway:
            name = gateway["name"]
            among = {"types": "servers,prompts,gateways", "tags": tag}
            self.shown("GET /admin/gateways/{gateway_id}", name, gateway_id=gateway.id)
            self.shown("GET /admin/gateways/search", name, {"q": name})
            self.shown("GET /admin/gateways/partial", name, {"q": name})
            self.shown("GET /admin/search", name, {"q": name, "entity_types": "gateways"})
            self.shown("GET /export", name, among)
            self.shown("GET /admin/export/configuration", name, among)

    @task
    def of_a_server(self) -> None:
        """A virtual server with the secret of an OAuth client, and then with another one."""
        tag = self.name("tag")

        def client() -> dict[str, Any]:
            return CLIENT | {"client_secret": self.secret()}

        with self.team() as team:
            body = new_server(
                self.name("server"),
                scope=of_team(team.id),
                icon=ICON,
                tags=[tag],
                oauth_enabled=True,
                oauth_config=client(),
            )
            with self.created("POST /servers", json=body, delete="DELETE /servers/{server_id}") as server:
                name = server["name"]
                among = {"types": "servers,prompts,gateways", "tags": tag}
                for changes in (
                    {"description": "Described."},
                    {"oauthEnabled": True, "oauthConfig": client()},
                ):
                    self.shown("GET /servers", name, {"tags": tag})
                    self.shown("GET /admin/servers", name, {"per_page": MOST})
                    self.shown("GET /admin/servers/{server_id}", name, server_id=server.id)
                    self.shown("GET /admin/servers/partial", name, {"q": name})
                    self.shown("GET /admin/search", name, {"q": name, "entity_types": "servers"})
                    self.shown("GET /export", name, among)
                    self.shown("GET /admin/export/configuration", name, among)
                    self.update("PUT /servers/{server_id}", server_id=server.id, json=changes)

    @task
    def of_an_oauth_gateway(self) -> None:
        """A federated server with the secret of an OAuth client, in lists, searches, pages and exports."""
        tag = self.name("tag")
        own = self.spelled("POST /gateways", self.token_client().properties(self.secret()))
        with self.team() as team, self.gateway(tags=[tag], scope=of_team(team.id), **own) as gateway:
            name = gateway["name"]
            among = {"types": "servers,prompts,gateways", "tags": tag}
            self.shown("GET /gateways", name, {"tags": tag})
            self.shown("GET /admin/gateways", name, {"per_page": MOST})
            self.shown("GET /admin/gateways/{gateway_id}", name, gateway_id=gateway.id)
            self.shown("GET /admin/gateways/partial", name, {"q": name})
            self.shown("GET /admin/search", name, {"q": name, "entity_types": "gateways"})
            self.shown("GET /export", name, among)
            self.shown("GET /admin/export/configuration", name, among)
            changes = {"description": self.name("description")}
            self.update("PUT /gateways/{gateway_id}", gateway_id=gateway.id, json=changes)

    @task
    def of_an_agent(self) -> None:
        """An agent with a header of its own, in lists, searches and pages."""
        tag = self.name("tag")
        own = HEADERS.with_underscores(self.secret()) | {"passthrough_headers": ["X-Load-Test"]}
        with self.team() as team, self.agent(tags=[tag], scope=of_team(team.id), **own) as agent:
            name = agent["name"]
            self.shown("GET /a2a", name, {"tags": tag})
            self.shown("GET /admin/a2a/{agent_id}", name, agent_id=agent.id)
            self.shown("GET /admin/a2a/search", name, {"q": name})
            self.shown("GET /admin/a2a/partial", name, {"q": name})
            self.shown("GET /admin/search", name, {"q": name, "entity_types": "agents"})

    @task
    def of_a_tool(self) -> None:
        """A tool with a token, in lists, searches, pages and exports."""
        tag = self.name("tag")
        own = TOKEN.with_underscores(self.secret())
        body = new_tool(self.name("tool"), self.backend("rest"), tags=[tag], **own)
        with self.created(
            "POST /tools", json=body, delete="DELETE /tools/{tool_id}", differs=tuple(own)
        ) as tool:
            name = tool["name"]
            among = {"types": "servers,prompts,tools", "tags": tag}
            self.shown("GET /tools", name, {"tags": tag})
            self.shown("GET /admin/tools/{tool_id}", name, tool_id=tool.id)
            self.shown("GET /admin/tools/search", name, {"q": name})
            self.shown("GET /admin/tools/partial", name, {"q": name})
            self.shown("GET /export", name, among)
            self.shown("GET /admin/export/configuration", name, among)
            self.call("POST /export/selective", json={"tools": [tool.id]}, check=contains(name))

    def shown(self, operation: str, name: str, params: Query | None = None, **path: str) -> None:
        """Read an entity, which the response must show by its ``name``."""
        self.call(operation, params=params, check=contains(name), **named(path))
