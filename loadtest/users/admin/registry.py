"""The registry of MCP servers that the gateway offers to federate, as the admin UI shows it."""

from __future__ import annotations

import random
import uuid
from typing import Any

from loadtest.client.answer import Answer
from loadtest.client.caller import Check, Effect
from loadtest.client.mismatch import Mismatch, expected, refused
from loadtest.users.access.checks import DENIED, INVALID, is_denied
from loadtest.users.admin.checks import (
    finds,
    has_all,
    has_length,
    lacks_text,
    previews,
    registered,
    registered_all,
    shows,
)
from loadtest.users.admin.forms import AdminUser
from loadtest.users.admin.lists import Shown
from loadtest.users.admin.tools import TOOLS
from loadtest.users.base import named, task
from loadtest.users.checks import has
from loadtest.users.read_back import Call, Entity, Listed
from loadtest.users.registry.fixtures import of_team
from loadtest.users.registry.transfer import ImportOverwriteUser
from loadtest.users.texts.rules import names

CATEGORY, PROVIDER = "Testing", "loadtest"
"""Category and provider of every server in the catalog with which the gateway is booted."""
AVAILABLE = {"show_available_only": True, "auth_type": "Open", "limit": 100}
WRONG: dict[str, Any] = {
    "name": "a|b",
    "visibility": "everybody",
    "oauth_credentials": {"client_secret": "x" * 4097},
}
"""Values that a registration cannot have; the longest credential has 4096 characters."""
TRIES = 4
"""Servers that are tried in turn, because several users may choose the same one at the same time."""


class AdminRegistryUser(AdminUser):
    """A user who browses the registry and federates its servers."""

    area = "admin-registry"

    @task(2)
    def looks(self) -> None:
        """The registry as a page and as a list, and the availability of one of its servers."""
        self.call("GET /admin/mcp-registry/partial", check=shows("Load test"))
        servers, whole = (
            "GET /admin/mcp-registry/servers",
            {"show_available_only": False, "category": CATEGORY},
        )
        listed = self.call(servers, params=whole | {"limit": 3}, check=has_length(3, at="servers"))
        part = whole | {"limit": 2, "offset": 1, "provider": PROVIDER, "auth_type": "Open", "tags": PROVIDER}
        second, third = (server["id"] for server in listed["servers"][1:])
        self.call(servers, params=part, check=are_servers(second, third))
        for parameter in ("category", "auth_type", "provider", "search", "tags"):
            other = {parameter: "no-such-value", "show_available_only": False}
            self.call(servers, params=other, check=has_length(0, at="servers"))
        typed = str(listed["servers.0.name"]).swapcase()
        found = {"search": typed, "show_available_only": False, "limit": 100}
        self.call(servers, params=found, check=names_have(str(listed["servers.0.name"])))
        self.call(servers, params={"show_registered_only": True}, check=are_registered)
        all_of_them = whole | {"show_registered_only": False, "limit": 3}
        self.call(servers, params=all_of_them, check=has_length(3, at="servers"))
        partial, tested = "GET /admin/mcp-registry/partial", {"category": CATEGORY, "auth_type": "Open"}
        shown: dict[str, str | int] = {**tested, "search": str(listed["servers.0.name"]), "page": 1}
        self.call(partial, params=shown, check=shows(str(listed["servers.0.name"])))
        for parameter in ("category", "auth_type", "search"):
            unknown = tested | {parameter: "no-such-value"}
            self.call(partial, params=unknown, check=lacks_text(str(listed["servers.0.name"])))
        self.call(
            "GET /admin/mcp-registry/{server_id}/status",
            server_id=str(listed["servers.0.id"]),
            check=lambda a: (
                None if a["is_available"] is True else refused("an agent that is available", a["error"])
            ),
        )

    @task
    def registers(self) -> None:
        """A server of the registry that is federated under another name."""
        for server in self._some():
            name = self.name("catalog")
            answer = self.call(
                "POST /admin/mcp-registry/{server_id}/register",
                server_id=server["id"],
                json={"server_id": server["id"], "name": name},
                check=registered,
                effect=self._federated(server, name),
            )
            if answer["success"]:
                self.delete("DELETE /gateways/{gateway_id}", gateway_id=str(answer["server_id"]))
                return

    @task
    def registers_from_outside(self) -> None:
        """A server of the registry that is federated by the API instead of the admin UI."""
        if not self.offers("POST /catalog/{catalog_id}/register"):
            return
        wrong: dict[str, Any] = {"json": WRONG, "refusals": INVALID, "effect": names(*WRONG)}
        for server in self._some():
            name = self.name("catalog")
            self.call("POST /catalog/{catalog_id}/register", catalog_id=server["id"], **wrong)
            answer = self.call(
                "POST /catalog/{catalog_id}/register",
                catalog_id=server["id"],
                json={"name": name},
                accept={409: "another user was faster"},
                check=registered,
                effect=self._federated(server, name),
            )
            if answer["success"]:
                self.delete("DELETE /gateways/{gateway_id}", gateway_id=str(answer["server_id"]))
                return

    @task
    def registers_for_team(self) -> None:
        """A server of the registry that is federated for a team, and not for one without the caller, or for none."""
        register = "POST /catalog/{catalog_id}/register"
        if not self.documents(register, "body visibility"):
            return
        with self.team() as team:
            of_others = of_team(uuid.uuid4().hex)
            for server in self._some():
                name, own = self.name("catalog"), {"catalog_id": str(server["id"])}
                absent = Listed("GET /gateways", key="name", params={"limit": 0})
                for scope in (of_others, {"visibility": "team"}):
                    self.call(
                        register,
                        json={"name": name, **scope},
                        refusals=DENIED,
                        check=is_denied("a registration for a team without the caller, or for none"),
                        effect=is_absent(absent, self.call, name),
                        **named(own),
                    )
                answer = self.call(
                    register,
                    json={"name": name, **of_team(team.id)},
                    accept={409: "another user was faster"},
                    check=registered,
                    effect=self._federated(server, name, team.id),
                    **named(own),
                )
                if answer["success"]:
                    self.delete("DELETE /gateways/{gateway_id}", gateway_id=str(answer["server_id"]))
                    return

    @task
    def registers_list(self) -> None:
        """A list of servers that are federated with one request."""
        # One is enough: with more, 1.0.0rc1 keeps SQLite locked for all requests while it connects to the next.
        server = self._some()[0]
        answer = self.call(
            "POST /admin/mcp-registry/bulk-register",
            json={"server_ids": [server["id"]], "skip_errors": True},
            check=registered_all,
        )
        if answer["successful"]:
            self._removes(server)

    def _federated(self, server: dict[str, Any], name: str, team: str = "") -> Check:
        """Return a check that reads the gateway that was registered for a ``server`` of the catalog.

        It must have this name and team, and what the catalog states. Since releases let the request state who sees it,
        only its owner does unless stated.
        """

        def check(answer: Answer) -> Mismatch | None:
            if not answer["success"]:
                return None
            gateway = self.call("GET /gateways/{gateway_id}", gateway_id=str(answer["server_id"]))
            restricted = self.documents("POST /catalog/{catalog_id}/register", "body visibility")
            scope = "private" if restricted else "public"
            stated = {member: server[member] for member in ("url", "description", "tags")}
            own = {"name": name, "visibility": "team" if team else scope, "transport": "STREAMABLEHTTP"}
            return has_all(stated | own | ({"teamId": team} if team else {}))(gateway)

        return check

    def _some(self) -> list[dict[str, Any]]:
        listed = self.call("GET /admin/mcp-registry/servers", params=AVAILABLE, check=finds("servers.0.id"))
        servers: list[dict[str, Any]] = listed["servers"]
        return random.sample(servers, min(TRIES, len(servers)))

    def _removes(self, server: dict[str, Any]) -> None:
        wanted = {"q": server["name"], "limit": 100}
        query = server["url"].partition("?")[2]
        with self.undoing():
            found = self.call("GET /admin/gateways/search", params=wanted, check=finds("items.0.id"))
            gateway = next(one["id"] for one in found["items"] if one["url"].partition("?")[2] == query)
            self.delete("DELETE /gateways/{gateway_id}", gateway_id=str(gateway))


def is_absent(read: Listed, call: Call, name: str) -> Effect:
    """Return an effect: no entity with this ``name`` is listed."""
    return lambda _: read.is_gone(call, Entity(name, {}, {}))


def are_servers(*ids: str) -> Check:
    """Return a check that a page of the registry has these servers, in this order."""

    def check(answer: Answer) -> Mismatch | None:
        found = [server["id"] for server in answer["servers"]]
        return None if found == list(ids) else expected("the servers that follow the first", found)

    return check


def names_have(text: str) -> Check:
    """Return a check that a search finds servers, whose names have ``text``."""

    def check(answer: Answer) -> Mismatch | None:
        names = [server["name"] for server in answer["servers"]]
        right = bool(names) and all(text in name for name in names)
        return None if right else expected("servers of that name and no other", names)

    return check


def are_registered(answer: Answer) -> Mismatch | None:
    """Check that each server of a list is registered; there may be none."""
    others = [server["id"] for server in answer["servers"] if server["is_registered"] is not True]
    return expected("only servers that are registered", others) if others else None


def exports_only(*servers: str) -> Check:
    """Return a check that an export has these servers, by name, and nothing else."""

    def check(answer: Answer) -> Mismatch | None:
        entities = answer["entities"]
        names = [one["name"] for kind in entities.values() for one in kind]
        return None if names == list(servers) else expected(f"{len(servers)} servers and nothing else", names)

    return check


class AdminTransferUser(ImportOverwriteUser, AdminUser):
    """A user who transfers configuration between gateways."""

    area = "admin-transfer"

    @task
    def all_of_it(self) -> None:
        """A server of the gateway, exported by its tag, and left out while it is off."""
        tag, export = self.name("tag"), "GET /admin/export/configuration"
        with self.server(tags=[tag]) as server:
            wanted = {"types": "servers,prompts", "tags": tag, "include_dependencies": False}
            self.call(export, params=wanted, check=exports_only(str(server["name"])))
            off = {"activate": False}
            self.call("POST /servers/{server_id}/state", server_id=server.id, params=off)
            every = wanted | {"include_inactive": True}
            self.call(export, params=every, check=exports_only(str(server["name"])))
            active = wanted | {"include_inactive": False, "include_dependencies": True}
            self.call(export, params=active, check=exports_only())

    @task(2)
    def one_tool(self) -> None:
        """A tool that is exported, previewed and imported in a dry run."""
        with self.tool() as tool:
            exported = self.call(
                "POST /admin/export/selective",
                json={"entity_selections": {"tools": [tool.id]}},
                check=has("entities.tools.0.name", tool["name"]),
            ).json
            self.call("POST /admin/import/preview", json={"data": exported}, check=previews(1))
            trial = {"import_data": exported, "conflict_strategy": "skip", "dry_run": True}
            imported = self.call(
                "POST /admin/import/configuration",
                json=trial,
                check=has("progress.failed", 0),
                effect=self.finds(TOOLS, str(tool["name"]), Shown(tool.id, str(tool["name"]))),
            )
            identity = str(imported["import_id"])
            done = has("status", "completed")
            self.call("GET /admin/import/status/{import_id}", import_id=identity, check=done)
            self.call("GET /admin/import/status", check=finds("0.import_id"))

    @task
    def filtered(self) -> None:
        """Entities of every kind, exported with each filter, of which only those that match are in the file."""
        self.filter_export("GET /admin/export/configuration")

    @task
    def overwritten(self) -> None:
        """A file with another description of entities that exist, imported with each option."""
        self.overwrite("POST /admin/import/configuration")
