"""Calls of operations that no scenario calls, made from the contract; see :mod:`loadtest.generated`."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import ClassVar

from locust import tag

from loadtest.fixtures.fixture import Fixture
from loadtest.generated.caller import GeneratedCaller
from loadtest.generated.identifiers import Identifiers, KnownEntity
from loadtest.generated.sequence import CallSequence, Request
from loadtest.users.base import GatewayUser, task

CLOSED = "http://127.0.0.1:9"
"""An address at which nothing listens, for a backend that does not run."""


class GeneratedUser(GatewayUser):
    """Operations without a scenario, from the contract."""

    area = "generated"
    # In the mix it would only repeat reads; the first sweep runs its scenario whatever its weight is.
    weight = 0.001  # Locust compares weights, also fractions
    repeatable: ClassVar[dict[str, list[Request]]] = {}
    """Reads that were understood, by gateway; none until all calls have been made."""

    @task
    @tag("slow")
    def calls(self) -> None:
        """Call each operation once in the first sweep; later, repeat one of the reads that were understood."""
        caller = GeneratedCaller(self.api)
        host = self.link.session.host
        if host in self.repeatable:
            if reads := self.repeatable[host]:
                caller.send(random.choice(reads))
            return
        operations = [one for one in self.process.generated if self.offers(one.operation)]
        sequence = CallSequence(
            operations,
            caller.send,
            unique=lambda: self.name("generated"),
            url=lambda backend: self.link.fixture.backends.get(backend, CLOSED),
            identifiers=_identifiers(self.link.fixture),
        )
        self.repeatable[host] = []
        try:
            sequence.run()
            self.repeatable[host] = sequence.repeatable
        finally:
            with self.undoing():
                sequence.delete_all()


def _identifiers(fixture: Fixture) -> Identifiers:
    """Return the identifiers of the fixture, which calls may read only."""
    known: list[tuple[str, Mapping[str, str | None]]] = [
        ("servers", {"id": fixture.server_id}),
        ("gateways", {"id": fixture.gateway_id}),
        *(("tools", {"id": one}) for one in fixture.tool_ids.values()),
        *(("resources", {"id": one}) for one in fixture.resources.values()),
        *(("prompts", {"id": one}) for one in fixture.prompt_ids.values()),
    ]
    return Identifiers(
        [
            KnownEntity(collection, {key: value for key, value in values.items() if value}, own=False)
            for collection, values in reversed(known)
        ]
    )
