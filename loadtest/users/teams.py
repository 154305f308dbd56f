"""Base of the users who create teams: one team for a ``with`` block."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

from loadtest.client.answer import Answer
from loadtest.users.base import GatewayUser

MAX_MEMBERS = 20
OPEN = {"visibility": "public"}
"""Properties of a team that users can find and ask to join."""


def new_team(name: str) -> dict[str, Any]:
    """Return a private team."""
    return {
        "name": name,
        "description": "A team of the load test.",
        "visibility": "private",
        "max_members": MAX_MEMBERS,
    }


class TeamOwner(GatewayUser):
    """A user who creates teams."""

    abstract = True

    def team(self, name: str = "", **more: Any) -> AbstractContextManager[Answer]:
        """Create a private team for the ``with`` block, with a new ``name`` if none is given.

        ``more`` are other properties, also in place of those of :func:`new_team`.
        """
        body = new_team(name or self.name("team")) | more
        return self.created("POST /teams/", json=body, delete="DELETE /teams/{team_id}")
