"""Tags: searching entities by tag."""

from __future__ import annotations

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
                params={"entity_types": "resources"},
                check=lists_only(resource.id),
            )
            self.call(
                "GET /tags/{tag_name}/entities",
                tag_name=tag,
                params={"entity_types": "tools"},
                check=lists_only(),
            )
            resources = {"entity_types": "resources"}
            self.call("GET /tags", params=resources, check=lambda a: counted(a, tag))
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
