"""Federated servers that get another name, address or kind of credentials, or those of another server."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from loadtest.client.answer import Answer
from loadtest.client.caller import Effect
from loadtest.client.mismatch import Mismatch
from loadtest.users.access.checks import is_denied
from loadtest.users.base import task
from loadtest.users.checks import has
from loadtest.users.federation.checks import carries_all, is_conflict
from loadtest.users.federation.scripted import ScriptedServersUser
from loadtest.users.federation.stored import PARAMETER, TOKEN
from loadtest.users.read_back import Entity, Item, Listed
from loadtest.users.registry.fixtures import ADDRESS, MASK, PRIVATE, PUBLIC, new_gateway

REFUSED = (400, 409, 422, 500)
"""Statuses of a request that would give a server what another one has; the last is not right."""
GATEWAY = Item("GET /gateways/{gateway_id}")
KEY = "X-Api-Key"
OTHER_KEY = "X-Other-Key"


class RegistrationUser(ScriptedServersUser):
    """A user who registers servers and changes their registration."""

    area = "gateways"

    @task
    def unique_address(self) -> None:
        """An address is registered once per visibility and credentials."""
        name = self.name("gateway")
        address = f"{self.backend('scripted')}/plain/{name}/mcp"
        bearer = TOKEN.properties(self.secret())
        for scope in (PUBLIC, PRIVATE):
            with self.registered(address, scope), self.registered(address, scope, **bearer):
                self.refuses(address, scope)
                self.refuses(address, scope, **bearer)

    @task
    def address_of_other(self) -> None:
        """A server cannot move to the address of another one."""
        with self.scripted("plain") as gateway, self.scripted("plain") as other:
            self.stays(gateway, {"url": other["url"]}, "a server to move to the address of another")

    @task
    def another_name(self) -> None:
        """A server cannot get the name of another one; with a new name, its tools have the new name, too."""
        with self.scripted("plain") as gateway, self.scripted("plain") as other:
            self.stays(gateway, {"name": other["name"]}, "a server to get the name of another")
            self.call_tool(gateway["slug"], "echo")
            name = self.name("gateway")
            slug = f"{name}-renamed"
            own: dict[str, Any] = {"gateway_id": gateway.id}
            renamed = {"name": f"{name} Renamed"}
            self.update("PUT /gateways/{gateway_id}", json=renamed, check=has("slug", slug), **own)
            self.call_tool(slug, "echo")
            # 1.0.0rc1, whose lists have no public entities beside those of a team, finds servers by their ids only.
            if self.documents("GET /admin/gateways/partial", "query include_public"):
                self.call("GET /gateways/{gateway_id}", gateway_id=slug, check=has("id", gateway.id))
            self.cannot_call(gateway["slug"], "echo")

    @task
    def other_credentials(self) -> None:
        """A server that gets another kind of credentials receives those, and no longer the ones before."""
        with self.scripted("plain") as gateway:
            token, key, other, value = self.secret(), self.secret(), self.secret(), self.secret()
            headers = [{"key": KEY, "value": key}, {"key": OTHER_KEY, "value": other}]
            listed = {"authType": "authheaders", "authHeaders": headers}
            masked = {"authType": "authheaders", "authHeaders": [{"key": KEY, "value": MASK}]}
            for change, wanted, without in (
                (TOKEN.properties(token), TOKEN.received(token), ()),
                (listed, {KEY: key, OTHER_KEY: other}, (token,)),
                (masked, {KEY: key}, (other,)),
                (PARAMETER.properties(value), PARAMETER.received(value), (key, other, token)),
                (TOKEN.properties(token), TOKEN.received(token), (value,)),
                ({"authType": "none"}, {}, (token, value)),
            ):
                self.call(
                    "PUT /gateways/{gateway_id}",
                    gateway_id=gateway.id,
                    json=change,
                    effect=self.receives(str(gateway["name"]), wanted, without),
                )

    def receives(self, name: str, wanted: Mapping[str, str], without: tuple[str, ...]) -> Effect:
        """Return an effect that calls the tool of the server ``name``: it receives the headers that are ``wanted``.

        It must receive none of the secrets ``without``.
        """

        def effect(_: Answer) -> Mismatch | None:
            self.call_tool(name, "echo")
            received = self.control("GET", f"/received/{name}")
            return carries_all(received, wanted, without, what="the credentials of the last change")

        return effect

    def refuses(self, address: str, scope: Mapping[str, str], **own: str) -> None:
        """Register a server at an address that is taken: no further server may be there."""
        name = self.name("gateway")
        absent = Listed("GET /gateways", key="name", params={"limit": 0})
        self.call(
            "POST /gateways",
            json=self.body(name, address, scope, own),
            refusals=REFUSED,
            check=is_denied("a second server at the same address"),
            effect=lambda answer: (
                absent.is_gone(self.call, Entity(name, {}, {}))
                or is_conflict("a second server at the same address")(answer)
            ),
        )

    def stays(self, gateway: Answer, change: Mapping[str, Any], what: str) -> None:
        """Send a ``change`` of a server that must be refused: it keeps its name and its address."""
        kept = {name: gateway[name] for name in ("name", "slug", "url")}
        self.call(
            "PUT /gateways/{gateway_id}",
            gateway_id=gateway.id,
            json=change,
            refusals=REFUSED,
            check=is_denied(what),
            effect=lambda answer: (
                GATEWAY.shows(self.call, Entity(gateway.id, {}, kept)) or is_conflict(what)(answer)
            ),
        )

    @contextmanager
    def registered(self, address: str, scope: Mapping[str, str], **own: str) -> Iterator[Answer]:
        """Register a server at an address for the ``with`` block."""
        with self.created(
            "POST /gateways",
            json=self.body(self.name("gateway"), address, scope, own),
            delete="DELETE /gateways/{gateway_id}",
            differs=(*ADDRESS, *self.spelled("POST /gateways", own)),
        ) as gateway:
            yield gateway

    def body(
        self, name: str, address: str, scope: Mapping[str, str], own: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Return a new server at just this ``address``, with properties of its ``own``."""
        more = self.spelled("POST /gateways", own)
        return new_gateway(name, address, scope=scope, **more) | {"url": address}
