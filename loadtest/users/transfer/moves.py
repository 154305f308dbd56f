"""Prompts, resources, tools, servers and roots that are exported, deleted, and imported again."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from loadtest.client.answer import Answer
from loadtest.client.caller import Check
from loadtest.client.mismatch import Mismatch, expected
from loadtest.users.base import task
from loadtest.users.checks import both, exports, has, imports
from loadtest.users.read_back import Entity
from loadtest.users.registry.roots import ROOT
from loadtest.users.transfer.checks import counts, only_one
from loadtest.users.transfer.fixtures import File, TransferUser

SHOWN = "A name for people"
FIRST = "The first description."
TOOLS = ("echo", "slow")
"""Tools of the MCP backend."""


class MovedEntitiesUser(TransferUser):
    """A user who moves entities from one gateway to another, here to the same one."""

    area = "transfer"

    @task
    def texts(self) -> None:
        """A prompt with arguments, selected by its name, and a resource, by its address."""
        tag = self.name("tag")
        template = "Greet {{ who }} as {{ role }}."
        arguments = [
            {"name": "who", "description": "who is greeted", "required": True},
            {"name": "role", "description": "whose role it is", "required": True},
            # What the template uses is required, whatever is sent.
            {"name": "tone", "description": "how", "required": False},
        ]
        own = {"display_name": SHOWN, "template": template, "arguments": arguments}
        of_resource = {"mimeType": "text/markdown", "description": FIRST}
        with (
            self.prompt(tags=[tag], **self.spelled_in_prompt(own)) as prompt,
            self.resource(tags=[tag], **of_resource) as resource,
            self.prompt(tags=[tag]),
            self.resource(tags=[tag]),
        ):
            file = self.select({"prompts": [prompt["name"]], "resources": [resource["uri"]]})

        def stored(_: Answer) -> Mismatch | None:
            wanted = {"name": prompt["name"], "description": prompt["description"], **own}
            address = {"name": resource["name"], "uri": resource["uri"], **of_resource}
            return only_one(self.with_tag("prompts", tag), wanted, "the moved prompt") or only_one(
                self.with_tag("resources", tag), address, "the moved resource"
            )

        with self.removing(tag, "prompts", "resources"):
            self.brings(file, "skip", imports(2), effect=stored)

    def spelled_in_prompt(self, own: Mapping[str, Any]) -> dict[str, Any]:
        """Return properties of a prompt as the contract spells them."""
        return {("displayName" if key == "display_name" else key): value for key, value in own.items()}

    @task
    def server_with_tool(self) -> None:
        """A virtual server with a tool that has been described anew, exported by their tag."""
        tag = self.name("tag")
        with self.tool(tags=[tag], description=FIRST) as tool:
            anew = {"description": self.name("description")}
            self.update("PUT /tools/{tool_id}", tool_id=tool.id, json=anew)
            with self.server(tags=[tag], associated_tools=[tool.id]) as server:
                needs = has(f"metadata.dependencies.servers_to_tools.{server['name']}", [tool["name"]])
                wanted = {"types": "servers,tools", "tags": tag, "include_dependencies": True}
                answer = self.call(
                    "GET /export", params=wanted, check=both(exports("servers", server["name"]), needs)
                )
                file = answer["entities"]
        described = anew | {"originalDescription": FIRST}

        def stored(_: Answer) -> Mismatch | None:
            tools = self.with_tag("tools", tag)
            return only_one(tools, described, "the moved tool") or self.offers_only(tag, tools)

        with self.removing(tag, "servers", "tools"):
            self.brings(file, "skip", imports(2), effect=stored)

    @task
    def selected_server(self) -> None:
        """A virtual server with a tool, each selected by its id."""
        tag = self.name("tag")
        with self.tool(tags=[tag]) as tool, self.server(tags=[tag], associated_tools=[tool.id]) as server:
            wanted = {"servers": [server.id], "tools": [tool.id]}
            for included in (False, True):
                answer = self.call(
                    "POST /export/selective",
                    params={"include_dependencies": included},
                    json=wanted,
                    check=both(
                        has_one_of_each(wanted), has_dependencies(str(server["name"]), included=included)
                    ),
                )
            file = answer["entities"]
        with self.removing(tag, "servers", "tools"):
            self.brings(
                file,
                "skip",
                imports(2),
                effect=lambda _: self.offers_only(tag, self.with_tag("tools", tag)),
            )

    def offers_only(self, tag: str, tools: Sequence[Mapping[str, Any]]) -> Mismatch | None:
        """Return a mismatch if the server with this ``tag`` does not have just these ``tools``."""
        servers = self.with_tag("servers", tag)
        parts = {"associatedToolIds": [one["id"] for one in tools]}
        return only_one(servers, parts, "the moved server with its tools")

    @task
    def server_parts(self) -> None:
        """A virtual server with two tools, a resource and a prompt is exported with them."""
        tag = self.name("tag")
        with (
            self.resource(tags=[tag]) as resource,
            self.prompt(tags=[tag]) as prompt,
            self.server(
                tags=[tag],
                associated_tools=[self.fixture.tool_ids[name] for name in TOOLS],
                associated_resources=[resource.id],
                associated_prompts=[prompt.id],
            ) as server,
        ):
            name, tools = str(server["name"]), [self.fixture.tools[name] for name in TOOLS]
            kinds = "servers,tools,resources,prompts"
            wanted = {"types": kinds, "tags": tag, "include_dependencies": True}
            self.call(
                "GET /export",
                params=wanted,
                check=both(exports("servers", name), needs_tools(name, tools), names_parts(name)),
            )

    @task
    def root(self) -> None:
        """A root that is selected by its address, imported, and then imported with each strategy."""
        name = self.name("root")
        uri = f"https://example.com/{name}"
        body = {"uri": uri, "name": name}
        with self.created(
            "POST /roots", json=body, delete="DELETE /roots/{uri}", read=ROOT, key="uri"
        ) as made:
            address = str(made["uri"])
            file = self.select({"roots": [address]})
        other = [{"uri": address, "name": self.name("other")}]
        kept = self.is_root(address, name)
        try:
            self.brings(file, "update", counts(created=1), effect=kept)
            self.brings({"roots": other}, "skip", counts(skipped=1), effect=kept)
            self.brings({"roots": other}, "fail", counts(failed=1), effect=kept)
        finally:
            with self.undoing():
                self.delete("DELETE /roots/{uri}", read=ROOT, uri=address)

    def is_root(self, address: str, name: str) -> Check:
        """Return a check that reads a root, which must have this ``name``."""
        return lambda _: ROOT.shows(self.call, Entity(address, {"root_uri": address}, {"name": name}))

    def select(self, wanted: Mapping[str, list[str]]) -> File:
        """Export just these entities, one of each kind, and return them."""
        answer = self.call("POST /export/selective", json=dict(wanted), check=has_one_of_each(wanted))
        file: File = answer["entities"]
        return file


def has_one_of_each(wanted: Mapping[str, list[str]]) -> Check:
    """Return a check that a file has one entity of each kind in ``wanted``, and no other kind, and counts them."""

    def check(answer: Answer) -> Mismatch | None:
        found = {kind: len(entries) for kind, entries in answer["entities"].items()}
        right = found == dict.fromkeys(wanted, 1) == answer["metadata.entity_counts"]
        return None if right else expected("just the selected entities in the file", found)

    return check


def has_dependencies(server: str, *, included: bool) -> Check:
    """Return a check that the tools that a ``server`` needs are named in a file exactly if they are ``included``."""

    def check(answer: Answer) -> Mismatch | None:
        found = answer["metadata"].get("dependencies") or {}
        named_there = bool(found.get("servers_to_tools", {}).get(server))
        what = "the tools that a server needs" if included else "no tools that a server needs"
        return None if named_there is included else expected(f"{what} in the file", found)

    return check


def needs_tools(server: str, tools: Collection[str]) -> Check:
    """Return a check that the dependencies in a file have just these ``tools`` of a ``server``."""

    def check(answer: Answer) -> Mismatch | None:
        found = answer["metadata.dependencies.servers_to_tools"].get(server, [])
        right = sorted(found) == sorted(tools)
        return None if right else expected("all tools that a server needs in the file", found)

    return check


def names_parts(server: str) -> Check:
    """Return a check that the dependencies in a file have the resources and prompts of a ``server``."""

    def check(answer: Answer) -> Mismatch | None:
        found = answer["metadata.dependencies"]
        right = all(found[f"servers_to_{kind}"].get(server) for kind in ("resources", "prompts"))
        return None if right else expected("the resources and prompts of the server in the file", found)

    return check
