"""Tests of registered servers: which credentials they receive."""

from __future__ import annotations

from collections.abc import Mapping

from loadtest.client.answer import Answer
from loadtest.client.caller import Effect
from loadtest.client.mismatch import Mismatch
from loadtest.fixtures.callers import Role
from loadtest.users.base import task
from loadtest.users.checks import both, has
from loadtest.users.federation.checks import carries_all
from loadtest.users.federation.scripted import ScriptedServersUser
from loadtest.users.registry.fixtures import ADDRESS, PRIVATE, new_gateway

TEST = "POST /mcp-servers/test-handshake"
AUTHORIZATION = "Authorization"
KEY = "X-Api-Key"


class HandshakesUser(ScriptedServersUser):
    """A user who tests servers that are registered."""

    area = "gateways"

    @task
    def credentials(self) -> None:
        """A test sends the stored credentials, or those that are given, and never those of another user."""
        if not self.documents(TEST, "body credentialMode"):
            return
        name, stored, given, marked = self.name("gateway"), self.secret(), self.secret(), self.name("mark")
        body = new_gateway(name, f"{self.backend('scripted')}/plain/{name}/mcp", scope=PRIVATE)
        own = self.spelled("POST /gateways", {"authType": "bearer", "authToken": stored})
        with self.created(
            "POST /gateways",
            json=body | own,
            delete="DELETE /gateways/{gateway_id}",
            differs=(*ADDRESS, *own),
        ) as gateway:
            address = {"baseUrl": gateway["url"]}
            only = {**address, "gatewayId": gateway.id, "credentialMode": "candidate_only"}
            mine, theirs = {AUTHORIZATION: f"Bearer {stored}"}, {"authorization": f"Bearer {given}"}
            for wanted, source, received, without in (
                (address, "stored", mine, ()),
                ({**address, "headers": {KEY: marked, "Host": "other"}}, "stored", {**mine, KEY: marked}, ()),
                ({**address, "headers": theirs}, "form", theirs, (stored,)),
                ({**only, "headers": {KEY: marked}}, "form", {KEY: marked}, (stored, given)),
            ):
                self.call(
                    TEST,
                    json=wanted,
                    check=both(has("success", True), has("credentialSource", source)),
                    effect=self.receives(name, received, (*without, "other")),
                )
            if (callers := self.fixture.callers) is not None:
                self.call(
                    TEST,
                    json={**address, "headers": {KEY: given}},
                    bearer=callers.bearer(Role.DEVELOPER, self.link.session),
                    check=has("credentialSource", "none"),
                    effect=self.receives(name, {KEY: given}, (stored,)),
                )

    def receives(self, name: str, wanted: Mapping[str, str], without: tuple[str, ...]) -> Effect:
        """Return an effect: the server received the headers ``wanted`` in the test, and no text of ``without``."""

        def effect(_: Answer) -> Mismatch | None:
            received = self.received_with(name, "initialize", list(wanted.values())[-1])
            return carries_all(received, wanted, without)

        return effect
