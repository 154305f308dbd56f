"""Resources: creation, lists, reading by ID and by URI; templates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from loadtest.client.answer import Answer
from loadtest.client.mismatch import Mismatch, expected
from loadtest.client.protocols import jsonrpc
from loadtest.users.base import task
from loadtest.users.checks import ANSWERED, both, enabled, has, lists_only
from loadtest.users.registry.fixtures import (
    INFO,
    IS_PUBLIC,
    PURGE_METRICS,
    TEXT,
    RegistryUser,
    at_other_server,
    new_resource,
    without_scope,
)

NOT_FOUND = -32002
"""Code of JSON-RPC for an address that no resource has and no template matches."""


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

    @task
    def media_types(self) -> None:
        """Resources without a stated media type: it is that of the extension of the address, or else plain text."""
        for extension, kind in (("", "text/plain"), (".md", "text/markdown"), (".json", "application/json")):
            name = self.name("resource")
            body = new_resource(name, uri=f"loadtest://{name}{extension}")
            del body["resource"]["mimeType"]
            with self.created(
                "POST /resources",
                json=body,
                delete="DELETE /resources/{resource_id}",
                read=INFO,
                check=has("mimeType", kind),
            ):
                pass

    @task(2)
    def by_address(self) -> None:
        """A resource that is found by its URI."""
        body = without_scope(new_resource(self.name("resource")))
        with self.created(
            "POST /resources/",
            json=body,
            check=IS_PUBLIC,
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
            elsewhere = at_other_server(self.fixture.server_id)
            self.call("GET /resources/{resource_id}", resource_id=resource.id, **elsewhere)

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

    @task
    def new_template(self) -> None:
        """Each of two templates is known as soon as it is created: an address that matches it is not unknown."""
        for _ in range(2):
            address = f"loadtest://{self.name('template')}"
            with self.resource(uri=f"{address}/{{part}}", uri_template=f"{address}/{{part}}"):
                asked = jsonrpc.request("resources/read", {"uri": f"{address}/one"}, "lt-template")
                self.call(
                    "POST /rpc resources/read", json=asked, unlisted=True, refusals=ANSWERED, effect=is_known
                )

    def check_templates(self, query: Mapping[str, str | int | bool], *templates: str) -> None:
        """List the templates that match ``query`` and check that they are exactly these, by id."""
        self.call(
            "GET /resources/templates/list",
            params=query,
            check=lists_only(*templates),
        )


def is_known(answer: Answer) -> Mismatch | None:
    """Check that an address is not unknown; a template without a server has no content."""
    error = answer.json.get("error") or {}
    return (
        None if error.get("code") != NOT_FOUND else expected("the address to match a template", answer.text)
    )
