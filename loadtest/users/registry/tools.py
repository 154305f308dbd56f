"""Tools: REST tools, their creation from an OpenAPI document, and plugin bindings."""

from __future__ import annotations

from typing import Any

import msgspec

from loadtest.client.answer import Answer
from loadtest.client.caller import Check
from loadtest.client.mismatch import Mismatch, expected
from loadtest.users.base import named, task
from loadtest.users.checks import ANSWERED, INVALID_REQUEST, both, has, lists_only, mentions
from loadtest.users.read_back import Listed
from loadtest.users.registry.fixtures import (
    IS_PUBLIC,
    PURGE_METRICS,
    RegistryUser,
    new_tool,
    without_scope,
)

PLUGIN = "OutputLengthGuardPlugin"
PRIORITY = 10
PROPERTIES: dict[str, Any] = {
    "title": "Echo",
    "displayName": "Echo of the load test",
    "headers": {"X-Load-Test": "true"},
    "annotations": {"readOnlyHint": True, "title": "Echo"},
    "outputSchema": {"type": "object", "properties": {"text": {"type": "string"}}},
    "extensionMetadata": {"loadtest": {"kind": "echo"}},
    "timeout_ms": 15000,
    "expose_passthrough": False,
}
"""Further properties of a tool."""
PREVIEW = "POST /tools/preview/{name}"


class ToolsUser(RegistryUser):
    """A user who publishes a REST service as tools."""

    area = "tools"
    weight = 4

    @task(5)
    def lifecycle(self) -> None:
        """A REST tool is created, called and deleted."""
        tag = self.name("tag")
        with self.tool(tags=[tag], **PROPERTIES) as tool:
            self.call("GET /tools", params={"tags": tag}, check=lists_only(tool))
            self.call_tool(tool)

    @task(2)
    def lookup(self) -> None:
        """A tool whose argument is sent in the query, public because its body does not state a visibility."""
        more: dict[str, Any] = {"request_type": "GET"}
        with self.created(
            "POST /tools/",
            json=without_scope(new_tool(self.name("tool"), self.backend("rest"), **more)),
            check=IS_PUBLIC,
            delete="DELETE /tools/{tool_id}",
            deletion=PURGE_METRICS,
        ) as tool:
            self.call_tool(tool)

    @task
    def preview(self) -> None:
        """A dry run of a tool call, with and without its argument."""
        if not self.offers(PREVIEW):
            return
        with self.tool() as tool:
            text = {"text": self.name("text")}
            self.call(
                PREVIEW, name=tool["name"], json={"arguments": text}, check=has("resolvedArguments", text)
            )
            self.call(PREVIEW, name=tool["name"], json={"arguments": {}}, check=has("validated", False))

    @task
    def selected(self) -> None:
        """The list of tools and a tool are reduced to what a JSONPath selects, with other names if they are given."""
        if not self.documents("GET /tools", "query apijsonpath"):
            return
        tag = self.name("tag")
        with self.tool(tags=[tag]) as tool, self.tool(tags=[tag]) as other:
            names = sorted([tool["name"], other["name"]])
            among = {"tags": tag}
            # The contract documents whole tools as the responses, and not what is selected.
            listed, names_only = selects("$[*].name"), {"called": "$.name"}
            for query, check in (
                (listed, values_are(names)),
                (selects("$[*]", names_only), values_are(names, under="called")),
                # Without a path, the names are those of every tool.
                (selects(None, names_only), values_are(names, under="called")),
            ):
                self.call("GET /tools", params=among | query, refusals=ANSWERED, effect=check)
            own: dict[str, Any] = {"tool_id": tool.id}
            item = "GET /tools/{tool_id}"
            self.call(
                item, params=selects("$.name"), refusals=ANSWERED, effect=is_just([tool["name"]]), **own
            )
            several = "$['name','integrationType']"
            one = selects(
                "$", {"called": "$.name", "kind": "$.integrationType", "both": several, "none": "$.no"}
            )
            kind = tool["integrationType"]
            called = {"called": tool["name"], "kind": kind, "both": [tool["name"], kind], "none": None}
            self.call(item, params=one, refusals=ANSWERED, effect=is_just(called), **own)
            page: dict[str, Any] = {"include_pagination": True, "limit": 1}
            self.call(
                "GET /tools", params={**among, **listed, **page}, refusals=ANSWERED, effect=is_first_of(names)
            )
            unknown = msgspec.json.encode({"jsonpath": "$", "other": "$"}).decode()
            invalid = (selects(""), selects("$[*]", {"called": "$["}), selects("$["))
            for wrong in ("no JSON", unknown, *(one["apijsonpath"] for one in invalid)):
                query = {"apijsonpath": wrong}
                self.call("GET /tools", params=among | query, refusals=INVALID_REQUEST, effect=is_invalid)
            self.call(item, params=query, refusals=INVALID_REQUEST, effect=is_invalid, **own)

    @task
    def schemas(self) -> None:
        """The schemas of a tool, read from its service's OpenAPI document."""
        self.call(
            "POST /tools/generate-schemas-from-openapi",
            json={"url": f"{self.backend('rest')}/echo", "request_type": "POST"},
            check=has("input_schema.properties.text.type", "string"),
        )

    @task
    def bindings(self) -> None:
        """A plugin is bound to every tool of a team, not listed for another team, and unbound by its ID."""
        if not self.offers("POST /tools/plugin_bindings/"):
            return
        with self.team() as team:
            reference = self.name("binding")
            bound = self.bind(team.id, reference)
            of_team = {"team_id": team.id}
            identity = str(bound["bindings.0.id"])
            try:
                # The same binding again is a change of it.
                changed = both(has("bindings.0.id", identity), has("bindings.0.priority", PRIORITY + 1))
                self.bind(team.id, reference, PRIORITY + 1, changed)
                listed = both(lists_only(identity, at="bindings"), changed)
                for name, check in ((reference, listed), (self.name("other"), lists_only(at="bindings"))):
                    self.call(
                        "GET /tools/plugin_bindings/{team_id}",
                        params={"binding_reference_id": name},
                        check=check,
                        **named(of_team),
                    )
                other = lists_only(at="bindings")
                self.call("GET /tools/plugin_bindings/{team_id}", team_id=self.name("team"), check=other)
            finally:
                self.delete(
                    "DELETE /tools/plugin_bindings/{binding_id}",
                    binding_id=identity,
                    read=Listed("GET /tools/plugin_bindings/{team_id}", at="bindings", path=of_team),
                )

    @task
    def bindings_by_reference(self) -> None:
        """A plugin is bound with an external reference, found and unbound by it."""
        if not self.offers("POST /tools/plugin_bindings/"):
            return
        with self.team() as team:
            reference = {"binding_reference_id": self.name("binding")}
            bound = self.bind(team.id, reference["binding_reference_id"])
            identity = str(bound["bindings.0.id"])
            found = both(has("total", 1), lists_only(identity, at="bindings"))
            try:
                self.call("GET /tools/plugin_bindings/", params=reference, check=found)
            finally:
                self.delete(
                    "DELETE /tools/plugin_bindings/",
                    params=reference,
                    check=found,
                    identity=identity,
                    read=Listed("GET /tools/plugin_bindings/", at="bindings", params=reference),
                )

    def bind(self, team: str, reference: str, priority: int = PRIORITY, *checks: Check) -> Answer:
        """Bind a plugin to every tool of ``team``; the response must pass the ``checks``, too."""
        policy = {
            "tool_names": ["*"],
            "plugin_id": PLUGIN,
            "mode": "permissive",
            "priority": priority,
            "config": {},
            "binding_reference_id": reference,
        }
        return self.call(
            "POST /tools/plugin_bindings/",
            json={"teams": {team: {"policies": [policy]}}},
            check=both(
                has("total", 1),
                has("bindings.0.teamId", team),
                has("bindings.0.bindingReferenceId", reference),
                *checks,
            ),
        )

    def call_tool(self, tool: Answer) -> None:
        """Call an echo tool and check its result."""
        text = self.name("text")
        self.rpc(
            "POST /rpc tools/call",
            {"name": tool["name"], "arguments": {"text": text}},
            check=mentions(text, at="result.content.0.text"),
        )


def selects(path: str | None, mapping: dict[str, str] | None = None) -> dict[str, str]:
    """Return the query that selects what a JSONPath finds, with the names and paths of a ``mapping``."""
    stated = {"jsonpath": path, "mapping": mapping}
    modifier = {name: value for name, value in stated.items() if value is not None}
    return {"apijsonpath": msgspec.json.encode(modifier).decode()}


def values_are(values: list[str], *, under: str = "") -> Check:
    """Return a check that the response is a list of these ``values``, in any order, each in the member ``under``."""

    def check(answer: Answer) -> Mismatch | None:
        found = [one.get(under) if under and isinstance(one, dict) else one for one in answer.json]
        right = answer.status in ANSWERED and sorted(map(str, found)) == values
        return None if right else expected("the selected values and nothing else", answer.json)

    return check


def is_first_of(names: list[str]) -> Check:
    """Return a check that the response is a page with one of the selected ``names``, and names the next page."""

    def check(answer: Answer) -> Mismatch | None:
        found = answer.json if isinstance(answer.json, dict) else {}
        tools = found.get("tools")
        right = tools in [[name] for name in names] and bool(found.get("nextCursor"))
        return None if right else expected("a page of the selected values with its cursor", answer.json)

    return check


def is_just(value: Any) -> Check:
    """Return a check that the response is ``value`` and nothing else."""
    return lambda answer: (
        None if answer.json == value else expected("the selected value and nothing else", answer.json)
    )


def is_invalid(answer: Answer) -> Mismatch | None:
    """Check that a request was refused as invalid."""
    refused = answer.status in INVALID_REQUEST
    return None if refused else expected("a JSONPath that is none to be refused", answer.status)
