"""What a federated server offers, after its server changed it: by a refresh, and when the server is switched on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from loadtest.backends.settings import BROKEN, PARTS, TOOLS
from loadtest.client.answer import Answer
from loadtest.client.caller import Check, Effect
from loadtest.client.mismatch import Mismatch, expected
from loadtest.users.base import named, task
from loadtest.users.checks import both, ids, in_scope_of, mentions
from loadtest.users.federation.checks import (
    carries_none,
    counts_changes,
    described,
    has_parts,
    is_still,
    lists_names,
    stored,
)
from loadtest.users.federation.scripted import REFRESH, ScriptedServersUser
from loadtest.users.registry.fixtures import PRIVATE, PUBLIC

NOW = [name for name in TOOLS["changed"] if name != BROKEN]
KINDS = (
    ("GET /tools", "tool", TOOLS["changing"], NOW),
    ("GET /resources", "resource", PARTS["changing"], PARTS["changed"]),
    ("GET /prompts", "prompt", PARTS["changing"], PARTS["changed"]),
)
"""Lists, the kind of their entries, and their names before and after the server's change."""
KEPT = "kept"
"""The entry of each kind that the server has before and after its change, with another description."""
ASSOCIATED = {
    "GET /tools": "associated_tools",
    "GET /resources": "associated_resources",
    "GET /prompts": "associated_prompts",
}
"""The members of a new virtual server that are the ids of its parts."""
SHOWN = {
    "GET /tools": "associatedToolIds",
    "GET /resources": "associatedResources",
    "GET /prompts": "associatedPrompts",
}
"""The members of a virtual server that are the ids of its parts."""
EVERYTHING = {"include_resources": True, "include_prompts": True}
UNREACHABLE = (400, 409, 422, 502, 503)
"""Statuses of a change of the connection to a server that does not respond."""
STATE = "POST /gateways/{gateway_id}/state"


class ReconciliationUser(ScriptedServersUser):
    """A user of servers that change what they offer."""

    area = "gateways"

    @task
    def refreshed_parts(self) -> None:
        """A refresh adds and removes parts of every kind; a virtual server has what is left of them."""
        with self.scripted("changing") as gateway:
            own = named({"gateway_id": gateway.id})
            before = self.offered(gateway)
            left = has_parts({SHOWN[operation]: kept_of(one) for operation, one in before.items()})
            parts = {ASSOCIATED[operation]: ids(one) for operation, one in before.items()}
            changed = self.offers_now(gateway, before)
            with self.server(**parts) as server:
                self.control("PUT", f"/change/{gateway['name']}")
                self.call(
                    REFRESH,
                    params=EVERYTHING,
                    check=counts_changes(added=1, updated=1, dropped=1),
                    effect=lambda answer: (
                        changed(answer) or left(self.call("GET /servers/{server_id}", server_id=server.id))
                    ),
                    **own,
                )
                self.call(REFRESH, params=EVERYTHING, effect=self.describes_anew(gateway), **own)

    @task
    def changed_parts(self) -> None:
        """One refresh changes the description of parts, also if it adds and removes others."""
        with self.scripted("changing") as gateway:
            self.control("PUT", f"/change/{gateway['name']}")
            own = named({"gateway_id": gateway.id})
            self.call(REFRESH, params=EVERYTHING, effect=self.describes_anew(gateway), **own)

    @task
    def on_again(self) -> None:
        """A server that is switched on while it does not respond keeps its parts; later it has its present ones."""
        with self.scripted("changing") as gateway:
            name, own = gateway["name"], named({"gateway_id": gateway.id})
            before = self.offered(gateway)
            self.call(STATE, params={"activate": False}, **own)
            self.control("PUT", f"/away/{name}?away=true")
            try:
                self.call(STATE, params={"activate": True}, effect=self.offers_still(gateway, before), **own)
            finally:
                self.control("PUT", f"/away/{name}?away=false")
            self.call(STATE, params={"activate": False}, **own)
            self.control("PUT", f"/change/{name}")
            self.call(
                STATE,
                params={"activate": True},
                check=stored("gateway.enabled", True),
                effect=self.offers_now(gateway, before),
                **own,
            )
            self.call_tool(name, "added")
            self.cannot_call(name, "removed")

    @task
    def changed_meanwhile(self) -> None:
        """A change of a server is stored although it has removed parts since."""
        with self.scripted("changing") as gateway:
            name, own = gateway["name"], named({"gateway_id": gateway.id})
            before = self.offered(gateway)
            self.control("PUT", f"/change/{name}")
            text, now = self.name("description"), self.offers_now(gateway, before)
            kept = stored("description", text)
            self.call(
                "PUT /gateways/{gateway_id}",
                json={"description": text},
                check=kept,
                effect=lambda answer: now(answer) or kept(self.call("GET /gateways/{gateway_id}", **own)),
                **own,
            )

    @task
    def changed_while_away(self) -> None:
        """A server that does not respond: its description and visibility change, with its parts, and no credentials."""
        with self.scripted("changing") as gateway:
            name, own = gateway["name"], named({"gateway_id": gateway.id})
            before, token = self.offered(gateway), self.secret()
            changed = PRIVATE | {"description": self.name("description")}
            self.control("PUT", f"/away/{name}?away=true")
            try:
                self.update(
                    "PUT /gateways/{gateway_id}",
                    json=changed,
                    check=self.scopes_parts(gateway, before),
                    **own,
                )
                self.call(
                    "PUT /gateways/{gateway_id}",
                    json=self.spelled("POST /gateways", {"authType": "bearer", "authToken": token}),
                    refusals=UNREACHABLE,
                    check=is_unreachable,
                    **own,
                )
            finally:
                self.control("PUT", f"/away/{name}?away=false")
            self.call("PUT /gateways/{gateway_id}", json=PUBLIC, effect=self.used_without(name, token), **own)

    def used_without(self, gateway: str, token: str) -> Effect:
        """Return an effect that calls the tool that a server has kept: it must not receive the ``token``."""

        def effect(_: Answer) -> Mismatch | None:
            self.call_tool(gateway, KEPT)
            return carries_none(self.control("GET", f"/received/{gateway}"), (token,))

        return effect

    def scopes_parts(self, gateway: Answer, before: Mapping[str, Answer]) -> Effect:
        """Return an effect: a server has the parts that it had ``before``, with its present visibility and owner."""
        still = self.offers_still(gateway, before)

        def effect(changed: Answer) -> Mismatch | None:
            found = (in_scope_of(changed)(self.listed(gateway, operation)) for operation in before)
            return still(changed) or next(filter(None, found), None)

        return effect

    @task
    def moved(self) -> None:
        """A server with another address has the tools that are offered there, and no other."""
        with self.scripted("changing") as gateway:
            name, own = gateway["name"], named({"gateway_id": gateway.id})
            address = f"{self.backend('scripted')}/plain/{name}/mcp?moved=true"
            there, tools = mentions(f"/plain/{name}/mcp", "url"), lists_names(TOOLS["plain"])
            self.call(
                "PUT /gateways/{gateway_id}",
                json={"url": address},
                check=there,
                effect=lambda _: (
                    tools(self.listed(gateway, "GET /tools"))
                    or there(self.call("GET /gateways/{gateway_id}", **own))
                ),
                **own,
            )
            self.call_tool(name, "echo")

    def offered(self, gateway: Answer) -> dict[str, Answer]:
        """Return the lists of what a server offers before its change, by their operations."""
        return {
            operation: self.listed(gateway, operation, both(lists_names(names), described(kind, KEPT)))
            for operation, kind, names, _ in KINDS
            if self.documents(operation, "query gateway_id")
        }

    def offers_still(self, gateway: Answer, before: Mapping[str, Answer]) -> Effect:
        """Return an effect that reads what a server offers, which must be what it offered before."""
        return self.reads(
            gateway,
            {
                operation: both(lists_names(names), is_still(kind, KEPT, kept_of(before[operation])))
                for operation, kind, names, _ in KINDS
                if operation in before
            },
        )

    def offers_now(self, gateway: Answer, before: Mapping[str, Answer]) -> Effect:
        """Return an effect that reads what a server offers after its change; what it kept is the same entity."""
        return self.reads(
            gateway,
            {
                operation: both(
                    lists_names(names, without=[BROKEN, "removed"]),
                    is_still(kind, KEPT, kept_of(before[operation])),
                )
                for operation, kind, _, names in KINDS
                if operation in before
            },
        )

    def describes_anew(self, gateway: Answer) -> Effect:
        """Return an effect that reads the descriptions of a server after its change."""
        return self.reads(
            gateway,
            {
                operation: described(kind, KEPT, "changed ")
                for operation, kind, _, _ in KINDS
                if self.documents(operation, "query gateway_id")
            },
        )

    def reads(self, gateway: Answer, checks: Mapping[str, Check]) -> Effect:
        """Return an effect that reads each list of what a server offers and checks it."""

        def effect(_: Answer) -> Mismatch | None:
            found = (check(self.listed(gateway, operation)) for operation, check in checks.items())
            return next(filter(None, found), None)

        return effect

    def listed(self, gateway: Answer, operation: str, check: Check | None = None) -> Answer:
        """Return a list of what a server offers."""
        params: dict[str, Any] = {"gateway_id": gateway.id, "limit": 0}
        return self.call(operation, params=params, check=check)


def is_unreachable(answer: Answer) -> Mismatch | None:
    """Check that new credentials for a server that does not respond are refused: they cannot be verified."""
    refused = answer.status in UNREACHABLE
    return None if refused else expected("credentials for a server that is away to be refused", answer.status)


def kept_of(answer: Answer) -> str:
    """Return the id of the entry that a server keeps."""
    return next(str(one["id"]) for one in answer.json if one.get("originalName", one["name"]) == KEPT)
