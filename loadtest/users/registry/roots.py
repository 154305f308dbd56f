"""Roots: locations on disk and on the web that clients may access."""

from __future__ import annotations

from typing import Any

from loadtest.users.base import task
from loadtest.users.checks import both, has, listed
from loadtest.users.read_back import Item
from loadtest.users.registry.fixtures import RegistryUser

ROOT = Item("GET /roots/{root_uri}", key="uri")


class RootsExtendedUser(RegistryUser):
    """An administrator of roots."""

    area = "roots"
    weight = 2

    @task(3)
    def lifecycle(self) -> None:
        """A root on the web is created and deleted."""
        name = self.name("root")
        body = {"uri": f"https://example.com/{name}", "name": name}
        with self.created(
            "POST /roots", json=body, delete="DELETE /roots/{uri}", read=ROOT, key="uri"
        ) as root:
            uri = str(root["uri"])
            self.call("GET /roots", check=lambda a: listed(a, uri))
            renamed = self.name("root")
            self.update(
                "PUT /roots/{root_uri}",
                root_uri=uri,
                json=self.renaming(uri, renamed),
                read=ROOT,
            )
            self.call(
                "GET /roots/export",
                params={"uri": uri},
                check=both(
                    has("root.name", renamed),
                    has("root.uri", uri),
                    has("exported_by", self.link.session.credentials.email),
                ),
            )

    @task(2)
    def directory(self) -> None:
        """A root on disk."""
        name = self.name("root")
        body = {"uri": f"file:///tmp/{name}", "name": name}
        with self.created(
            "POST /roots/", json=body, delete="DELETE /roots/{uri}", read=ROOT, key="uri"
        ) as root:
            self.call("GET /roots/", check=lambda a: listed(a, str(root["uri"])))

    def renaming(self, uri: str, name: str) -> dict[str, Any]:
        """Return the body that renames a root: older gateways require the whole root, newer ones only the name."""
        schemas = self.link.session.contract.document["components"]["schemas"]
        return {"name": name} if "RootUpdate" in schemas else {"uri": uri, "name": name}
