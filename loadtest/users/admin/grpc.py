"""gRPC services that the gateway learns by reflection, as the admin UI keeps them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from loadtest.client.answer import Answer
from loadtest.users.admin.checks import finds, has_check
from loadtest.users.admin.forms import AdminUser
from loadtest.users.admin.lists import MOST, Shown, has_among, is_page, only
from loadtest.users.base import task
from loadtest.users.checks import has
from loadtest.users.read_back import Listed
from loadtest.users.registry.fixtures import DESCRIPTION, of_team

CHANGED = "Changed."
SERVICES = Listed("GET /admin/grpc", at="data", params={"per_page": MOST, "include_inactive": True})


class AdminGrpcUser(AdminUser):
    """A user who manages gRPC services."""

    area = "admin-grpc"

    @task
    def lifecycle(self) -> None:
        """A service is registered, its methods learned, and deleted."""
        with self._service() as service:
            path = {"service_id": service.id}
            reachable = has("reachable", True)
            self.call("POST /admin/grpc/{service_id}/reflect", **path, check=reachable)
            self.call("GET /admin/grpc/{service_id}/methods", **path, check=has_check)
            changed = {"description": CHANGED, "name": f"{service['name']}-changed", "tags": ["changed"]}
            self.update("PUT /admin/grpc/{service_id}", read=SERVICES, service_id=service.id, json=changed)
            state, off = "POST /admin/grpc/{service_id}/state", {"activate": False}
            self.update(state, service_id=service.id, params=off, read=SERVICES, values={"enabled": False})
            shown = Shown(service.id, f"{service['name']}-changed", enabled=False)
            active = {"per_page": MOST, "page": 1, "include_inactive": False}
            self.call("GET /admin/grpc", params=active, check=has_among(without=[shown]))
            self.update(state, service_id=service.id, read=SERVICES, values={"enabled": True})
            self.call("GET /admin/grpc", params=active, check=has_among(shown._replace(enabled=True)))

    @task
    def pages(self) -> None:
        """Two services on different pages of the list, and in that of their team."""
        with self.team() as team:
            owned = of_team(team.id)
            with self._service(**owned) as one, self._service(**owned) as other:
                first = self.call("GET /admin/grpc", params={"per_page": MOST}, check=finds("data.1.id"))
                turned = self.differs("GET /admin/grpc", str(first["data.0.id"]))
                second = {"page": 2, "per_page": 1, "include_inactive": True}
                self.call("GET /admin/grpc", params=second, check=is_page(2, 1), effect=turned)
                both = only(Shown(one.id, one["name"]), Shown(other.id, other["name"]), at="data")
                self.call("GET /admin/grpc", params={"team_id": team.id}, check=both)

    @task
    def details(self) -> None:
        """One service by its id."""
        with self._service() as service:
            self.call("GET /admin/grpc/{service_id}", service_id=service.id, check=has("id", service.id))

    @contextmanager
    def _service(self, **more: str) -> Iterator[Answer]:
        new = more | {
            "name": self.name("grpc"),
            "target": self.backend("grpc"),
            "description": DESCRIPTION,
            "reflection_enabled": False,
        }
        delete = "POST /admin/grpc/{service_id}/delete"
        with self.created("POST /admin/grpc", json=new, delete=delete, read=SERVICES) as service:
            yield service
