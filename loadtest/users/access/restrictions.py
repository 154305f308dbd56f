"""API tokens with restrictions: what each may do, and what it must not.

A token can be restricted to a virtual server, to permissions, to addresses of the caller, and to times of day.
"""

from __future__ import annotations

import datetime as dt
import zoneinfo
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from loadtest.client.answer import Answer
from loadtest.client.auth import limited_token
from loadtest.client.mismatch import Mismatch, expected
from loadtest.client.protocols import jsonrpc
from loadtest.client.protocols.protocol_cases import SESSION
from loadtest.users.access.checks import NO_ACCESS, is_denied, offers_only
from loadtest.users.admin.checks import has_all, lacks_text
from loadtest.users.base import named, task
from loadtest.users.checks import (
    COMPLETION,
    answers,
    both,
    completes,
    contains,
    enabled,
    has,
    lists_only,
    mentions,
)
from loadtest.users.identity.checks import at_most, is_called
from loadtest.users.identity.fixtures import TOKEN, PeopleUser
from loadtest.users.mcp.jsonrpc import INITIALIZE
from loadtest.users.mcp.open_session import SERVER, mcp_session
from loadtest.users.registry.a2a import invocation
from loadtest.users.registry.fixtures import (
    RegistryUser,
    new_agent,
    new_prompt,
    new_resource,
    new_server,
    new_tool,
)

DAYS = 5
"""Lifetime of a token; the gateway rejects tokens without expiry."""
FORBIDDEN = (403,)
"""Status of a request that a token must not make."""
TOO_MANY = (429,)
"""Status of a request beyond the number that a token may make."""
USES = 2
"""Requests that a token may make in a period."""
UNCOUNTED = 3
"""Requests of a token that are perhaps not counted: their record is lost if the database is locked."""
EVERYWHERE = ["0.0.0.0/0", "::/0"]
ELSEWHERE = ["192.0.2.0/24", "192.0.2.7"]
"""Addresses for documentation (RFC 5737): no request comes from them."""
OF_A_SERVER = (
    "POST /rpc tools/list",
    "POST /rpc tools/call",
    "POST /rpc resources/list",
    "POST /rpc prompts/list",
)
TOOL_PAGES = ("GET /admin/tools/search", "GET /admin/tools/ids", "GET /admin/logs", "GET /admin/teams/search")
OTHER_PAGES = (
    "GET /admin/users/search",
    "GET /admin/resources/search",
    "GET /admin/gateways/search",
    "GET /admin/logs",
    "GET /admin/teams/search",
)
LISTS = ("GET /resources", "GET /prompts", "GET /servers", "GET /gateways", "GET /a2a")
OTHER_KINDS = [
    *(
        f"{kind}.{action}"
        for kind in ("resources", "prompts", "servers", "a2a")
        for action in ("read", "create", "update", "delete")
    ),
    "gateways.read",
    "a2a.invoke",
]
"""Permissions, by which the gateway finds the requests that a token may make."""
OFFICE = range(9, 17)
"""The business hours of the gateway, in UTC (``mcpgateway/middleware/token_scoping.py``)."""
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
NOON, HOURS = 12, 24
MARGIN = dt.timedelta(minutes=2)
"""The clocks of the gateway and of the load generator may differ by this much."""


class RestrictedTokenUser(PeopleUser, RegistryUser):
    """Programs with API tokens of the administrator that are restricted."""

    area = "tokens"

    @task
    def to_a_server(self) -> None:
        """A token for one virtual server lists and calls its tools, and nothing of another server."""
        use = ["tools.read", "tools.execute", "servers.use", "servers.read", "resources.read", "prompts.read"]
        with (
            self.tool() as tool,
            self.server(associated_tools=[tool.id]) as server,
            self.server(associated_tools=[tool.id]) as other,
            self.token(server_id=server.id, permissions=use) as bearer,
        ):
            own: dict[str, Any] = {"bearer": bearer}
            offered = offers_only(tool["name"])
            among = {"server_id": server.id}
            self.rpc("POST /rpc tools/list", among, check=offered, **own)
            text = self.name("text")
            called = {"name": tool["name"], "arguments": {"text": text}}
            answered = mentions(text, at="result.content.0.text")
            self.rpc("POST /rpc tools/call", called, check=answered, **own)
            with mcp_session(self, bearer, SERVER, closed_by=None, server_id=server.id) as session:
                within: dict[str, Any] = own | among | {"headers": {SESSION: session}}
                self.rpc("POST /servers/{server_id}/mcp tools/list", check=offered, **within)
                self.rpc("POST /servers/{server_id}/mcp tools/call", called, check=answered, **within)
            self.call("GET /servers/{server_id}/tools", check=lists_only(tool.id), **own, **named(among))
            self.call("GET /servers/{server_id}", check=has("id", server.id), **own, **named(among))
            foreign = own | {"server_id": other.id}
            self.forbidden("to list the tools of another server", "GET /servers/{server_id}/tools", **foreign)
            self.forbidden("to read another server", "GET /servers/{server_id}", **foreign)
            self.forbidden("to delete another server", "DELETE /servers/{server_id}", **foreign)
            self.forbidden(
                "to use another server",
                "POST /servers/{server_id}/mcp initialize",
                json=jsonrpc.request("initialize", INITIALIZE, "lt-other"),
                headers={"Accept": jsonrpc.ACCEPT},
                unlisted=True,
                **foreign,
            )
            for operation in OF_A_SERVER:
                method = operation.rpartition(" ")[2]
                asked = {"server_id": other.id, "name": tool["name"], "arguments": {"text": text}}
                self.forbidden(
                    "to use another server by JSON-RPC",
                    operation,
                    json=jsonrpc.request(method, asked, "lt-other"),
                    headers={"Accept": jsonrpc.ACCEPT},
                    unlisted=True,
                    **own,
                )
            self.forbidden("to list all tools", "GET /tools", **own)
            self.forbidden("to list all servers", "GET /servers", **own)
            self.forbidden("to read a tool", "GET /tools/{tool_id}", tool_id=tool.id, **own)

    @task
    def to_permissions(self) -> None:
        """A token with permissions reads and calls tools, and neither changes them nor reads other entities."""
        with (
            self.tool() as tool,
            self.resource() as resource,
            self.token(permissions=["tools.read", "tools.execute"]) as bearer,
        ):
            own: dict[str, Any] = {"bearer": bearer}
            item = own | {"tool_id": tool.id}
            text = self.name("text")
            called = {"name": tool["name"], "arguments": {"text": text}}
            self.call("GET /tools/{tool_id}", check=has("id", tool.id), **item)
            self.rpc("POST /rpc tools/call", called, check=mentions(text, at="result.content.0.text"), **own)
            body = new_tool(self.name("tool"), self.backend("rest"))
            self.forbidden("to create a tool", "POST /tools", json=body, **own)
            self.forbidden("to change a tool", "PUT /tools/{tool_id}", json={"description": "Other."}, **item)
            switch = {"params": {"activate": False}}
            self.forbidden("to disable a tool", "POST /tools/{tool_id}/state", **switch, **item)
            self.forbidden("to delete a tool", "DELETE /tools/{tool_id}", **item)
            self.forbidden("to list resources", "GET /resources", **own)
            self.forbidden(
                "to read a resource", "GET /resources/{resource_id}", resource_id=resource.id, **own
            )
            body = new_resource(self.name("resource"))
            self.forbidden("to create a resource", "POST /resources", json=body, **own)
            for listed in ("GET /prompts", "GET /servers", "GET /gateways", "GET /a2a", "GET /teams/"):
                self.forbidden("to list other entities", listed, **own)
            self.forbidden("to list accounts", "GET /auth/email/admin/users", **own)

    @task
    def to_kinds(self) -> None:
        """A token with permissions for other kinds than tools lists, creates and deletes each, and calls an agent."""
        with self.token(permissions=OTHER_KINDS) as bearer:
            own: dict[str, Any] = {"bearer": bearer}
            for operation in LISTS:
                self.call(operation, params={"limit": 1}, **own)
            prompt = self.call("POST /prompts", json=new_prompt(self.name("prompt")), **own)
            self.call("DELETE /prompts/{prompt_id}", prompt_id=prompt.id, **own)
            resource = self.call("POST /resources", json=new_resource(self.name("resource")), **own)
            self.call("DELETE /resources/{resource_id}", resource_id=resource.id, **own)
            server = self.call("POST /servers", json=new_server(self.name("server")), **own)
            self.call("DELETE /servers/{server_id}", server_id=server.id, **own)
            agent = self.call("POST /a2a", json=new_agent(self.name("agent"), self.backend("a2a")), **own)
            text, path = self.name("text"), {"agent_id": agent.id}
            said = invocation(text)
            called: dict[str, Any] = own | {"agent_name": agent["name"], "json": said}
            self.call("POST /a2a/{agent_name}/invoke", check=answers(text), **called)
            changed = {"description": "Changed by a token."}
            self.call("PUT /a2a/{agent_id}", json=changed, check=has_all(changed), **own, **named(path))
            self.call("DELETE /a2a/{agent_id}", **own, **named(path))

    @task
    def completion(self) -> None:
        """A token to read tools completes arguments."""
        with self.token(permissions=["tools.read"]) as bearer:
            self.call(
                "POST /protocol/completion/complete",
                json=COMPLETION,
                bearer=bearer,
                check=completes("completion.values"),
            )

    @task
    def to_addresses(self) -> None:
        """A token for some addresses of its caller is used from one of them, and from another one."""
        with self.tool() as tool:
            for addresses, right in ((EVERYWHERE, True), (ELSEWHERE, False)):
                with self.token(permissions=["tools.read"], ip_restrictions=addresses) as bearer:
                    self.reads(tool, bearer, right=right, what="a token from another address")

    @task
    def to_times(self) -> None:
        """A token for business hours or working days is used at this time."""
        now = dt.datetime.now(dt.UTC)
        if len({(one.hour in OFFICE, one.weekday()) for one in (now - MARGIN, now + MARGIN)}) > 1:
            return
        with self.tool() as tool:
            for limits, right in (
                ({"business_hours_only": True}, now.hour in OFFICE),
                ({"weekdays_only": True}, now.weekday() < 5),
            ):
                with self.token(permissions=["tools.read"], time_restrictions=limits) as bearer:
                    self.reads(tool, bearer, right=right, what="a token at another time")

    @task
    def to_hours(self) -> None:
        """A token for some hours or days is used then, in its own time zone, and at no other time.

        Limits that are incomplete or unknown allow no time at all. Times are in the zone in which the day has just
        begun, so that the hours around now belong to two days.
        """
        credentials = self.link.session.credentials
        if not credentials.jwt_secret:
            return
        now = dt.datetime.now(dt.UTC)
        offset = -now.hour if now.hour <= NOON else HOURS - now.hour
        name = f"Etc/GMT{-offset:+d}"
        # A machine without time zones refuses every token with one.
        if name not in zoneinfo.available_timezones():
            return
        zone = {"timezone": name}
        there = now + dt.timedelta(hours=offset)
        days = [WEEKDAYS[(there + margin).weekday()] for margin in (-MARGIN, MARGIN)]
        around = {"start_time": "22:00", "end_time": "02:00:00"}
        for times, right in (
            (zone | around, True),
            (zone | {"days": days}, True),
            (zone | {"start_time": "02:00", "end_time": "22:00"}, False),
            (zone | around | {"days": [day for day in WEEKDAYS if day not in days]}, False),
            (zone | {"start_time": "22:00"}, False),
            (around | {"timezone": "No/Zone"}, False),
            ({"days": [*WEEKDAYS, "Someday"]}, False),
        ):
            token = limited_token(credentials.email, credentials.jwt_secret, times=times)
            own: dict[str, Any] = {"tool_id": self.fixture.tool_ids["echo"], "bearer": token}
            if right:
                self.call("GET /tools/{tool_id}", check=has("id", own["tool_id"]), **own)
            else:
                denied = is_denied("a token at another time")
                self.call("GET /tools/{tool_id}", refusals=NO_ACCESS, check=denied, **own)

    @task
    def to_a_number(self) -> None:
        """A token for a number of requests an hour or a day is used as often, and then refused."""
        for period in ("requests_per_hour", "requests_per_day"):
            limits = {period: USES}
            with self.token(permissions=["tools.read"], usage_limits=limits) as bearer:
                own: dict[str, Any] = {"bearer": bearer, "params": {"limit": 1}}
                for _ in range(USES):
                    self.call("GET /tools", check=at_most(1, least=0), **own)
                for _ in range(UNCOUNTED):
                    if self.call("GET /tools", refusals=TOO_MANY, **own).status in TOO_MANY:
                        break
                self.call("GET /tools", refusals=TOO_MANY, check=is_used_up, **own)

    @task
    def to_pages(self) -> None:
        """Tokens for one area of the admin UI read and change only what belongs to it."""
        with self.tool() as tool:
            for permissions, read, others in (
                (["admin.dashboard", "tools.read"], "GET /admin/tools/search", OTHER_PAGES),
                (["admin.dashboard", "admin.user_management"], "GET /admin/users/search", TOOL_PAGES),
            ):
                with self.token(permissions=permissions) as bearer:
                    own: dict[str, Any] = {"bearer": bearer}
                    self.call(read, params={"q": tool["name"]}, **own)
                    for operation in others:
                        self.forbidden("a page that belongs to another permission", operation, **own)
                    state: dict[str, Any] = own | {"tool_id": tool.id, "form": {"activate": "false"}}
                    self.forbidden("to disable a tool by form", "POST /admin/tools/{tool_id}/state", **state)
            self.call("GET /tools/{tool_id}", tool_id=tool.id, check=enabled(True))

    @task
    def to_kinds_of_results(self) -> None:
        """A token to read tools searches everything, and finds tools only."""
        if not self.offers("GET /search"):
            return
        tag = self.name("tag")
        with (
            self.tool(tags=[tag]) as tool,
            self.resource(tags=[tag]) as resource,
            self.token(permissions=["tools.read"]) as bearer,
        ):
            query: dict[str, Any] = {"params": {"tags": tag}}
            found = both(contains(tool.id), contains(resource.id))
            self.call("GET /search", check=found, **query)
            found = both(contains(tool.id), lacks_text(resource.id))
            self.call("GET /search", check=found, bearer=bearer, **query)

    def reads(self, tool: Answer, bearer: str, *, right: bool, what: str) -> None:
        """Read ``tool`` with a token, which is ``right`` or must be refused."""
        if right:
            self.call("GET /tools/{tool_id}", tool_id=tool.id, bearer=bearer, check=has("id", tool.id))
        else:
            self.forbidden(what, "GET /tools/{tool_id}", tool_id=tool.id, bearer=bearer)

    def forbidden(self, what: str, operation: str, **options: Any) -> None:
        """Make a request that would do ``what``, for which a token must not be used."""
        self.call(operation, refusals=FORBIDDEN, check=is_denied(what), **options)

    @contextmanager
    def token(self, **scope: Any) -> Iterator[str]:
        """Create a token with this ``scope`` for the ``with`` block, and yield it."""
        name = self.name("token")
        made = self.call(
            "POST /tokens",
            json={"name": name, "description": "Restricted.", "expires_in_days": DAYS, "scope": scope},
            check=is_called(name, under="token.name"),
        )
        try:
            yield str(made["access_token"])
        finally:
            with self.undoing():
                self.delete("DELETE /tokens/{token_id}", read=TOKEN, token_id=str(made["token.id"]))


def is_used_up(answer: Answer) -> Mismatch | None:
    """Check that a token which has made as many requests as it may is refused."""
    right = answer.status in TOO_MANY
    return None if right else expected("a token without requests left to be refused", answer.status)
