"""Values that a property cannot have: a new entity with one of them is refused, and nothing of it is stored.

A value that is dropped instead leaves an entity that is not what its owner asked for: without credentials, without
parts, or with a transport that the gateway does not have. Changes of an entity are in
:mod:`loadtest.users.registry.updates`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from loadtest.client.answer import Answer
from loadtest.client.caller import Check
from loadtest.client.mismatch import Mismatch, expected
from loadtest.users.access.checks import INVALID, is_invalid
from loadtest.users.access.invalid_requests import InvalidRequestUser
from loadtest.users.base import task
from loadtest.users.checks import lists_only
from loadtest.users.registry.fixtures import EVERY, new_agent, new_gateway, new_server, new_tool

MOST_HEADERS = 100
"""Headers that one entity can have as its credentials."""
WRONG_NAMES = {
    "a header with a sign that no name has": "Bad@Key!",
    "a header with a blank in its name": "X Api Key",
    "a header without a name": "",
}
TRANSPORTS = ("STDIO", "HTTP", "websocket")
"""Transports that no federated server has."""
KINDS: dict[str, dict[str, Any]] = {
    "a tool of a federated server": {"integration_type": "MCP", "request_type": "SSE"},
    "a tool of an agent": {"integration_type": "A2A", "request_type": "POST"},
    "a tool of an unknown kind": {"integration_type": "SOAP"},
    "a tool with an unknown method": {"request_type": "FETCH"},
    "a tool with a transport in place of a method": {"request_type": "SSE"},
}
"""Properties of tools that people cannot create."""
PARTS = ("associated_tools", "associated_resources", "associated_prompts", "associated_a2a_agents")
"""Parts of a virtual server, which are stated by their ids."""


class RefusedValuesUser(InvalidRequestUser):
    """People who create entities with values that a property cannot have."""

    area = "refusals"

    @task
    def credentials_of_tools(self) -> None:
        """Tools with headers that cannot be sent, and with OAuth, which only servers have; by form as well."""
        tag, service = self.name("tag"), self.backend("rest")
        for what, headers in self.headers():
            own: dict[str, Any] = {"auth_type": "authheaders", "auth_headers": headers}
            self.refuses(what, "POST /tools", json=new_tool(self.name("tool"), service, tags=[tag], **own))
        oauth: dict[str, Any] = {"auth": {"authType": "oauth"}}
        self.refuses(
            "a tool with OAuth",
            "POST /tools",
            json=new_tool(self.name("tool"), service, tags=[tag], **oauth),
        )
        form = {
            "name": self.name("tool"),
            "url": f"{service}/echo",
            "integrationType": "REST",
            "requestType": "POST",
            "tags": tag,
        }
        wrong = [{"key": WRONG_NAMES["a header with a blank in its name"], "value": self.secret()}]
        unsent = {"auth_type": "authheaders", "auth_headers": msgspec.json.encode(wrong).decode()}
        for what, own in (
            ("a tool with OAuth", {"auth_type": "oauth"}),
            ("a header that cannot be sent", unsent),
        ):
            self.call(
                "POST /admin/tools",
                form=form | own,
                accept=dict.fromkeys(
                    INVALID, "a refusal of credentials has another form than other refusals"
                ),
                check=is_invalid(f"a form with {what}"),
            )
        self.call("GET /tools", params=EVERY | {"tags": tag}, check=lists_only())

    @task
    def credentials_of_servers(self) -> None:
        """Federated servers and agents with headers that cannot be sent."""
        name, tag = self.name("gateway"), self.name("tag")
        for what, headers in self.headers():
            own = self.spelled("POST /gateways", {"authType": "authheaders", "authHeaders": headers})
            body = new_gateway(name, self.backend("mcp_small"), **own)
            self.refuses(what, "POST /gateways", json=body)
            stored: dict[str, Any] = {"auth_type": "authheaders", "auth_headers": headers}
            agent = new_agent(self.name("agent"), self.backend("a2a"), tags=[tag], **stored)
            self.refuses(what, "POST /a2a", json=agent)
        self.call("GET /a2a", params=EVERY | {"tags": tag}, check=lists_only())
        self.is_absent(name)

    @task
    def kinds_of_tools(self) -> None:
        """Tools of a kind that only the gateway makes or that does not exist, and with a method that no service has."""
        tag, service = self.name("tag"), self.backend("rest")
        for what, own in KINDS.items():
            body = new_tool(self.name("tool"), service, tags=[tag], **own)
            self.refuses(what, "POST /tools", json=body)
        self.call("GET /tools", params=EVERY | {"tags": tag}, check=lists_only())

    @task
    def transports(self) -> None:
        """Federated servers with a transport that the gateway does not have, by form as well."""
        name, address = self.name("gateway"), self.backend("mcp_small")
        for transport in TRANSPORTS:
            body = new_gateway(name, address, transport=transport)
            self.refuses("a transport that no server has", "POST /gateways", json=body)
        form = {"name": name, "url": address, "transport": TRANSPORTS[0], "visibility": "public"}
        self.refuses("a form with a transport that no server has", "POST /admin/gateways", form=form)
        self.is_absent(name)

    @task
    def parts(self) -> None:
        """Virtual servers whose parts are stated by names instead of ids."""
        tag, named = self.name("tag"), [self.name("part")]
        for member in PARTS:
            part: dict[str, Any] = {member: named}
            body = new_server(self.name("server"), tags=[tag], **part)
            self.refuses(f"{member} with names", "POST /servers", json=body)
        self.call("GET /servers", params=EVERY | {"tags": tag}, check=lists_only())

    def headers(self) -> Iterator[tuple[str, list[dict[str, str]]]]:
        """Yield lists of headers that cannot be sent, each with what is wrong with it."""
        for what, name in WRONG_NAMES.items():
            yield what, [{"key": name, "value": self.secret()}]
        secret = self.secret()
        many = [{"key": f"X-Key-{number}", "value": secret} for number in range(MOST_HEADERS + 1)]
        yield f"more than {MOST_HEADERS} headers", many

    def is_absent(self, name: str) -> None:
        """Check that no federated server has this ``name``."""
        self.call("GET /gateways", params=EVERY, check=has_none(name))


def has_none(name: str) -> Check:
    """Return a check that no entity of a list has this ``name``."""

    def check(answer: Answer) -> Mismatch | None:
        found = [one["name"] for one in answer.json]
        return expected("no entity with a value that was refused", found) if name in found else None

    return check
