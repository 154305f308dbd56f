"""Base of the users who import files, and delete what was imported."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from loadtest.client.answer import Answer
from loadtest.client.caller import Check, Effect
from loadtest.users.base import named
from loadtest.users.read_back import Item, parameters_of
from loadtest.users.registry.fixtures import INFO, TEXT_ARGUMENT, RegistryUser

File = Mapping[str, Sequence[Mapping[str, Any]]]
"""The entities of a file by kind."""


class Transferred(NamedTuple):
    """The operations of the entities of one kind."""

    listed: str
    delete: str
    read: Item


KINDS: Mapping[str, Transferred] = {
    "servers": Transferred("GET /servers", "DELETE /servers/{server_id}", Item("GET /servers/{server_id}")),
    "gateways": Transferred(
        "GET /gateways", "DELETE /gateways/{gateway_id}", Item("GET /gateways/{gateway_id}")
    ),
    "tools": Transferred("GET /tools", "DELETE /tools/{tool_id}", Item("GET /tools/{tool_id}")),
    "resources": Transferred("GET /resources", "DELETE /resources/{resource_id}", INFO),
    "prompts": Transferred("GET /prompts", "DELETE /prompts/{prompt_id}", Item("GET /prompts/{prompt_id}")),
}
"""In the order in which entities are deleted, by the member of a file that has them."""

FILTERED = tuple(kind for kind in KINDS if kind != "gateways")
"""Kinds whose lists take tags."""


class TransferUser(RegistryUser):
    """A user who imports files."""

    abstract = True

    def brings(
        self,
        file: File,
        strategy: str,
        check: Check | None = None,
        *,
        bearer: str | None = None,
        effect: Effect | None = None,
        refusals: Sequence[int] = (),
    ) -> Answer:
        """Import the entities of ``file``, with a ``strategy`` for those that exist."""
        return self.sends(
            envelope(file), strategy, bearer=bearer, check=check, effect=effect, refusals=refusals
        )

    def sends(self, whole: Mapping[str, Any], strategy: str, **options: Any) -> Answer:
        """Import a whole file.

        An older gateway reads the strategy in the query, a newer one in the body.
        """
        how = {"conflict_strategy": strategy}
        params = None if self.documents("POST /import", "body conflict_strategy") else how
        return self.call("POST /import", params=params, json={"import_data": whole, **how}, **options)

    def rest_tool(self, name: str, tag: str) -> dict[str, Any]:
        """Return a REST tool with a ``tag`` as a file has it."""
        return {
            "name": name,
            "url": f"{self.backend('rest')}/echo",
            "integration_type": "REST",
            "request_type": "POST",
            "input_schema": TEXT_ARGUMENT,
            "tags": [tag],
        }

    def with_tag(self, kind: str, tag: str) -> list[Any]:
        """Return the entities of a ``kind`` that have a ``tag``, as a list shows them; some lists have no filter."""
        found = self.call(KINDS[kind].listed, params={"tags": tag} if kind in FILTERED else None).json
        return [one for one in found if tag in map(label, one["tags"])]

    @contextmanager
    def removing(self, tag: str, *kinds: str) -> Iterator[None]:
        """Delete the entities of these ``kinds`` that have a ``tag`` after the ``with`` block."""
        try:
            yield
        finally:
            with self.undoing():
                for kind in (one for one in KINDS if one in kinds):
                    for entity in self.with_tag(kind, tag):
                        self.remove(kind, str(entity["id"]))

    def remove(self, kind: str, identity: str) -> None:
        """Delete an entity of a ``kind``."""
        _, delete, read = KINDS[kind]
        self.delete(delete, read=read, **named({parameters_of(delete)[0]: identity}))


def envelope(file: File) -> dict[str, Any]:
    """Return the whole file with these entities."""
    return {"version": "2025-03-26", "exported_at": "2026-01-01T00:00:00Z", "entities": file}


def label(tag: Any) -> Any:
    """Return the text of a tag, which is an object in some lists."""
    return tag.get("label") if isinstance(tag, Mapping) else tag
