"""Tags: searching entities by tag."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from loadtest.client.answer import Answer
from loadtest.client.caller import Check
from loadtest.client.mismatch import Mismatch, expected
from loadtest.users.base import task
from loadtest.users.checks import both, carries, counted, lists_only, without_tag
from loadtest.users.registry.fixtures import RegistryUser


class TagsExtendedUser(RegistryUser):
    """A user who searches entities by tag."""

    area = "tags"
    weight = 2

    @task(2)
    def search(self) -> None:
        """An entity that is found by its tag."""
        tag = self.name("tag")
        with self.resource(tags=[tag]) as resource:
            self.call(
                "GET /tags/{tag_name}/entities",
                tag_name=tag,
                params={"entity_types": "tools, resources"},
                check=lists_only(resource.id),
            )
            self.call(
                "GET /tags/{tag_name}/entities",
                tag_name=tag,
                params={"entity_types": "tools,prompts"},
                check=lists_only(),
            )
            resources = {"entity_types": "resources"}
            several = {"entity_types": "tools, resources"}
            self.call("GET /tags", params=several, check=lambda a: counted(a, tag))
            for included, entities in ((False, ()), (True, (resource.id,))):
                query = {**resources, "include_entities": included}
                self.call("GET /tags", params=query, check=carries(tag, *entities))
            self.call("GET /tags", params={"entity_types": "tools"}, check=lambda a: without_tag(a, tag))

    @task
    def cloud(self) -> None:
        """All tags, with their entities."""
        tag = self.name("tag")
        with self.resource(tags=[tag]) as resource:
            self.call(
                "GET /tags/",
                params={"include_entities": True, "entity_types": "resources"},
                check=both(lambda a: counted(a, tag), carries(tag, resource.id)),
            )
            self.call(
                "GET /tags/",
                params={"include_entities": False, "entity_types": "resources"},
                check=carries(tag),
            )
            self.call("GET /tags/", params={"entity_types": "tools"}, check=lambda a: without_tag(a, tag))


def has_tagged(wanted: Mapping[str, Answer]) -> Check:
    """Return a check that just the entities ``wanted``, by kind, are listed under a tag, each as what it is."""
    described = {
        made.id: (kind.removesuffix("s"), made["name"], made["description"]) for kind, made in wanted.items()
    }

    def check(answer: Answer) -> Mismatch | None:
        found = {str(one["id"]): (one["type"], one["name"], one["description"]) for one in answer.json}
        return None if found == described else expected("one entity of each kind under the tag", found)

    return check


def counts_tagged(tag: str, kinds: Collection[str]) -> Check:
    """Return a check that one entity of each of these ``kinds`` is counted for a ``tag``."""
    wanted = {**dict.fromkeys(kinds, 1), "total": len(kinds)}

    def check(answer: Answer) -> Mismatch | None:
        found: dict[str, int] = next((one["stats"] for one in answer.json if one["name"] == tag), {})
        right = all(found.get(kind) == number for kind, number in wanted.items())
        return None if right else expected("one entity of each kind to be counted for the tag", found)

    return check
