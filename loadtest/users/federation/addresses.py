"""Addresses that the gateway must neither store nor call: of other schemes, with a password, of internal networks.

Internal networks are refused while ``SSRF_PROTECTION_ENABLED`` is on, as by default; the load test switches it off
(``loadtest/gateway/switches.toml``). Addresses in them are only sent where a gateway that accepts them stores them and
does not call them. The rules are in ``mcpgateway/common/validators.py``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from loadtest.client.answer import Answer
from loadtest.client.caller import Effect
from loadtest.client.mismatch import Mismatch
from loadtest.users.access.checks import INVALID
from loadtest.users.admin.forms import AdminUser
from loadtest.users.base import named, task
from loadtest.users.checks import ANSWERED, both, lists_only
from loadtest.users.federation.checks import SERVER_ERROR, is_not_allowed, refuses_address, refuses_test
from loadtest.users.llm.llm import LlmModels
from loadtest.users.read_back import Entity, Item, Listed
from loadtest.users.registry.fixtures import EVERY, new_agent, new_gateway, new_server, new_tool
from loadtest.users.transfer.checks import counts, rejects
from loadtest.users.transfer.fixtures import envelope

ILL_FORMED = {
    "a file": "file:///etc/passwd",
    "a script": "javascript:alert(1)",
    "an address of FTP": "ftp://127.0.0.1/file",
    "data": "data:text/plain,text",
    "an address without a scheme": "//127.0.0.1/path",
    "an address without a host": "http://",
    "a text that is no address": "no-address",
    "an address with a password": "http://user:word@127.0.0.1/path",
    "an address with a user name": "http://user@127.0.0.1/path",
    "the address of no machine": "http://0.0.0.0/path",
    "the loopback address of IPv6": "http://[::1]/path",
    "a metadata service in IPv6": "http://[fd00::1]/path",
    "a link-local address of IPv6": "http://[fe80::1]/path",
    "a metadata service as IPv4 in IPv6": "http://[::ffff:169.254.169.254]/path",
    "port 0": "http://127.0.0.1:0/path",
    "a port that is too large": "http://127.0.0.1:65536/path",
    "an address with a space": "http://127.0.0.1 /path",
    "an address with an HTML tag": "http://127.0.0.1/<script>",
    "an address with a script in its query": "http://127.0.0.1/?next=javascript:alert(1)",
}
"""Addresses that are refused whatever the settings are."""
ENCODED = {
    "an address with an encoded password": "http://user%3Aword%40127.0.0.1/path",
    "the encoded address of no machine": "http://%30.0.0.0/path",
    "an address with an encoded line break": "http://127.0.0.1/%0d%0aX-Load-Test:1",
    "an address with an encoded null character": "http://127.0.0.1/%00",
    "an address with an encoded HTML tag": "http://127.0.0.1/%3Cscript%3E",
    "an address with an HTML tag that is encoded twice": "http://127.0.0.1/%253Cscript%253E",
    "an address with an encoded space in its host": "http://load%20test/path",
    "an address with a character in the escapes of a script": "http://127.0.0.1/\\u003cscript",
    "an address with a character in the escapes of another standard": "http://127.0.0.1/%u003cscript",
    "an address with an encoded byte that is no character": "http://127.0.0.1/%c0%bcscript",
}
"""The same, with characters that are encoded."""
INTERNAL = {
    "a metadata service": "http://169.254.169.254/latest/meta-data/",
    "a metadata service with TLS": "https://169.254.169.254:8443/",
    "another service of the same machine": "http://169.254.169.123/",
    "the first link-local address": "http://169.254.0.0/",
    "the last link-local address": "http://169.254.255.255/",
    "a metadata service as a number": "http://2852039166/",
    "a metadata service as a hexadecimal number": "http://0xa9fea9fe/",
    "a metadata service in octal numbers": "http://0251.0376.0251.0376/",
    "a metadata service by name": "http://metadata.google.internal/",
    "a metadata service by a name in other letters": "http://Metadata.Google.Internal./",
    "a metadata service by another name": "http://metadata.internal/",
}
"""Addresses of networks that no server of a tool or a gateway is in."""
ENCODED_INTERNAL = {
    "the encoded address of a metadata service": "http://%31%36%39.254.169.254/",
    "the encoded name of a metadata service": "http://%6Detadata.internal/",
}
SHARED = {
    "the first shared address of a provider": "http://100.64.0.0/",
    "a shared address of a provider": "http://100.64.0.1/",
    "the last shared address of a provider": "http://100.127.255.255/",
}
"""Addresses of RFC 6598, which customers of one provider share."""
ALLOWED = (
    "http://10.0.0.1/echo",
    "http://172.31.255.255:8443/echo",
    "http://192.168.0.1/echo",
    "http://localhost:9/echo",
    "http://127.0.0.2/echo",
)
"""Addresses that may be stored with the settings of the load test; nothing calls them."""
FORBIDDEN = "http://0.0.0.0:9/echo"
"""An address that every operation must refuse. It is of this machine: a gateway that calls it calls no other one."""
NOT_LISTED = "http://127.0.0.2:9"
"""An address of this machine that connection tests may not call (``GATEWAY_TEST_ALLOWED_HOSTS``)."""
TOOL = Item("GET /tools/{tool_id}")
GATEWAY = Item("GET /gateways/{gateway_id}")
AGENT = Item("GET /a2a/{agent_id}")
SERVER = Item("GET /servers/{server_id}")
PROVIDER = Item("GET /llm/providers/{provider_id}")
PROVIDERS = Listed("GET /llm/providers", at="providers", key="name", params={"page_size": 100})
AUTHORIZATION = (
    "token_url",
    "authorization_url",
    "issuer",
    "authorization_server",
    "redirect_uri",
    "jwks_uri",
    "authorization_servers",
)
"""Members of the settings for OAuth that are addresses; the last is a list of them."""
CLIENT = {"grant_type": "client_credentials", "client_id": "load-test", "scopes": ["read"]}


class AddressesUser(AdminUser, LlmModels):
    """A user who sends addresses that the gateway must not call."""

    area = "refusals"

    @task
    def stored(self) -> None:
        """Each address that a tool must not have, and those that it may have."""
        self.none_is_stored(ILL_FORMED | (INTERNAL if self.protected else {}))
        with self.tool() as tool:
            for address in ALLOWED:
                self.update("PUT /tools/{tool_id}", tool_id=tool.id, json={"url": address})

    @task
    def encoded(self) -> None:
        """Each address that is refused because of what its encoded characters mean."""
        self.none_is_stored(ENCODED | (ENCODED_INTERNAL if self.protected else {}))

    @task
    def shared(self) -> None:
        """Addresses that customers of one provider share, which are no private ones."""
        if self.protected:
            self.none_is_stored(SHARED)

    @task
    def of_tools(self) -> None:
        """The address of a tool, when it is created, changed, imported, and sent by form."""
        name, address = self.name("tool"), FORBIDDEN
        form = {"name": name, "url": address, "integrationType": "REST", "requestType": "POST"}
        new = {"name": name, "url": address, "integration_type": "REST", "request_type": "POST"}
        absent = self.absent(Listed("GET /tools", key="name", params=EVERY), name)
        self.refuses("POST /tools", json=new_tool(name, address, url=address), effect=absent)
        self.refuses("POST /admin/tools", form=form, effect=absent)
        self.call(
            "POST /admin/tools/import", json=[new], refusals=ANSWERED, effect=both(rejects(0, of=1), absent)
        )
        how = {"conflict_strategy": "skip"}
        self.call(
            "POST /import",
            params=None if self.documents("POST /import", "body conflict_strategy") else how,
            json={"import_data": envelope({"tools": [new | {"input_schema": {}}]}), **how},
            check=counts(failed=1),
            effect=absent,
        )
        with self.tool() as tool:
            kept = self.keeps(TOOL, tool, "url")
            self.refuses("PUT /tools/{tool_id}", tool_id=tool.id, json={"url": address}, effect=kept)
            edit = form | {"name": str(tool["name"]), "customName": str(tool["name"])}
            self.refuses("POST /admin/tools/{tool_id}/edit", tool_id=tool.id, form=edit, effect=kept)

    @task
    def of_gateways(self) -> None:
        """The address of a gateway, when it is registered and changed, and sent by form."""
        name, address = self.name("gateway"), FORBIDDEN
        form = {"name": name, "url": address, "transport": "STREAMABLEHTTP", "visibility": "public"}
        absent = self.absent(Listed("GET /gateways", key="name", params=EVERY), name)
        self.refuses("POST /gateways", json=new_gateway(name, address, url=address), effect=absent)
        self.refuses("POST /admin/gateways", form=form, effect=absent)
        with self.gateway() as gateway:
            kept = self.keeps(GATEWAY, gateway, "url")
            own = {"gateway_id": gateway.id}
            self.refuses("PUT /gateways/{gateway_id}", json={"url": address}, effect=kept, **named(own))
            edit = form | {"name": str(gateway["name"])}
            self.refuses("POST /admin/gateways/{gateway_id}/edit", form=edit, effect=kept, **named(own))

    @task
    def of_agents(self) -> None:
        """The address of an agent, when it is created and changed, and sent by form."""
        name, address = self.name("agent"), FORBIDDEN
        form = {"name": name, "endpoint_url": address, "agent_type": "generic", "visibility": "public"}
        absent = self.absent(Listed("GET /a2a", key="name", params=EVERY), name)
        self.refuses("POST /a2a", json=new_agent(name, address), effect=absent)
        self.refuses("POST /admin/a2a", form=form, effect=absent)
        with self.agent() as agent:
            kept = self.keeps(AGENT, agent, "endpointUrl")
            own = {"agent_id": agent.id}
            self.refuses("PUT /a2a/{agent_id}", json={"endpoint_url": address}, effect=kept, **named(own))
            edit = form | {"name": str(agent["name"])}
            self.refuses("POST /admin/a2a/{agent_id}/edit", form=edit, effect=kept, **named(own))

    @task
    def of_icons(self) -> None:
        """The address of the icon of a virtual server, when it is created and changed, and sent by form."""
        name, address = self.name("server"), FORBIDDEN
        form = {"name": name, "icon": address, "visibility": "public"}
        absent = self.absent(Listed("GET /servers", key="name", params=EVERY), name)
        self.refuses("POST /servers", json=new_server(name, icon=address), effect=absent)
        self.refuses("POST /admin/servers", form=form, effect=absent)
        with self.server() as server:
            kept = self.keeps(SERVER, server, "icon")
            own = {"server_id": server.id}
            self.refuses("PUT /servers/{server_id}", json={"icon": address}, effect=kept, **named(own))
            edit = form | {"name": str(server["name"])}
            self.refuses("POST /admin/servers/{server_id}/edit", form=edit, effect=kept, **named(own))

    @task
    def of_authorization_servers(self) -> None:
        """Each address of an authorization server that a gateway is registered with, or changed to."""
        name, address = self.name("gateway"), FORBIDDEN
        absent = self.absent(Listed("GET /gateways", key="name", params=EVERY), name)
        with self.gateway() as gateway:
            kept = self.keeps(GATEWAY, gateway, "authType", "oauthConfig")
            for member in AUTHORIZATION:
                one = {member: [address] if member.endswith("s") else address}
                oauth = self.spelled("POST /gateways", {"authType": "oauth", "oauthConfig": CLIENT | one})
                new = new_gateway(name, self.backend("mcp_small"), **oauth)
                self.refuses("POST /gateways", json=new, effect=absent)
                own = {"gateway_id": gateway.id}
                self.refuses("PUT /gateways/{gateway_id}", json=oauth, effect=kept, **named(own))

    @task
    def of_models(self) -> None:
        """The address of a provider of models, when it is created and changed."""
        new, bad = self.new_provider(), {"api_base": FORBIDDEN}
        absent = self.absent(PROVIDERS, str(new["name"]))
        self.refuses("POST /llm/providers", json=new | bad, effect=absent)
        with self.provider() as provider:
            kept = self.keeps(PROVIDER, provider, "api_base")
            own = {"provider_id": provider.id}
            self.refuses("PATCH /llm/providers/{provider_id}", json=bad, effect=kept, **named(own))

    @task
    def of_other_gateways(self) -> None:
        """Names of agents that are valid across gateways: none is allowed, so no other gateway is called."""
        if not self.documents("POST /a2a", "body agent.generate_uaid"):
            return
        named_so: dict[str, Any] = {"generate_uaid": True}
        refused: dict[str, Any] = {"refusals": (*INVALID, SERVER_ERROR)}
        asked = {"parameters": {"query": self.name("text")}, "interaction_type": "query"}
        for place in (NOT_LISTED.removeprefix("http://"), "127.0.0.2:9/path", "user@127.0.0.2:9"):
            identity = f"uaid:aid:{self.name('hash')};uid=0;registry=context-forge;proto=a2a;nativeId={place}"
            body = {"agent_id": identity, **asked}
            self.call("POST /a2a/invoke", json=body, effect=is_not_allowed, **refused)
        with self.agent() as agent:
            own = {"agent_id": agent.id}
            kept = both(self.keeps(AGENT, agent, "uaid"), is_not_allowed)
            self.call("PUT /a2a/{agent_id}", json=named_so, effect=kept, **refused, **named(own))
        new = new_agent(self.name("agent"), self.backend("a2a"), **named_so)
        absent = self.absent(Listed("GET /a2a", key="name", params=EVERY), new["agent"]["name"])
        self.call("POST /a2a", json=new, effect=both(absent, is_not_allowed), **refused)

    @task
    def called_at_once(self) -> None:
        """Addresses that the gateway would call at once: of a document, an authorization server, a chat."""
        address, service = FORBIDDEN, f"{self.backend('rest')}/echo"
        read = {"url": address, "request_type": "POST"}
        other = {"url": service, "request_type": "POST", "openapi_url": address}
        for body in (read, other):
            self.refuses("POST /tools/generate-schemas-from-openapi", json=body)
            self.refuses("POST /admin/tools/generate-schemas-from-openapi", json=body)
        self.refuses("POST /admin/gateways/discover-oauth", json={"issuer": address})
        server = {"url": address, "transport": "streamable_http", "auth_token": self.name("token")}
        chat = {"user_id": self.me, "server": server, "llm": {"model": self.name("model")}}
        self.refuses("POST /llmchat/connect", json=chat)

    @task
    def tested(self) -> None:
        """Addresses that a connection test must not call: forbidden ones, and those of hosts that are not listed."""
        for address in (FORBIDDEN, NOT_LISTED, ILL_FORMED["an address with a user name"]):
            wanted = {"method": "GET", "baseUrl": address, "path": "/path"}
            for operation in ("POST /admin/gateways/test", "POST /mcp-servers/test"):
                self.call(operation, json=wanted, refusals=ANSWERED, effect=refuses_test)
            handshake = "POST /mcp-servers/test-handshake"
            if self.offers(handshake):
                body = {"baseUrl": address, "path": "/path"}
                self.call(handshake, json=body, refusals=ANSWERED, effect=refuses_test)

    @property
    def protected(self) -> bool:
        """Whether the gateway refuses addresses of internal networks."""
        return self.switched_on("SSRF_PROTECTION_ENABLED")

    def none_is_stored(self, addresses: Mapping[str, str]) -> None:
        """Check that a tool can have none of these ``addresses``, and that none of them is listed."""
        tag = self.name("tag")
        for what, address in addresses.items():
            body = new_tool(self.name("tool"), address, url=address, tags=[tag])
            self.call("POST /tools", json=body, refusals=INVALID, effect=refuses_address(what))
        self.call("GET /tools", params=EVERY | {"tags": tag}, check=lists_only())

    def refuses(self, operation: str, *, effect: Effect | None = None, **options: Any) -> None:
        """Make a request with a forbidden address, which must be refused because of it; then verify the ``effect``."""

        def verify(answer: Answer) -> Mismatch | None:
            wrong = refuses_address("a forbidden address")(answer)
            return wrong or (effect(answer) if effect else None)

        self.call(operation, refusals=INVALID, effect=verify, **options)

    def absent(self, listed: Listed, name: str) -> Effect:
        """Return an effect that reads a list, in which there must be nothing with this ``name``."""
        return lambda _: listed.is_gone(self.call, Entity(name, {}, {}))

    def keeps(self, read: Item, entity: Answer, *members: str) -> Effect:
        """Return an effect that reads an ``entity``, whose ``members`` must be as they were when it was created."""
        kept = {member: entity[member] for member in members}
        return lambda _: read.shows(self.call, Entity(entity.id, {}, kept))
