"""Reading: lists and entities of every kind, as read by a dashboard."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from loadtest.backends.settings import CATALOG_WITH_KEY
from loadtest.client.answer import Answer
from loadtest.client.caller import Check
from loadtest.client.mismatch import Mismatch, expected
from loadtest.users.base import named, task
from loadtest.users.checks import (
    both,
    continues_list,
    has,
    ids,
    lacks,
    lists,
    lists_number,
    lists_only,
    only_registered,
)
from loadtest.users.ops.metrics import OF_SERVER, add_up, figures_agree
from loadtest.users.registry.fixtures import RegistryUser

EVERYTHING = {"limit": 0}
FEDERATED = ("GET /tools", "GET /resources", "GET /prompts")
PAGE = 2


class ReadOnlyAPIUser(RegistryUser):
    """A user who only reads."""

    area = "reading"
    weight = 6

    @property
    def federated(self) -> tuple[dict[str, str], dict[str, str], dict[str, str]]:
        """The ids of the MCP backend's tools, resources and prompts."""
        return self.fixture.tool_ids, self.fixture.resources, self.fixture.prompt_ids

    @task(5)
    def lists(self) -> None:
        """What the MCP backend offers, and the lists of servers of either kind."""
        of_gateway = {"gateway_id": self.fixture.gateway_id or ""}
        for operation, entities in zip(FEDERATED, self.federated, strict=True):
            self.call(operation, params=of_gateway, check=lists_only(*entities.values()))
        self.call("GET /servers", params=EVERYTHING, check=lists(self.fixture.server_id or ""))
        self.call("GET /gateways", params=EVERYTHING, check=lists(self.fixture.gateway_id or ""))

    @task(2)
    def lists_too(self) -> None:
        """Lists at their alternative addresses, that of the MCP backend's tools page by page."""
        one = {"limit": 1, "include_pagination": True}
        self.call("GET /servers/", params=one, check=lists_number(1))
        self.call("GET /gateways/", params=one, check=lists_number(1))
        self.turn_pages("GET /tools/", self.fixture.tool_ids)

    @task(2)
    def resources_too(self) -> None:
        """The resources of the MCP backend at the alternative address, page by page."""
        self.turn_pages("GET /resources/", self.fixture.resources)

    @task(2)
    def prompts_too(self) -> None:
        """The prompts of the MCP backend at the alternative address, page by page."""
        self.turn_pages("GET /prompts/", self.fixture.prompt_ids)

    def turn_pages(self, operation: str, entities: Mapping[str, str]) -> None:
        """Read the list of what the MCP backend offers, until each of its ``entities`` was on a page."""
        page = {"gateway_id": self.fixture.gateway_id or "", "limit": PAGE, "include_pagination": True}
        left, cursor = set(entities.values()), ""
        while left:
            here = self.call(
                operation,
                params=page | ({"cursor": cursor} if cursor else {}),
                check=continues_list(left, PAGE),
            )
            left -= set(ids(here))
            cursor = str(here["nextCursor"])

    @task(5)
    def items(self) -> None:
        """One entity of every kind in the fixture."""
        fixture = self.fixture
        tool = fixture.tool_ids["echo"]
        self.call(
            "GET /tools/{tool_id}",
            tool_id=tool,
            check=both(has("id", tool), has("name", fixture.tools["echo"]), has("originalName", "echo")),
        )
        uri, note = "note://hello", fixture.resources["note://hello"]
        for inactive in (False, True):
            self.call(
                "GET /resources/{resource_id}/info",
                resource_id=note,
                params={"include_inactive": inactive},
                check=both(has("id", note), has("uri", uri), has("mimeType", "text/plain")),
            )
        self.call(
            "GET /resources/{resource_id}",
            resource_id=note,
            check=both(has("uri", uri), has("text", "hello from the load test")),
        )
        self.call(
            "POST /prompts/{prompt_id}",
            prompt_id=fixture.prompt_ids["greet"],
            json={"name": "Ada"},
            check=has("messages.0.content.text", "Greet Ada in one sentence."),
        )
        gateway = fixture.gateway_id or ""
        self.call(
            "GET /gateways/{gateway_id}",
            gateway_id=gateway,
            check=both(has("id", gateway), has("name", fixture.gateway_name), has("enabled", True)),
        )
        server = {"server_id": fixture.server_id or ""}
        self.call("GET /servers/{server_id}", check=has("id", server["server_id"]), **named(server))
        tools, resources, prompts = (list(entities.values()) for entities in self.federated)
        self.call("GET /servers/{server_id}/tools", check=lists_only(*tools), **named(server))
        self.call("GET /servers/{server_id}/resources", check=lists_only(*resources), **named(server))
        self.call("GET /servers/{server_id}/prompts", check=lists_only(*prompts), **named(server))

    @task(3)
    def metrics(self) -> None:
        """The figures of every kind of entity: those of all, and of each one at the virtual server."""
        self.call("GET /metrics", check=add_up)
        own = {"server_id": self.fixture.server_id or ""}
        for operation in OF_SERVER:
            self.call(operation, params={"include_metrics": True}, check=figures_agree, **named(own))

    @task(2)
    def catalog(self) -> None:
        """The servers available for registration, by page and with each filter."""
        first = self.call("GET /catalog", params={"limit": 1}, check=lists_number(1, at="servers"))
        following = {"limit": 1, "offset": 1, "show_available_only": True}
        self.call(
            "GET /catalog",
            params=following,
            check=both(lists_number(1, at="servers"), lacks(str(first["servers.0.id"]), at="servers")),
        )
        server = first["servers.0"]
        matching = {name: server[name] for name in ("category", "auth_type", "provider")}
        self.call(
            "GET /catalog",
            params=matching | {"search": server["description"], "tags": server["tags"][0]},
            check=lists(server["id"], at="servers"),
        )
        typed = str(server["name"]).swapcase()
        found = {"search": typed, "show_available_only": False, "show_registered_only": False}
        self.call("GET /catalog", params=found, check=lists(server["id"], at="servers"))
        registered = {"search": server["name"], "show_registered_only": True}
        self.call("GET /catalog", params=registered, check=only_registered)
        nothing = both(has("total", 0), offers_filters(server))
        for name in (*matching, "search", "tags"):
            self.call("GET /catalog", params={name: self.name("other")}, check=nothing)

    @task
    def catalog_search(self) -> None:
        """A server of the catalog is found with the entities of other kinds, but none that needs a key."""
        if self.offers("GET /search") and self.offers("GET /catalog"):
            server = self.call("GET /catalog", params={"limit": 1}, check=lists_number(1, at="servers"))
            found = {"q": server["servers.0.name"], "entity_types": "tools,catalog"}
            own = lists(str(server["servers.0.id"]), at="results.catalog")
            self.call("GET /search", params=found, check=own)
            closed = {"q": CATALOG_WITH_KEY, "entity_types": "catalog"}
            self.call("GET /search", params=closed, check=has("results.catalog", []))

    @task(2)
    def search(self) -> None:
        """A tool is found by its name, with each filter; the number of results is limited."""
        tag = self.name("tag")
        with self.tool(tags=[tag]) as tool, self.tool():
            among = {"q": tool["name"], "entity_types": "tools"}
            self.call(
                "GET /search",
                params={**among, "tags": f"{self.name('tag')},{tag}", "include_inactive": True},
                check=lists_only(tool.id, at="items"),
            )
            active = {**among, "include_inactive": False}
            self.call("GET /search", params={**active, "tags": tag}, check=lists_only(tool.id, at="items"))
            others = ("entity_types", "prompts"), ("tags", self.name("tag")), ("q", self.name("tool"))
            for name, value in (*others, ("gateway_id", self.fixture.gateway_id or "")):
                self.call("GET /search", params=among | {name: value}, check=has("count", 0))
            of_this_run = {"q": self.link.session.tag, "entity_types": "tools"}
            for limit in ("limit", "limit_per_type"):
                self.call("GET /search", params={**of_this_run, limit: 1}, check=lists_number(1, at="items"))


def offers_filters(server: Mapping[str, Any]) -> Check:
    """Return a check that the values by which the whole catalog can be filtered contain those of a ``server``."""
    values = {"categories": "category", "auth_types": "auth_type", "providers": "provider"}

    def check(answer: Answer) -> Mismatch | None:
        offered = {name: answer[name] for name in (*values, "all_tags")}
        right = all(server[own] in offered[name] for name, own in values.items())
        right = right and set(server["tags"]) <= set(offered["all_tags"])
        return None if right else expected("the values of a server of the catalog among its filters", offered)

    return check
