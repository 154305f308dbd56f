"""Export and import of configuration, here into the same gateway."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from loadtest.client.answer import Answer
from loadtest.client.mismatch import Mismatch, expected
from loadtest.users.base import named, task
from loadtest.users.checks import both, exports, has, imports, lacks_kinds, lists, mentions
from loadtest.users.read_back import Entity, Item, Listed, ReadBack, parameters_of, shows
from loadtest.users.registry.fixtures import INFO, RegistryUser
from loadtest.users.registry.tags import counts_tagged, has_tagged
from loadtest.users.registry.updates import CHANGED, CHANGED_TEXT

if TYPE_CHECKING:
    from loadtest.client.caller import Check

SKIP: dict[str, Any] = {"conflict_strategy": "skip", "dry_run": False}
"""Existing entities are not changed."""
UPDATE: dict[str, Any] = {"conflict_strategy": "update", "dry_run": False}
REHEARSE: dict[str, Any] = {"conflict_strategy": "skip", "dry_run": True}
EVERYTHING: dict[str, str | int | bool] = {"limit": 0}
OLD = {"max_age_hours": 24}
REFUSED = 400
OUTCOMES = ("created", "updated", "skipped", "failed")
"""What an import counts."""
UNREAD = ("content",)
"""Properties in a file that no list shows."""


KINDS = ("tools", "resources", "prompts", "servers", "gateways")
"""Kinds of entities with tags, as the members of a file."""
ARGUMENTS = [
    {"name": "who", "description": "who is greeted", "required": True},
    {"name": "tone", "description": "how", "required": False},
]
"""Of a prompt; its template does not use the second one."""
SWITCHES = {
    "tools": "POST /tools/{tool_id}/state",
    "resources": "POST /resources/{resource_id}/state",
    "prompts": "POST /prompts/{prompt_id}/state",
    "servers": "POST /servers/{server_id}/state",
    "gateways": "POST /gateways/{gateway_id}/state",
}
"""The operations that switch an entity of each kind on or off."""
EXPORTED = (
    "name",
    "displayName",
    "description",
    "uri",
    "template",
    "mimeType",
    "transport",
    "integrationType",
    "requestType",
    "inputSchema",
    "outputSchema",
    "annotations",
    "jsonpathFilter",
    "tags",
)
"""Properties of an entity that a file has, too, as far as its kind has them."""


class Part(NamedTuple):
    """An entity, and what a file says of it."""

    kind: str
    """The member of the file that has it: ``tools``."""
    made: Answer
    """The response that created it."""
    read: ReadBack
    entry: Mapping[str, Any]
    """Its entry in the file, with other values than it has."""

    @property
    def key(self) -> str:
        """The name by which an import selects it."""
        return str(self.entry["uri" if "uri" in self.entry else "name"])

    @property
    def params(self) -> dict[str, Any]:
        """The query for the entities with its tag."""
        return {"tags": self.entry["tags"][0]}

    def entity(self, *, updated: bool) -> Entity:
        """Return the entity as the file describes it, if an import ``updated`` it, or as it was created."""
        if updated:
            values = {key: one for key, one in self.entry.items() if key not in UNREAD}
            return Entity(self.made.id, {}, values)
        return Entity(self.made.id, {}, {}, self.made.json)


def gateway_part(gateway: Answer, tag: str) -> Part:
    """Return a federated server as a file describes it otherwise, with another ``tag``."""
    entry = {
        "name": gateway["name"],
        "url": gateway["url"],
        "description": CHANGED,
        "transport": "STREAMABLEHTTP",
        "tags": [tag],
    }
    return Part("gateways", gateway, Item("GET /gateways/{gateway_id}"), entry)


def file_of(parts: Sequence[Part]) -> dict[str, Any]:
    """Return a file to import that describes ``parts``."""
    entities: dict[str, list[Any]] = {}
    for part in parts:
        entities.setdefault(part.kind, []).append(dict(part.entry))
    return {"version": "2025-03-26", "exported_at": "2026-01-01T00:00:00Z", "entities": entities}


def progressed(parts: Sequence[Part], outcome: str = "") -> Check:
    """Return a check that an import counts just these ``parts``, as ``outcome``: created, updated, skipped or failed.

    An import without an outcome, such as a dry run, counts nothing.
    """
    wanted = {one: len(parts) if one == outcome else 0 for one in OUTCOMES}

    def check(answer: Answer) -> Mismatch | None:
        progress = answer["progress"]
        if progress["total"] == len(parts) and all(progress[one] == count for one, count in wanted.items()):
            return None
        kinds = ", ".join(part.kind for part in parts)
        what = f"the import to count {kinds} as {outcome}" if outcome else "a dry run to count no change"
        return expected(what, f"{answer['progress']} {answer['errors']} {answer['warnings']}")

    return check


class ImportOverwriteUser(RegistryUser):
    """A user who imports files that describe existing entities otherwise, with options that the body contains."""

    abstract = True

    @contextmanager
    def described(self) -> Iterator[tuple[Part, ...]]:
        """Create a tool, a resource and a prompt for the ``with`` block, which a file describes otherwise."""
        tag = self.name("tag")
        with (
            self.tool(tags=[tag]) as tool,
            self.resource(tags=[tag]) as resource,
            self.prompt(tags=[tag]) as prompt,
        ):
            own = {"description": CHANGED, "tags": [tag]}
            of_tool = {
                "name": tool["name"],
                "displayName": self.name("shown"),
                "url": f"{self.backend('rest')}/time",
                "integration_type": "REST",
                "request_type": "GET",
                "headers": {"X-Load-Test": "changed"},
                "input_schema": {"type": "object", "properties": {"timezone": {"type": "string"}}},
                "annotations": {"readOnlyHint": True},
                "jsonpath_filter": ".time",
            }
            of_resource = {
                "name": resource["name"],
                "uri": resource["uri"],
                "mime_type": "text/markdown",
                "content": CHANGED_TEXT,
            }
            of_prompt = {"name": prompt["name"], "template": "Greet {{ who }} in two sentences."}
            with_tag = {"tags": tag}
            yield (
                Part("tools", tool, Listed("GET /tools", params=with_tag), of_tool | own),
                Part("resources", resource, Listed("GET /resources", params=with_tag), of_resource | own),
                Part("prompts", prompt, Listed("GET /prompts", params=with_tag), of_prompt | own),
            )

    def overwrite(self, operation: str) -> None:
        """Import a file with every option: only those that say so may change an entity that exists."""
        with self.described() as parts:
            tool, _, prompt = parts
            self.take(operation, parts, UPDATE | {"dry_run": True}, progressed(parts))
            self.take(operation, parts, UPDATE | {"conflict_strategy": "skip"}, progressed(parts, "skipped"))
            self.take(operation, parts, UPDATE | {"conflict_strategy": "fail"}, progressed(parts, "failed"))
            self.refuse_key(operation, tool)
            others = {"tools": [self.name("no")], "resources": [self.name("no")], "prompts": [prompt.key]}
            some = UPDATE | {"selected_entities": others}
            self.take(operation, parts, some, progressed([prompt], "updated"), changes=(prompt,))
            # Without options, a file is imported, and changes what exists.
            self.take(operation, parts, {}, progressed(parts, "updated"), changes=parts)
            self.call(
                "POST /prompts/{prompt_id}",
                prompt_id=prompt.made.id,
                json={"who": "Ada"},
                check=has("messages.0.content.text", "Greet Ada in two sentences."),
            )
            self.rpc(
                "POST /rpc tools/call",
                {"name": tool.made["name"], "arguments": {"timezone": "UTC"}},
                check=mentions("+00:00", at="result.content.0.text"),
            )

    @contextmanager
    def tagged(self, tag: str) -> Iterator[dict[str, Answer]]:
        """Create an entity of every kind with ``tag`` for the ``with`` block, by the kind as an export names it."""
        with (
            self.tool(tags=[tag]) as tool,
            self.resource(tags=[tag]) as resource,
            self.prompt(tags=[tag], arguments=ARGUMENTS) as prompt,
            self.server(tags=[tag]) as server,
            self.gateway(tags=[tag]) as gateway,
        ):
            yield {
                "tools": tool,
                "resources": resource,
                "prompts": prompt,
                "servers": server,
                "gateways": gateway,
            }

    def filter_export(
        self, operation: str, also: Callable[[str, Mapping[str, Answer]], None] | None = None
    ) -> None:
        """Export entities of every kind with each filter, beside others of every kind that do not match it.

        If ``also`` is given, it is called with a tag, and the entities that have it; the others are then switched off,
        and each kind is exported alone and left out, not just the first one: without what is off, and with it.
        """
        tag, other = self.name("tag"), self.name("tag")
        with self.tagged(tag) as wanted, self.tagged(other) as others:
            self.call(operation, params={"tags": tag}, check=exports_of(wanted))
            either = {"tags": f"{tag},{other}"}
            alone = either | {"include_dependencies": False}
            self.call(operation, params=alone, check=both(exports_of(wanted, others), lacks_dependencies))
            if also is not None:
                also(tag, wanted)
                self.switch_off(others)
            for kind in KINDS if also else KINDS[:1]:
                among = either if also else {"tags": tag}
                self.call(operation, params=among | {"types": kind}, check=exports_of({kind: wanted[kind]}))
                rest, off = (
                    {one: made for one, made in entities.items() if one != kind}
                    for entities in (wanted, others if also else {})
                )
                without = among | {"exclude_types": kind, "include_inactive": True}
                self.call(operation, params=without, check=exports_of(rest, off=off))
            if also is not None:
                self.select_each(wanted, others)
            by_whom = exported_by(self.link.session.credentials.email)
            self.call(operation, params={"tags": self.name("tag")}, check=both(exports_of({}), by_whom))

    def select_each(self, on: Mapping[str, Answer], off: Mapping[str, Answer]) -> None:
        """Export entities of each kind that are switched ``on`` and ``off``, selected by their ids or addresses."""
        selected = {
            kind: [str(one[kind]["uri" if kind == "resources" else "id"]) for one in (on, off)]
            for kind in KINDS
        }
        self.call("POST /export/selective", json=selected, check=exports_of(on, off=off))

    def switch_off(self, entities: Mapping[str, Answer]) -> None:
        """Switch one entity of each kind off, given by the kind."""
        for kind, entity in entities.items():
            operation = SWITCHES[kind]
            path = named({parameters_of(operation)[0]: entity.id})
            self.call(operation, params={"activate": False}, **path)

    def refuse_key(self, operation: str, tool: Part) -> None:
        """Import credentials that are to be encrypted with another key, and cannot be decrypted."""
        entry = {**tool.entry, "auth_type": "bearer", "auth_value": self.name("credentials")}
        options = {"dry_run": True, "rekey_secret": self.name("secret")}
        self.call(
            operation,
            json={"import_data": file_of([tool._replace(entry=entry)]), **options},
            refusals=(REFUSED,),
            check=lambda a: (
                None
                if a.status == REFUSED
                else expected("an import with a new key for unreadable credentials to be refused", a.text)
            ),
        )

    def take(
        self,
        operation: str,
        parts: Sequence[Part],
        options: Mapping[str, Any],
        counted: Check,
        *,
        changes: Sequence[Part] = (),
        bearer: str | None = None,
    ) -> None:
        """Import a file that describes ``parts``, and check that it ``changes`` some of them and no other.

        ``bearer`` is the token of who imports it, if that is not the administrator.
        """

        def effect(_: Answer) -> Mismatch | None:
            for part in parts:
                updated = part in changes
                if wrong := part.read.shows(self.call, part.entity(updated=updated)):
                    how = "the values of the file" if updated else "the values that it had before"
                    return expected(
                        f"{how} in the {part.kind} after an import with {_told(options)}", str(wrong)
                    )
            return None

        body = {"import_data": file_of(parts), **options}
        self.call(operation, json=body, bearer=bearer, check=counted, effect=effect)


def exports_of(*wanted: Mapping[str, Answer], off: Mapping[str, Answer] = MappingProxyType({})) -> Check:
    """Return a check that a file has just the entities ``wanted``, by kind, as they were created.

    Those that are switched ``off`` are in the file as well.
    """

    def check(answer: Answer) -> Mismatch | None:
        found, counts = answer["entities"], answer["metadata.entity_counts"]
        for kind in KINDS:
            entries = {one["name"]: one for one in found.get(kind, ())}
            entities = {str(made[kind]["name"]): made[kind] for made in (*wanted, off) if kind in made}
            if entries.keys() != entities.keys() or len(entries) != len(found.get(kind, ())):
                return expected(f"just the {kind} that match the filter in the file", sorted(entries))
            if counts.get(kind, 0) != len(entities):
                return expected(f"the {kind} in the file to be counted", counts)
            for name, made in entities.items():
                stated = {key: made[key] for key in EXPORTED if key in made.json}
                active = {"is_active": made is not off.get(kind)}
                wrong = shows(stated | active, entries[name], "the export")
                wrong = wrong or keeps_arguments(made, entries[name])
                if wrong is not None:
                    return expected(f"the {kind} in the file as they were created", str(wrong))
        return None

    return check


def exported_by(email: str) -> Check:
    """Return a check that a file states that the caller, with this address, has exported it."""

    def check(answer: Answer) -> Mismatch | None:
        found = answer["exported_by"]
        return None if found == email else expected("the caller as the one who exported the file", found)

    return check


def keeps_arguments(made: Answer, entry: Mapping[str, Any]) -> Mismatch | None:
    """Return a mismatch if a prompt in a file has other arguments than were ``made``, or requires others."""
    arguments = {one["name"]: one for one in made.json.get("arguments") or ()}
    if not arguments:
        return None
    schema = entry["input_schema"]
    texts = {name: one["description"] for name, one in schema["properties"].items()}
    if texts != {name: one["description"] for name, one in arguments.items()}:
        return expected("the arguments of the prompt with their descriptions", schema)
    required = [name for name, one in arguments.items() if one["required"]]
    return None if schema["required"] == required else expected("just the required arguments", schema)


def lacks_dependencies(answer: Answer) -> Mismatch | None:
    """Check that a file that is to have no dependencies names none."""
    found = answer["metadata"].get("dependencies")
    return expected("no dependencies in the file", found) if found else None


def has_renamed(part: Part) -> Check:
    """Return a check that a list has the entity of ``part``, and a new one with the description in the file."""

    def check(answer: Answer) -> Mismatch | None:
        new = [one["description"] for one in answer.json if str(one["id"]) != part.made.id]
        if len(answer.json) == len(new) or new != [part.entry["description"]]:
            return expected(
                f"the {part.kind}, and the imported one under a new name, in the list", answer.json
            )
        return None

    return check


def imported_beside(part: Part, answer: Answer) -> list[str]:
    """Return the ids of the entities in a list whose names an import made from that of ``part``."""
    name = str(part.made["name"])
    return [
        str(one["id"])
        for one in answer.json
        if str(one["name"]).startswith(name) and str(one["id"]) != part.made.id
    ]


def _told(options: Mapping[str, Any]) -> str:
    if not options:
        return "no options"
    return " and ".join(
        key if isinstance(value, dict) else f"{key} {value}" for key, value in options.items()
    )


class ExportImportUser(ImportOverwriteUser):
    """A user who manages the configuration in a file."""

    area = "transfer"
    weight = 1

    @task(2)
    def move(self) -> None:
        """A tool is exported, deleted and imported again."""
        with self.tool(tags=[]) as tool:
            exported = self.call(
                "POST /export/selective",
                params={"include_dependencies": False},
                json={"tools": [tool.id]},
                check=exports("tools", tool["name"], among={"tools"}),
            )
        with self.imported(tool["name"], EVERYTHING):
            status = self.bring(exported.json, SKIP, created=1)
            self.call(
                "GET /import/status/{import_id}",
                import_id=status,
                check=both(has("status", "completed"), has("import_id", status), has("progress.created", 1)),
            )

    @task
    def move_tagged(self) -> None:
        """A tool with a tag is exported, deleted and imported again."""
        tag = self.name("tag")
        with self.tool(tags=[tag]) as tool:
            exported = self.call(
                "POST /export/selective",
                json={"tools": [tool.id]},
                check=exports("tools", tool["name"], among={"tools"}),
            )
        with self.imported(tool["name"], {"tags": tag}):
            self.bring(exported.json, SKIP, created=1)

    @task(2)
    def rehearsal(self) -> None:
        """A dry-run import on a gateway that already has all entities."""
        with self.prompt() as prompt:
            exported = self.call(
                "POST /export/selective",
                params={"include_dependencies": True},
                json={"prompts": [prompt.id]},
                check=exports("prompts", prompt["name"], among={"prompts"}),
            )
            status = self.bring(exported.json, REHEARSE, created=0)
        self.call("GET /import/status", check=lists(status, key="import_id"))
        self.call("POST /import/cleanup", params=OLD, check=has("status", "success"))

    @task
    def whole(self) -> None:
        """All entities of some kinds are exported to one file."""
        tag = self.name("tag")
        with self.server(tags=[tag]) as server:
            self.call(
                "GET /export",
                params={"types": "servers,prompts", "include_dependencies": True, "include_inactive": False},
                check=both(exports("servers", server["name"]), lacks_kinds("tools", "resources", "gateways")),
            )
            self.call(
                "GET /export",
                params={
                    "export_format": "json",
                    "exclude_types": "tools,resources,prompts,gateways,roots",
                    "tags": tag,
                    "include_inactive": True,
                    "include_dependencies": False,
                },
                check=exports("servers", server["name"], among={"servers"}),
            )

    @task
    def filtered(self) -> None:
        """Entities of every kind, exported with each filter, of which only those that match are in the file."""
        self.filter_export("GET /export", also=self.check_tags)

    def check_tags(self, tag: str, made: Mapping[str, Answer]) -> None:
        """Check that just the entities that were ``made`` are listed and counted under a ``tag``, by kind."""
        self.call("GET /tags/{tag_name}/entities", tag_name=tag, check=has_tagged(made))
        self.call("GET /tags", params={"include_entities": False}, check=counts_tagged(tag, made))

    @task
    def overwritten(self) -> None:
        """A file with another description of entities that exist, imported with each option."""
        self.overwrite("POST /import")

    @task
    def overwritten_gateway(self) -> None:
        """A file with another description of a federated server, imported with and without a dry run."""
        with self.gateway() as gateway:
            self.overwrite_one(gateway_part(gateway, self.name("tag")))

    @task
    def overwritten_server(self) -> None:
        """A file with another description of a virtual server, imported with and without a dry run."""
        with self.server() as server:
            entry = {"name": server["name"], "description": CHANGED, "tags": [self.name("tag")]}
            self.overwrite_one(Part("servers", server, Item("GET /servers/{server_id}"), entry))

    def overwrite_one(self, part: Part) -> None:
        """Import a file with another description of one entity, first as a dry run."""
        self.take("POST /import", [part], UPDATE | {"dry_run": True}, progressed([part]))
        self.take("POST /import", [part], UPDATE, progressed([part], "updated"), changes=[part])

    @task
    def overwritten_content(self) -> None:
        """A file with another content of a resource, imported as an update."""
        with self.resource() as resource:
            entry = {
                "name": resource["name"],
                "uri": resource["uri"],
                "mime_type": "text/plain",
                "content": CHANGED_TEXT,
            }
            part = Part("resources", resource, INFO, entry)
            stored = has("text", CHANGED_TEXT)
            self.call(
                "POST /import",
                json={"import_data": file_of([part]), **UPDATE},
                check=progressed([part], "updated"),
                effect=lambda _: stored(self.call("GET /resources/{resource_id}", resource_id=resource.id)),
            )

    @task
    def under_new_names(self) -> None:
        """A file with another description of a tool and a prompt that exist, imported under new names."""
        with self.described() as (tool, _, prompt):
            parts = tool, prompt
            rename = {"conflict_strategy": "rename"}
            try:
                self.take("POST /import", parts, rename, progressed(parts, "created"))
                for part in parts:
                    self.call(part.read.operation, params=part.params, check=has_renamed(part))
            finally:
                with self.undoing():
                    self.delete_renamed(tool, prompt)

    def delete_renamed(self, tool: Part, prompt: Part) -> None:
        """Delete what an import created beside a tool and a prompt."""
        tools = self.call("GET /tools", params=tool.params)
        prompts = self.call("GET /prompts", params=prompt.params)
        for one in imported_beside(tool, tools):
            self.delete("DELETE /tools/{tool_id}", tool_id=one)
        for one in imported_beside(prompt, prompts):
            self.delete("DELETE /prompts/{prompt_id}", prompt_id=one)

    def bring(self, exported: Any, how: dict[str, Any], *, created: int) -> str:
        """Import what was exported and check that nothing failed; return the id of the import.

        An older gateway reads the options in the query, a newer one in the body.
        """
        answer = self.call(
            "POST /import", params=how, json={"import_data": exported, **how}, check=imports(created)
        )
        return str(answer["import_id"])

    @contextmanager
    def imported(self, name: str, among: dict[str, str | int | bool]) -> Iterator[None]:
        """Delete what the ``with`` block imports: the tool ``name``, which is ``among`` those of a query."""
        try:
            yield
        finally:
            for tool in self.call("GET /tools", params=among).json:
                if tool["name"] == name:
                    self.delete("DELETE /tools/{tool_id}", tool_id=tool["id"])
