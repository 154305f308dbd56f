"""Files that describe what exists already, or that are wrong in part or as a whole."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from loadtest.client.answer import Answer
from loadtest.client.mismatch import Mismatch, expected
from loadtest.users.base import task
from loadtest.users.checks import INVALID_REQUEST
from loadtest.users.registry.fixtures import new_gateway
from loadtest.users.registry.updates import CHANGED
from loadtest.users.transfer.checks import counts, is_refused, names_failed, only_one, rejects, skips_again
from loadtest.users.transfer.fixtures import File, TransferUser, envelope

NO_NAME = "not a name! "
NO_URL = "javascript:alert(1)"
NO_TEMPLATE = "Greet {{ who"


class RepeatedImportUser(TransferUser):
    """A user who imports what the gateway has."""

    area = "transfer"

    @task
    def existing_server(self) -> None:
        """A virtual server, described otherwise in a file that is skipped, fails, or gets another name."""
        tag = self.name("tag")
        with self.server(tags=[tag]) as server, self.removing_others("servers", tag, server):
            entry = {"name": server["name"], "description": CHANGED, "tags": [tag]}
            self.exists_already({"servers": [entry]}, tag, server)

    @task
    def existing_gateway(self) -> None:
        """A federated server, described otherwise in a file that is skipped, fails, or gets another name."""
        tag = self.name("tag")
        with self.gateway(tags=[tag]) as gateway, self.removing_others("gateways", tag, gateway):
            other = new_gateway(self.name("gateway"), self.backend("mcp_small"))
            entry = {
                "name": gateway["name"],
                "url": other["url"],
                "description": CHANGED,
                "transport": "STREAMABLEHTTP",
                "tags": [tag],
            }
            self.exists_already({"gateways": [entry]}, tag, gateway)

    def exists_already(self, file: File, tag: str, made: Answer) -> None:
        """Import a ``file`` with another description of the entity that was ``made``, which must stay as it is."""
        (kind,) = file
        before = {"name": made["name"], "description": made["description"]}

        def kept(_: Answer) -> Mismatch | None:
            return only_one(self.with_tag(kind, tag), before, f"the {kind} with the tag")

        def beside(_: Answer) -> Mismatch | None:
            both = self.with_tag(kind, tag)
            old = [one for one in both if str(one["id"]) == made.id]
            new = [one for one in both if str(one["id"]) != made.id]
            wrong = only_one(new, {"description": CHANGED}, f"the {kind} with a new name")
            if wrong or new[0]["name"] == made["name"]:
                return wrong or expected("another name of what was renamed", new[0]["name"])
            return only_one(old, before, f"the {kind} that existed")

        self.brings(file, "skip", counts(skipped=1), effect=kept)
        self.brings(file, "fail", counts(failed=1), effect=kept)
        self.brings(file, "rename", counts(created=1), effect=beside)

    @contextmanager
    def removing_others(self, kind: str, tag: str, made: Answer) -> Iterator[None]:
        """Delete the entities with a ``tag`` other than the one that was ``made`` after the ``with`` block."""
        try:
            yield
        finally:
            with self.undoing():
                for one in self.with_tag(kind, tag):
                    if str(one["id"]) != made.id:
                        self.remove(kind, str(one["id"]))

    @task
    def twice(self) -> None:
        """A file that is imported twice: what the first import created exists already for the second."""
        tag, name = self.name("tag"), self.name("imported")
        file = {
            "tools": [self.rest_tool(name, tag)],
            "prompts": [{"name": name, "template": "Greet.", "tags": [tag]}],
        }
        with self.removing(tag, "tools", "prompts"):
            self.brings(file, "skip", counts(created=2))
            self.brings(file, "skip", skips_again(2))


class WrongFileUser(TransferUser):
    """A user who imports files with mistakes."""

    area = "transfer"

    @task
    def in_part(self) -> None:
        """Entities that are not valid fail, each with an error that names it; the others are imported."""
        tag, name, wrong = self.name("tag"), self.name("imported"), self.name("wrong")
        file = {
            "tools": [self.rest_tool(NO_NAME + wrong, tag), self.rest_tool(name, tag)],
            "resources": [
                {"name": wrong, "uri": NO_URL, "tags": [tag]},
                {"name": name, "uri": f"loadtest://{name}", "tags": [tag]},
            ],
            "prompts": [
                {"name": wrong, "template": NO_TEMPLATE, "tags": [tag]},
                {"name": name, "template": "Greet.", "tags": [tag]},
            ],
        }

        def stored(answer: Answer) -> Mismatch | None:
            for kind in file:
                found = only_one(self.with_tag(kind, tag), {"name": name}, f"the valid {kind}")
                if found:
                    return found
            return names_failed(NO_NAME + wrong, NO_URL, wrong)(answer)

        with self.removing(tag, *file):
            self.brings(file, "skip", counts(created=3, failed=3), effect=stored)

    @task
    def as_a_whole(self) -> None:
        """A file that is not valid is refused as a whole, and its valid entities are not imported."""
        tag = self.name("tag")
        tool = self.rest_tool(self.name("imported"), tag)
        whole = envelope({"tools": [tool]})
        not_objects = {"tools": [tool, self.name("tool")]}
        wrong: dict[str, dict[str, Any]] = {
            "a file without a version": {key: one for key, one in whole.items() if key != "version"},
            "a file with an unknown kind": envelope({"tools": [tool], "people": []}),
            "a file with a tool that is no object": whole | {"entities": not_objects},
            "a file with a prompt without a template": envelope(
                {"tools": [tool], "prompts": [{"name": tag}]}
            ),
        }
        with self.removing(tag, "tools"):
            for what, file in wrong.items():
                self.refuses(what, file, "update", tag)
            self.refuses("an unknown strategy", whole, "overwrite", tag)

    def refuses(self, what: str, file: dict[str, Any], strategy: str, tag: str) -> None:
        """Import a ``file`` that must be refused, and whose tool must not be imported."""

        def absent(_: Answer) -> Mismatch | None:
            found = self.with_tag("tools", tag)
            return expected("no tool of a refused file in the list", found) if found else None

        self.sends(
            file,
            strategy,
            refusals=INVALID_REQUEST,
            check=lambda answer: is_refused(what, answer.status, INVALID_REQUEST),
            effect=absent,
        )

    @task
    def of_tools(self) -> None:
        """A list of tools of which some are not valid, or exist already: the others are created."""
        tag = self.name("tag")
        valid = self.rest_tool(self.name("tool"), tag)
        tools = [
            valid,
            valid | {"url": NO_URL},
            valid,
            valid | {"name": NO_NAME + tag},
            self.rest_tool(self.name("tool"), tag),
        ]

        def stored(_: Answer) -> Mismatch | None:
            found = sorted(one["name"] for one in self.with_tag("tools", tag))
            wanted = sorted([valid["name"], tools[-1]["name"]])
            return None if found == wanted else expected("just the valid tools with the tag", found)

        many = "POST /admin/tools/import"
        with self.removing(tag, "tools"):
            self.call(many, json=tools, check=rejects(1, 2, 3, of=len(tools)), effect=stored)
            wrong = {"tools": [self.rest_tool(self.name("tool"), tag)]}
            self.call(
                many,
                json=wrong,
                refusals=INVALID_REQUEST,
                check=lambda answer: is_refused("an import that is no list", answer.status, INVALID_REQUEST),
                effect=stored,
            )
