"""Gateways and agents with stored credentials: the backend receives them, also after an update without them."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from typing import Any

from loadtest.backends.settings import PROMPTS, QUERY
from loadtest.client.answer import Answer
from loadtest.client.backend_probes import ask_scripted
from loadtest.client.caller import Check
from loadtest.client.mismatch import Mismatch
from loadtest.client.request import Query
from loadtest.users.admin.checks import went_back
from loadtest.users.base import named, task
from loadtest.users.checks import answers, both, contains
from loadtest.users.federation.checks import called, carries, is_seen_after, prompts_for
from loadtest.users.registry.a2a import question
from loadtest.users.registry.fixtures import (
    ADDRESS,
    MASK,
    RegistryUser,
    camel,
    new_agent,
    new_gateway,
    new_server,
    new_tool,
    of_team,
)
from loadtest.users.registry.servers import ICON, ISSUER, OAUTH

CLIENT = OAUTH | {"client_id": "lt-client", "token_endpoint": f"{ISSUER}/token"}
"""The OAuth configuration of a virtual server, without the secret of the client."""
STORED, REPEATED = "the stored credentials", "the credentials that were sent as they are shown"
"""What a server receives after an update without them, or with the mask in their place."""
MOST = 500
"""The largest page of the admin lists."""
SECRET_HEADER = "X-Api-Key"  # noqa: S105 - the name of a header
SECRET_PARAMETER = "api_key"  # noqa: S105 - the name of a parameter

Stored = Callable[[str], dict[str, Any]]
"""Returns the properties of a gateway with a secret."""


def password_of(secret: str) -> dict[str, Any]:
    """Return the properties of a server that requires a user name and this password."""
    return {"authType": "basic", "authUsername": "lt-user", "authPassword": secret}


def headers_of(secret: str) -> dict[str, Any]:
    """Return the properties of a server that requires this value of a header of its own."""
    return {"authType": "authheaders", "authHeaders": [{"key": SECRET_HEADER, "value": secret}]}


class StoredCredentialsUser(RegistryUser):
    """A user who registers servers that need credentials."""

    area = "gateways"

    @task
    def basic(self) -> None:
        """A user name and a password."""

        def value(secret: str) -> str:
            return f"Basic {base64.b64encode(f'lt-user:{secret}'.encode()).decode()}"

        self.keeps(password_of, "Authorization", value)

    @task
    def bearer(self) -> None:
        """A bearer token."""

        def stored(secret: str) -> dict[str, Any]:
            return {"authType": "bearer", "authToken": secret}

        self.keeps(stored, "Authorization", lambda secret: f"Bearer {secret}")

    @task
    def headers(self) -> None:
        """A header of the server's own."""
        self.keeps(headers_of, SECRET_HEADER, str)

    @task
    def reached_when_on(self) -> None:
        """Servers that are switched off and on again: the gateway reaches them with their credentials then."""
        for stored in (password_of, headers_of):
            name = self.name("gateway")
            own = stored(self.secret())
            body = new_gateway(name, f"{self.backend('scripted')}/plain/{name}/mcp", **own)
            with self.created(
                "POST /gateways", json=body, delete="DELETE /gateways/{gateway_id}", differs=(*ADDRESS, *own)
            ) as gateway:
                self.is_reached_when_on(gateway)

    @task
    def header(self) -> None:
        """A header of the server's own, in the older form."""

        def stored(secret: str) -> dict[str, Any]:
            return {"authType": "authheaders", "authHeaderKey": SECRET_HEADER, "authHeaderValue": secret}

        self.keeps(stored, SECRET_HEADER, str)

    @task
    def query_parameter(self) -> None:
        """A parameter of the address."""

        def stored(secret: str) -> dict[str, Any]:
            return {
                "authType": "query_param",
                "authQueryParamKey": SECRET_PARAMETER,
                "authQueryParamValue": secret,
            }

        self.keeps(stored, QUERY, lambda secret: f"{SECRET_PARAMETER}={secret}")

    @task
    def client_credentials(self) -> None:
        """A token that the gateway obtains with its client credentials."""
        token_url = f"{self.backend('scripted')}/token/{self.name('client')}"

        def stored(secret: str) -> dict[str, Any]:
            config = {
                "grant_type": "client_credentials",
                "client_id": "lt-client",
                "client_secret": secret,
                "token_url": token_url,
                "scopes": ["tools"],
            }
            return {"authType": "oauth", "oauthConfig": config}

        self.keeps(stored, "Authorization", lambda secret: f"Bearer client_credentials:lt-client:{secret}")

    @task
    def prompts(self) -> None:
        """A prompt of servers with a token or a parameter of the address."""
        secret = self.secret()
        bearer = {"authType": "bearer", "authToken": secret}
        self.fills_prompt(bearer, "Authorization", f"Bearer {secret}")
        parameter = {
            "authType": "query_param",
            "authQueryParamKey": SECRET_PARAMETER,
            "authQueryParamValue": secret,
        }
        self.fills_prompt(parameter, QUERY, f"{SECRET_PARAMETER}={secret}")

    @task
    def prompts_with_headers(self) -> None:
        """A prompt of a server with a header of its own."""
        secret = self.secret()
        listed = {"authType": "authheaders", "authHeaders": [{"key": SECRET_HEADER, "value": secret}]}
        self.fills_prompt(listed, SECRET_HEADER, secret)

    @task
    def prompts_with_tokens(self) -> None:
        """A prompt of a server with a token that the gateway obtains with its client credentials."""
        secret = self.secret()
        config = {
            "grant_type": "client_credentials",
            "client_id": "lt-client",
            "client_secret": secret,
            "token_url": f"{self.backend('scripted')}/token/{self.name('client')}",
            "scopes": ["tools"],
        }
        token = {"authType": "oauth", "oauthConfig": config}
        value = f"Bearer client_credentials:lt-client:{secret}"
        self.fills_prompt(token, "Authorization", value, "the token of the stored client")

    def fills_prompt(
        self, stored: Mapping[str, Any], header: str, value: str, what: str = "the stored credentials"
    ) -> None:
        """Register a server with ``stored`` credentials and fill in its prompt; it must receive ``header`` then."""
        name, who = self.name("gateway"), self.name("who")
        own = self.spelled("POST /gateways", stored)
        body = new_gateway(name, f"{self.backend('scripted')}/plain/{name}/mcp", **own)
        path = f"/received/{name}?method=prompts/get"

        def received(_: Answer) -> Mismatch | None:
            return carries(ask_scripted(self.backend("scripted"), "GET", path), header, value, what=what)

        with self.created(
            "POST /gateways", json=body, delete="DELETE /gateways/{gateway_id}", differs=(*ADDRESS, *own)
        ) as gateway:
            self.rpc(
                "POST /rpc prompts/get",
                {"name": f"{gateway['slug']}-{PROMPTS[0]}", "arguments": {"who": who}},
                check=both(prompts_for(f"{PROMPTS[0]} greets {who}"), received),
            )

    def keeps(self, stored: Stored, header: str, value: Callable[[str], str]) -> None:
        """Register a server at either address with credentials, update the credentials, then its description.

        Args:
            stored: returns the properties with a secret.
            header: the header in which the server receives them.
            value: returns what it receives.
        """
        for create in ("POST /gateways", "POST /gateways/"):
            name, secret, replaced = self.name("gateway"), self.secret(), self.secret()
            own = self.spelled(create, stored(secret))
            body = new_gateway(name, f"{self.backend('scripted')}/plain/{name}/mcp", **own)
            with self.created(
                create,
                json=body,
                delete="DELETE /gateways/{gateway_id}",
                differs=(*ADDRESS, *(key for key in own if key.lower().replace("_", "") != "authtype")),
            ) as gateway:
                self.call_tool(name, check=self.receives(name, header, value(secret)))
                # The update is what loses them, so its failure is reported. The second one has them as the gateway
                # shows them, or nothing of them.
                last: tuple[dict[str, Any], str] = ({}, STORED)
                if create == "POST /gateways":
                    last = (stored(MASK), REPEATED)
                for changes, what in (
                    (stored(replaced), STORED),
                    ({"description": self.name("description")} | last[0], last[1]),
                ):
                    self.call(
                        "PUT /gateways/{gateway_id}",
                        gateway_id=gateway.id,
                        json=changes,
                        effect=self.receives_again(name, header, value(replaced), what),
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

    def call_tool(self, name: str, *, check: Check | None = None) -> None:
        """Call the tool of the server ``name``."""
        text = self.name("text")
        answered = called("echo", text)
        self.rpc(
            "POST /rpc tools/call",
            {"name": f"{name}-echo", "arguments": {"text": text}},
            check=lambda answer: answered(answer) or (check(answer) if check else None),
        )

    def receives(self, name: str, header: str, value: str, what: str = STORED) -> Check:
        """Return a check that the server ``name`` received ``what`` last, in the ``header`` with this ``value``."""
        return lambda _: carries(
            ask_scripted(self.backend("scripted"), "GET", f"/received/{name}"), header, value, what=what
        )

    def receives_again(self, name: str, header: str, value: str, what: str) -> Check:
        """Return a check that calls the server again, which must receive ``what``."""

        def check(answer: Answer) -> Mismatch | None:
            self.call_tool(name)
            return self.receives(name, header, value, what)(answer)

        return check


class AgentCredentialsUser(RegistryUser):
    """A user who registers agents that need credentials."""

    area = "a2a"

    @task
    def basic(self) -> None:
        """A user name and a password."""

        def stored(secret: str) -> dict[str, Any]:
            return {"auth_type": "basic", "auth_username": "lt-user", "auth_password": secret}

        def value(secret: str) -> str:
            return f"Basic {base64.b64encode(f'lt-user:{secret}'.encode()).decode()}"

        self.keeps(stored, "Authorization", value)

    @task
    def bearer(self) -> None:
        """A bearer token."""

        def stored(secret: str) -> dict[str, Any]:
            return {"auth_type": "bearer", "auth_token": secret}

        self.keeps(stored, "Authorization", lambda secret: f"Bearer {secret}")

    @task
    def headers(self) -> None:
        """Headers of the agent's own."""

        def stored(secret: str) -> dict[str, Any]:
            return {"auth_type": "authheaders", "auth_headers": [{"key": SECRET_HEADER, "value": secret}]}

        self.keeps(stored, SECRET_HEADER, str)

    @task
    def header(self) -> None:
        """A header of the agent's own, in the older form."""

        def stored(secret: str) -> dict[str, Any]:
            return {
                "auth_type": "authheaders",
                "auth_header_key": SECRET_HEADER,
                "auth_header_value": secret,
            }

        self.keeps(stored, SECRET_HEADER, str)

    @task
    def query_parameter(self) -> None:
        """A parameter of the address."""

        def stored(secret: str) -> dict[str, Any]:
            return {
                "auth_type": "query_param",
                "auth_query_param_key": SECRET_PARAMETER,
                "auth_query_param_value": secret,
            }

        self.keeps(stored, QUERY, lambda secret: f"{SECRET_PARAMETER}={secret}")

    def keeps(self, stored: Stored, header: str, value: Callable[[str], str]) -> None:
        """Register an agent at either address with credentials, update its description, then the credentials.

        It must receive them in whatever way it is called, and after it was disabled and enabled.
        """
        for create in ("POST /a2a", "POST /a2a/"):
            with self.team() as team:
                self.keeps_of(create, of_team(team.id), stored, header, value)

    def keeps_of(
        self,
        create: str,
        scope: Mapping[str, str],
        stored: Stored,
        header: str,
        value: Callable[[str], str],
    ) -> None:
        """Register an agent in a ``scope`` at one address; see :meth:`keeps`."""
        name, secret, replaced = self.name("agent"), self.secret(), self.secret()
        own = stored(secret)
        address = f"{self.backend('scripted')}/agent/{name}"
        body = new_agent(name, address, scope=scope, agent_type="jsonrpc", **own)
        with self.created(
            create, json=body, delete="DELETE /a2a/{agent_id}", differs=own.keys() - {"auth_type"}
        ) as agent:
            self.asks_in_every_way(agent, self.receives(name, header, value(secret)))
            for on in (False, True):
                self.call("POST /a2a/{agent_id}/state", agent_id=agent.id, params={"activate": on})
            self.asks(name, check=self.receives(name, header, value(secret)))
            others = {camel(key): one for key, one in stored(replaced).items()}
            shown = {} if create == "POST /a2a" else {camel(key): one for key, one in stored(MASK).items()}
            for changes, kept in (
                ({"description": self.name("description")} | shown, secret),
                (others, replaced),
            ):
                self.call(
                    "PUT /a2a/{agent_id}",
                    agent_id=agent.id,
                    json=changes,
                    effect=self.receives_again(name, header, value(kept)),
                )

    def asks_in_every_way(self, agent: Answer, check: Check) -> None:
        """Call an agent by its name and its ID, in its own protocol, as a tool, and on the admin pages."""
        name, text = agent["name"], self.name("text")
        self.asks(name, check=check)
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
            json={"agent_id": agent.id, "parameters": question(text), "interaction_type": "query"},
            check=both(contains(text), check),
        )
        self.call(
            "POST /a2a/{agent_name}/jsonrpc",
            agent_name=name,
            json={"jsonrpc": "2.0", "id": text, **question(text)},
            check=both(contains(text), check),
        )

    def asks(self, name: str, *, check: Check | None = None) -> None:
        """Call the agent ``name``."""
        text = self.name("text")
        answered = answers(text)
        self.call(
            "POST /a2a/{agent_name}/invoke",
            agent_name=name,
            json={"parameters": question(text), "interaction_type": "query"},
            check=lambda answer: answered(answer) or (check(answer) if check else None),
        )

    def receives(self, name: str, header: str, value: str) -> Check:
        """Return a check that the agent ``name`` received ``header`` with this ``value`` in its last call."""
        return lambda _: carries(
            ask_scripted(self.backend("scripted"), "GET", f"/received/{name}"), header, value
        )

    def receives_again(self, name: str, header: str, value: str) -> Check:
        """Return a check that calls the agent again, which must receive ``header`` with this ``value``."""

        def check(answer: Answer) -> Mismatch | None:
            self.asks(name)
            return self.receives(name, header, value)(answer)

        return check


class ShownCredentialsUser(RegistryUser):
    """A user who looks at entities with stored credentials wherever they are shown or exported.

    The check that none of the responses contains the credentials is that of every response
    (:class:`loadtest.client.secrecy.stored.StoredSecrets`); here, every response must show the entity.
    """

    area = "credentials"

    @task
    def of_a_gateway(self) -> None:
        """A federated server with a password, in lists, searches, pages and exports."""
        tag = self.name("tag")
        basic = {"authType": "basic", "authUsername": "lt-user", "authPassword": self.secret()}
        own = self.spelled("POST /gateways", basic)
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
        config = {
            "grant_type": "client_credentials",
            "client_id": "lt-client",
            "client_secret": self.secret(),
            "token_url": f"{self.backend('scripted')}/token/{self.name('client')}",
            "scopes": ["tools"],
        }
        own = self.spelled("POST /gateways", {"authType": "oauth", "oauthConfig": config})
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
        own = {"auth_type": "authheaders", "passthrough_headers": ["X-Load-Test"]}
        headers = [{"key": SECRET_HEADER, "value": self.secret()}]
        with (
            self.team() as team,
            self.agent(tags=[tag], scope=of_team(team.id), auth_headers=headers, **own) as agent,
        ):
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
        body = new_tool(
            self.name("tool"), self.backend("rest"), tags=[tag], auth_type="bearer", auth_token=self.secret()
        )
        with self.created(
            "POST /tools", json=body, delete="DELETE /tools/{tool_id}", differs=("auth_type", "auth_token")
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
