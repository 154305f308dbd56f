"""Sessions of MCP and SSE: what a caller can do with the id of another user's session."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

from loadtest.client.protocols import jsonrpc
from loadtest.client.protocols.protocol_cases import SESSION
from loadtest.fixtures.callers import Role
from loadtest.users.access.visibility.base import RPC, Made, VisibilityUser, rpc_case
from loadtest.users.access.visibility.findings import judge_foreign, judge_shown
from loadtest.users.access.visibility.matrix import PROMPTS, Visibility
from loadtest.users.base import task
from loadtest.users.identity.checks import SESSION as COOKIE
from loadtest.users.mcp.open_session import mcp_session
from loadtest.users.mcp.streams import session_of
from loadtest.users.registry.fixtures import new_prompt


class SessionVisibilityUser(VisibilityUser):
    """The team owner with an open session, and a member of another team who knows its id."""

    deep = True

    @task
    def sessions(self) -> None:
        """The id of a session is useless to another user."""

        def prompt(name: str, scope: Mapping[str, str]) -> dict[str, Any]:
            return new_prompt(name, scope=scope)

        with self.roles("POST /mcp/ prompts/list") as callers:
            owner, outsider = (self.bearer(callers, role) for role in (Role.OWNER, Role.OUTSIDER))
            with (
                self.made(PROMPTS, Visibility.PRIVATE, prompt, callers.team, owner) as made,
                mcp_session(self, owner) as session,
            ):
                self.check_foreign_session(session, outsider, made)
                self.check_foreign_session(session, outsider, made, cookie=owner)
                self.rpc("POST /mcp/ prompts/list", headers={SESSION: session}, bearer=owner)
            with self.stream("GET /sse", bearer=owner) as events:
                session = session_of(events)
                body = jsonrpc.request("tools/list", None, "lt-negative")
                label = "session of another user"
                self.refused("POST /message", label, outsider, json=body, params={"session_id": session})

    def check_foreign_session(self, session: str, outsider: str, made: Made, cookie: str = "") -> None:
        """Check that a member of another team gains nothing by the session of the owner of ``made``.

        With a ``cookie`` of the owner beside the token of the member, the token decides.
        """
        label = f"session of another user{', with a cookie' if cookie else ''}"
        own = {"Cookie": f"{COOKIE}={cookie}"} if cookie else {}
        case = rpc_case("POST /mcp/ prompts/list", label, session=session)
        case = case._replace(headers={**case.headers, **own})
        names, hidden = {Visibility.PRIVATE: made.name}, {Visibility.PRIVATE: False}
        self.send(
            case,
            outsider,
            lambda answer: judge_shown(PROMPTS, hidden, Role.OUTSIDER, answer, names, "prompts"),
        )
        if cookie:
            return
        by_rpc = case._replace(operation=f"{RPC} prompts/list")
        self.send(by_rpc, outsider, functools.partial(judge_foreign, label))
        self.refused("GET /mcp/", label, outsider, headers={"Accept": "text/event-stream", SESSION: session})
        self.refused("DELETE /mcp/", label, outsider, headers={SESSION: session})
