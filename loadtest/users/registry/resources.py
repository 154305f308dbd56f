"""Resources: creation, lists, reading by ID and by URI; templates."""

from __future__ import annotations

from loadtest.users.base import task
from loadtest.users.checks import has, lists
from loadtest.users.registry.fixtures import INFO, TEXT, RegistryUser, new_resource


class ResourcesUser(RegistryUser):
    """A user who publishes texts."""

    area = "resources"
    weight = 3

    @task(5)
    def lifecycle(self) -> None:
        """A resource is created, read and deleted."""
        tag = self.name("tag")
        with self.resource(tags=[tag]) as resource:
            self.call("GET /resources", params={"tags": tag}, check=lists(resource.id))
            self.call("GET /resources/{resource_id}", resource_id=resource.id, check=has("text", TEXT))
            self.call(
                "GET /resources/{resource_id}/info",
                resource_id=resource.id,
                check=has("uri", resource["uri"]),
            )
            self.rpc(
                "POST /rpc resources/read",
                {"uri": resource["uri"]},
                check=has("result.contents.0.text", TEXT),
            )

    @task(2)
    def by_address(self) -> None:
        """A resource that is found by its URI."""
        body = new_resource(self.name("resource"))
        with self.created(
            "POST /resources/", json=body, delete="DELETE /resources/{resource_id}", read=INFO
        ) as resource:
            self.call("GET /resources/", params={"limit": 5})
            if self.offers("GET /resources/test/{resource_uri}"):
                self.call(
                    "GET /resources/test/{resource_uri}",
                    resource_uri=resource["uri"],
                    check=has("content.text", TEXT),
                )

    @task
    def templates(self) -> None:
        """The resource templates."""
        self.call("GET /resources/templates/list")
