"""Tags: searching entities by tag."""

from __future__ import annotations

from loadtest.users.base import task
from loadtest.users.checks import counted, lists
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
                check=lists(resource.id),
            )
            self.call("GET /tags", params={"entity_types": "resources"}, check=lambda a: counted(a, tag))

    @task
    def cloud(self) -> None:
        """All tags, with their entities."""
        self.call("GET /tags/", params={"include_entities": True})
