"""Entities as the gateway stated them to one user, with which its later responses are compared.

A list, a search or an export shows an entity as the response of its creation, or of its last update, did: a name that
is stale in one of them is a failure of that one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from loadtest.client.answer import Answer
from loadtest.client.mismatch import Mismatch
from loadtest.client.validation import json_of
from loadtest.users.read_back import contradiction, plain

SHORTEST_ID = 16
"""Characters below which an id may be that of another kind of entity as well."""
DEEPEST = 5
"""Nesting below which no entity is looked for."""
_READS = re.compile(r"^GET |^POST /rpc/? list_")
OTHERWISE = frozenset(
    ("id", "name", "team", "teamname", "enabled", "isactive", "active", "state", "value", "url", "token")
)
"""Names, in lower case without underscores, of members that other responses show in their own way: a name is that for
people or that for MCP, and a switch has been switched."""
OF_OWNERS = ("DELETE /auth/email/admin/users/{user_email}", "DELETE /admin/users/{user_email}")
"""Operations after which what an account owned belongs to another user."""


class StatedEntities:
    """The members of entities by id."""

    def __init__(self) -> None:
        self._members: dict[str, dict[str, Any]] = {}

    def state(self, identity: str, shown: Any) -> None:
        """Remember an entity as its creation or its last update showed it."""
        if len(identity) >= SHORTEST_ID and isinstance(shown, Mapping):
            self._members[identity] = {
                name: value for name, value in shown.items() if plain(name) not in OTHERWISE
            }

    def call_made(self, operation: str, identities: Iterable[str]) -> None:
        """Forget the entities that a call may have changed: those in its path, or all.

        An import, and the deletion of an owner, may have changed any.
        """
        if operation.startswith("GET "):
            return
        if "/import" in operation or operation in OF_OWNERS:
            self._members.clear()
        for one in identities:
            self._members.pop(one, None)

    def disagreement(self, answer: Answer) -> Mismatch | None:
        """Return a mismatch if the response of a read shows an entity otherwise than it was stated."""
        if not self._members or not _READS.match(answer.operation):
            return None
        for shown in _entities(json_of(answer), 0):
            stated = self._members.get(str(shown["id"]))
            if stated:
                found = contradiction(
                    stated, shown, "of an entity to be as its creation or last update stated"
                )
                if found is not None:
                    return found
        return None


def _entities(part: Any, depth: int) -> Iterator[Mapping[str, Any]]:
    if depth > DEEPEST:
        return
    if isinstance(part, Mapping):
        if isinstance(part.get("id"), str):
            yield part
        for one in part.values():
            if isinstance(one, Mapping | list):
                yield from _entities(one, depth + 1)
    elif isinstance(part, list):
        for one in part:
            yield from _entities(one, depth + 1)
