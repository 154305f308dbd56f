"""Resources: creation, lists, reading by ID and by URI; templates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from loadtest.users.base import task
from loadtest.users.checks import both, enabled, has, lists_only
from loadtest.users.registry.fixtures import INFO, PURGE_METRICS, TEXT, RegistryUser, new_resource


class ResourcesUser(RegistryUser):
    """A user who publishes texts."""

    area = "resources"
    weight = 3

    @task(5)
    def lifecycle(self) -> None:
        """A resource is created, read and deleted."""
        tag = self.name("tag")
        with self.resource(tags=[tag]) as resource:
            uri = resource["uri"]
            self.call("GET /resources", params={"tags": tag}, check=lists_only(resource))
            self.call(
                "GET /resources/{resource_id}",
                resource_id=resource.id,
                check=both(has("text", TEXT), has("uri", uri)),
            )
            self.rpc(
                "POST /rpc resources/read",
                {"uri": uri},
                check=both(has("result.contents.0.text", TEXT), has("result.contents.0.uri", uri)),
            )

    @task(2)
    def by_address(self) -> None:
        """A resource that is found by its URI."""
        body = new_resource(self.name("resource"))
        with self.created(
            "POST /resources/",
            json=body,
            delete="DELETE /resources/{resource_id}",
            read=INFO,
            deletion=PURGE_METRICS,
        ) as resource:
            if self.offers("GET /resources/test/{resource_uri}"):
                self.call(
                    "GET /resources/test/{resource_uri}",
                    resource_uri=resource["uri"],
                    check=has("content.text", TEXT),
                )

    @task
    def templates(self) -> None:
        """A resource template is listed by its tag and visibility, and hidden while it is disabled."""
        tag, name = self.name("tag"), self.name("template")
        template = {"uri": f"loadtest://{name}/{{part}}", "uri_template": f"loadtest://{name}/{{part}}"}
        with self.resource(tags=[tag], **template) as resource:
            own: dict[str, Any] = {"tags": tag}
            self.check_templates(own, resource.id)
            self.check_templates(own | {"visibility": "private"})
            self.check_templates({"tags": self.name("other")})
            self.call(
                "POST /resources/{resource_id}/state",
                resource_id=resource.id,
                params={"activate": False},
                check=enabled(False, under="resource"),
            )
            self.check_templates(own)
            self.check_templates(own | {"include_inactive": False})
            self.check_templates(own | {"include_inactive": True, "visibility": "public"}, resource.id)

    def check_templates(self, query: Mapping[str, str | int | bool], *templates: str) -> None:
        """List the templates that match ``query`` and check that they are exactly these, by id."""
        self.call(
            "GET /resources/templates/list",
            params=query,
            check=lists_only(*templates),
        )
