"""A session of MCP for a ``with`` block, for scenarios about what is done in it rather than about sessions."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import NamedTuple

from loadtest.client.caller import StepFailed
from loadtest.client.protocols.protocol_cases import SESSION
from loadtest.users.base import GatewayUser, named
from loadtest.users.mcp.jsonrpc import INITIALIZE


class Endpoint(NamedTuple):
    """The operations that begin and end a session at one endpoint."""

    initialize: str
    initialized: str
    end: str


GATEWAY = Endpoint("POST /mcp/ initialize", "POST /mcp/ notifications/initialized", "DELETE /mcp/")
SERVER = Endpoint(
    "POST /servers/{server_id}/mcp initialize",
    "POST /servers/{server_id}/mcp notifications/initialized",
    "DELETE /servers/{server_id}/mcp",
)
OPENER = ""
"""Stands for the credential that opened a session."""


@contextmanager
def mcp_session(
    user: GatewayUser,
    bearer: str | None = None,
    endpoint: Endpoint = GATEWAY,
    *,
    closed_by: str | None = OPENER,
    **path: str,
) -> Iterator[str]:
    """Open a session at an ``endpoint`` for the ``with`` block, and yield its id.

    ``bearer`` opens it and ``closed_by`` closes it; None is the administrator. A failure to close it is recorded, and
    the scenario goes on.

    Raises:
        StepFailed: the session could not be opened.
    """
    begun = user.rpc(endpoint.initialize, INITIALIZE, bearer=bearer, **named(path))
    session = str(begun.headers.get(SESSION) or "")
    try:
        yield session
    finally:
        if session:
            closing = bearer if closed_by == OPENER else closed_by
            with user.undoing(), suppress(StepFailed):
                user.call(
                    endpoint.end, headers={SESSION: session}, bearer=closing, unlisted=True, **named(path)
                )
