"""Calls through a virtual server are counted for it, by every protocol, with rates and times to match.

Counts of tools, resources and prompts are not compared with the calls: the gateway loses those of a few seconds if one
of what was used in them has been deleted since, and other users delete what they used.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

from locust import tag

from loadtest.client.answer import Answer
from loadtest.client.caller import Check
from loadtest.client.mismatch import Mismatch, expected
from loadtest.client.protocols import jsonrpc
from loadtest.users.admin.lists import MOST, entries
from loadtest.users.base import named, task
from loadtest.users.federation.checks import calls_fail
from loadtest.users.mcp.jsonrpc import says
from loadtest.users.mcp.mcp import SessionUser
from loadtest.users.mcp.open_session import SERVER
from loadtest.users.mcp.streams import replied, session_of
from loadtest.users.ops.metrics import contradicts
from loadtest.users.read_back import NotReadable, properties_of
from loadtest.users.recorded import shown_by
from loadtest.users.registry.fixtures import PURGE_METRICS, RegistryUser, new_server, new_tool

COUNTED_WITHIN = 15.0
"""Seconds within which calls must be counted; the gateway stores its counts every five."""
ATTEMPTS = 3
"""How often calls are made and counted: other users delete all counts at any time."""
FAILING = 500
"""The status of the service of a tool that always fails."""
CALLS = 2
"""How often a tool is called."""
LISTS = (
    "GET /servers/{server_id}/tools",
    "GET /servers/{server_id}/resources",
    "GET /servers/{server_id}/prompts",
)


class Uses(NamedTuple):
    """How often a virtual server was used."""

    succeeded: int
    failed: int

    @property
    def rate(self) -> str:
        """Its success rate, as the ranking of the admin UI shows it."""
        return f"{100 * self.succeeded / sum(self):.1f}%"


class Parts(NamedTuple):
    """A virtual server and its parts."""

    server: Answer
    tag: str
    """Of the server."""
    good: Answer
    """A tool that always succeeds."""
    bad: Answer
    """A tool that always fails."""
    resource: Answer
    prompt: Answer


class Look(NamedTuple):
    """A place where uses are shown."""

    operation: str
    params: Mapping[str, Any]
    path: Mapping[str, str]
    check: Check


class ServerMetricsUser(RegistryUser, SessionUser):
    """A person who reads how often everything was used."""

    area = "metrics"

    @tag("slow")
    @task
    def over_mcp(self) -> None:
        """A tool, a resource and a prompt of a virtual server, used in a session of MCP.

        The uses of the resource are gone when those of all resources are deleted.
        """
        self.check_counts(self.use_over_mcp, Uses(CALLS + 2, 0), resetting=True)

    @tag("slow")
    @task
    def over_rpc(self) -> None:
        """Tools, one of which fails, a resource and a prompt, used by JSON-RPC, which names the virtual server.

        The uses stay when another virtual server is deleted with its own.
        """
        self.check_counts(self.use_over_rpc, Uses(CALLS + 2, CALLS), purging=True)

    @tag("slow")
    @task
    def over_sse(self) -> None:
        """Tools of a virtual server, one of which fails, called in a session over SSE."""
        self.check_counts(self.use_over_sse, Uses(CALLS, CALLS))

    @tag("slow")
    @task
    def failing(self) -> None:
        """A virtual server of which every call fails: its success rate is 0, and not unknown."""
        self.check_counts(self.call_failing, Uses(0, CALLS))

    def check_counts(
        self, use: Callable[[Parts], None], uses: Uses, *, purging: bool = False, resetting: bool = False
    ) -> None:
        """Use the parts of a virtual server, and check that the ``uses`` of the server are shown then.

        If ``purging``, another virtual server is deleted with its uses, and those of the first are read again. If
        ``resetting``, the uses of all resources are deleted, and those of the part are read again.
        """
        if not self.documents("GET /servers", "query include_metrics"):
            return
        for attempt in range(ATTEMPTS):
            last = attempt == ATTEMPTS - 1
            with self.parts() as parts:
                use(parts)
                counted = self.counted(parts, uses, required=last)
                if counted and (not purging or self.kept(parts, uses, required=last)):
                    if resetting:
                        self.check_reset(parts)
                    return

    def kept(self, parts: Parts, uses: Uses, *, required: bool) -> bool:
        """Return whether the ``uses`` are shown after another virtual server was deleted with its own.

        If that is ``required``, others are a failure of the deletion.
        """
        look = next(looks(parts, uses))
        read = functools.partial(self.call, look.operation, params=look.params)
        other = self.call("POST /servers", json=new_server(self.name("server")))
        unread = NotReadable("that it is gone is verified for every other server")
        purged: dict[str, Any] = {"server_id": other.id, "read": unread, **PURGE_METRICS}
        delete = "DELETE /servers/{server_id}"
        with self.undoing():
            if required:
                self.delete(delete, check=lambda _: lost(look.check(read())), **purged)
            else:
                self.delete(delete, **purged)
        return required or look.check(read()) is None

    def check_reset(self, parts: Parts) -> None:
        """Delete the uses of all resources: none of that of the server are left, if they were stored before."""
        read = functools.partial(
            self.call,
            "GET /servers/{server_id}/resources",
            params={"include_metrics": True},
            server_id=parts.server.id,
        )
        reset: dict[str, Any] = {"params": {"entity": "resource"}}

        def effect(_: Answer) -> Mismatch | None:
            if are_unused(read()) is None:
                return None
            # Another user may roll them up meanwhile, which stores what it read before the reset.
            self.call("POST /metrics/reset", **reset)
            return are_unused(read())

        # Those that are not stored yet would be stored after the reset.
        if are_unused(read()) is not None:
            self.call("POST /metrics/reset", effect=effect, **reset)

    def counted(self, parts: Parts, uses: Uses, *, required: bool) -> bool:
        """Return whether the ``uses`` are shown in time; if that is ``required``, others are a failure."""
        deadline = time.monotonic() + COUNTED_WITHIN
        for look in looks(parts, uses):
            call = functools.partial(self.call, look.operation, params=look.params, **named(look.path))
            if not shown_by(deadline, call, look.check):
                if required:
                    call(check=look.check, waits=COUNTED_WITHIN)
                return False
        return True

    @contextmanager
    def parts(self) -> Iterator[Parts]:
        """Create a virtual server with parts for the ``with`` block."""
        tag = self.name("tag")
        url = f"{self.backend('rest_shapes')}/status/{FAILING}"
        failing = new_tool(self.name("tool"), "", url=url)
        with (
            self.tool() as good,
            self.created("POST /tools", json=failing, delete="DELETE /tools/{tool_id}") as bad,
            self.resource() as resource,
            self.prompt() as prompt,
            self.server(
                tags=[tag],
                associated_tools=[good.id, bad.id, self.fixture.tool_ids["echo"]],
                associated_resources=[resource.id],
                associated_prompts=[prompt.id],
            ) as server,
        ):
            yield Parts(server, tag, good, bad, resource, prompt)

    def use_over_mcp(self, parts: Parts) -> None:
        """Use a tool of the MCP backend, the resource and the prompt in a session at the virtual server."""
        own = {"server_id": parts.server.id}
        with self.session(SERVER, **own) as headers:
            here: dict[str, Any] = {"headers": headers, **own}
            for _ in range(CALLS):
                text = self.name("text")
                arguments = {"name": self.fixture.tools["echo"], "arguments": {"text": text}}
                self.rpc("POST /servers/{server_id}/mcp tools/call", arguments, check=says(text), **here)
            self.rpc("POST /servers/{server_id}/mcp resources/read", {"uri": parts.resource["uri"]}, **here)
            greeting = {"name": parts.prompt["name"], "arguments": {"who": "Ada"}}
            self.rpc("POST /servers/{server_id}/mcp prompts/get", greeting, **here)

    def use_over_rpc(self, parts: Parts) -> None:
        """Use the parts by JSON-RPC."""
        own = {"server_id": parts.server.id}
        for _ in range(CALLS):
            text = self.name("text")
            arguments = {"name": parts.good["name"], "arguments": {"text": text}}
            self.rpc("POST /rpc tools/call", arguments | own, check=says(text))
        self.call_failing(parts)
        self.rpc("POST /rpc resources/read", {"uri": parts.resource["uri"]} | own)
        greeting = {"name": parts.prompt["name"], "arguments": {"who": "Ada"}}
        self.rpc("POST /rpc prompts/get", greeting | own)

    def call_failing(self, parts: Parts) -> None:
        """Call the tool that always fails by JSON-RPC."""
        arguments = {"name": parts.bad["name"], "arguments": {"text": "x"}, "server_id": parts.server.id}
        for _ in range(CALLS):
            message = jsonrpc.request("tools/call", arguments, self.name("call"))
            self.call("POST /rpc tools/call", json=message, unlisted=True, check=calls_fail)

    def use_over_sse(self, parts: Parts) -> None:
        """Use the tools in a session over SSE at the virtual server."""
        server = parts.server.id
        with self.stream("GET /servers/{server_id}/sse", server_id=server) as events:
            session = {"session_id": session_of(events)}
            for tool in (parts.good, parts.bad) * CALLS:
                arguments = {"name": tool["name"], "arguments": {"text": "x"}}
                message = jsonrpc.request("tools/call", arguments, self.name("call"))
                self.call("POST /servers/{server_id}/message", server_id=server, json=message, params=session)
                replied(events, message["id"])


def looks(parts: Parts, uses: Uses) -> Iterator[Look]:
    """Return where the ``uses`` of a virtual server, and those of its parts, are shown."""
    metrics = {"include_metrics": True}
    yield Look("GET /servers", metrics | {"tags": parts.tag}, {}, shows_uses(parts.server.id, uses))
    ranked = ranks(str(parts.server["name"]), uses)
    yield Look(
        "GET /admin/metrics/partial", {"entity_type": "servers", "page": 1, "per_page": MOST}, {}, ranked
    )
    for operation in LISTS:
        yield Look(operation, metrics, {"server_id": parts.server.id}, have_matching_metrics)
    if uses.failed:
        yield Look("GET /metrics", {}, {}, count_at_least(uses))


def lost(wrong: Mismatch | None) -> Mismatch | None:
    """Return a mismatch of a deletion if what is ``wrong`` then is how often another virtual server was used."""
    return None if wrong is None else expected("the uses of other virtual servers to be kept", wrong.actual)


def shows_uses(entity: str, uses: Uses) -> Check:
    """Return a check that a list with metrics shows that ``entity`` was used so often."""

    def check(answer: Answer) -> Mismatch | None:
        found = next((one["metrics"] for one in answer.json if one["id"] == entity), None)
        if found is None:
            return expected("the metrics of the entity in the list")
        shown = Uses(found["successfulExecutions"], found["failedExecutions"])
        if shown != uses:
            return expected(f"{uses.succeeded} successes and {uses.failed} failures to be counted", found)
        return have_matching_metrics(answer)

    return check


def count_at_least(uses: Uses) -> Check:
    """Return a check that the figures of all virtual servers contain these ``uses``, and agree with each other."""

    def check(answer: Answer) -> Mismatch | None:
        found = properties_of(answer["servers"])
        shown = Uses(found["successfulexecutions"], found["failedexecutions"])
        if shown.succeeded < uses.succeeded or shown.failed < uses.failed:
            return expected("the uses of a virtual server among those of all", shown)
        wrong = contradicts(found)
        return expected(f"{wrong} of all servers", found) if wrong else None

    return check


def are_unused(answer: Answer) -> Mismatch | None:
    """Check that no use of the entities in a list with metrics is counted."""
    found = [one["metrics"]["totalExecutions"] for one in answer.json]
    return expected("no use to be counted after a reset", found) if any(found) else None


def have_matching_metrics(answer: Answer) -> Mismatch | None:
    """Check that totals, rates and times in a list with metrics match the numbers of successes and failures."""
    for one in answer.json:
        found = one["metrics"]
        total, failed = found["totalExecutions"], found["failedExecutions"]
        if total != found["successfulExecutions"] + failed:
            return expected("the total to be that of successes and failures", found)
        rate = failed / total if total else 0.0
        if found["failureRate"] is None or abs(found["failureRate"] - rate) > 1e-6:
            return expected("the failure rate of the calls that are counted", found)
        for name in ("minResponseTime", "maxResponseTime", "avgResponseTime", "lastExecutionTime"):
            if (found[name] is None) is not (total == 0):
                return expected(f"{name} exactly if there were calls", found)
    return None


def ranks(name: str, uses: Uses) -> Check:
    """Return a check that a ranking shows, for the entity with this ``name``, how often it was used and succeeded."""

    def check(answer: Answer) -> Mismatch | None:
        found = [row.text.split() for row in entries(answer)]
        row = next((words for words in found if name in words), None)
        if row is None:
            return expected("the entity in the ranking", found)
        # A call of a service takes longer than half a millisecond.
        right = str(sum(uses)) in row and uses.rate in row and "0ms" not in row
        what = f"{sum(uses)} calls, their time and the success rate {uses.rate} in the ranking"
        return None if right else expected(what, row)

    return check
