"""Streams of members, with events about what they may see, and messages to sessions over SSE that do not exist."""

from __future__ import annotations

import uuid
from typing import Any

from loadtest.client.answer import Answer, Problem
from loadtest.client.mismatch import Mismatch, expected
from loadtest.client.protocols import jsonrpc
from loadtest.results.failures import ProblemKind
from loadtest.users.base import task
from loadtest.users.identity.fixtures import PeopleUser
from loadtest.users.mcp.streams import EVENT_WITHIN
from loadtest.users.registry.fixtures import PRIVATE, RegistryUser

REFUSED = (400, 403, 404)
"""Statuses of a message to no session."""


class MemberStreamsUser(PeopleUser, RegistryUser):
    """Members who listen, and the administrator, who makes what they must not hear of."""

    area = "streams"

    @task
    def events_of_others(self) -> None:
        """A subscription of a member of no team reports a public resource, and no private one before it."""
        with (
            self.stream("POST /resources/subscribe", bearer=self.viewer.bearer) as events,
            self.resource(scope=PRIVATE) as private,
            self.resource() as public,
        ):
            names = (private["name"], public["name"])
            first = events.next(
                within=EVENT_WITHIN, where=lambda event: any(name in event.data for name in names)
            )
            if names[0] in first.data:
                raise Problem(ProblemKind.CONTENT, "the event tells of a private resource of another user")

    @task
    def messages(self) -> None:
        """A message that names no session, or one that does not exist, is refused."""
        ping = jsonrpc.request("ping", None, self.name("ping"))
        for params in (None, {"session_id": uuid.uuid4().hex}):
            wrong: dict[str, Any] = {
                "json": ping,
                "params": params,
                "refusals": REFUSED,
                "effect": is_refused,
            }
            self.call("POST /message", **wrong)
            self.call("POST /servers/{server_id}/message", server_id=self.fixture.server_id or "", **wrong)


def is_refused(answer: Answer) -> Mismatch | None:
    """Check that a message to no session was refused."""
    refused = answer.status in REFUSED
    return None if refused else expected("a message to no session to be refused", answer.status)
