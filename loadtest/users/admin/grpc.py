"""gRPC services that the gateway learns by reflection, as the admin UI keeps them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from loadtest.client.answer import Answer
from loadtest.users.admin.checks import finds, has_check
from loadtest.users.admin.forms import AdminUser
from loadtest.users.base import task
from loadtest.users.checks import has
from loadtest.users.registry.fixtures import DESCRIPTION

CHANGED = "Changed."


class AdminGrpcUser(AdminUser):
    """A user who manages gRPC services."""

    area = "admin-grpc"

    @task
    def lifecycle(self) -> None:
        """A service is registered, its methods learned, and deleted."""
        with self._service() as service:
            reflect = has("reachable", True)
            self.call("POST /admin/grpc/{service_id}/reflect", service_id=service.id, check=reflect)
            self.call("GET /admin/grpc/{service_id}/methods", service_id=service.id, check=has_check)
            self.call(
                "PUT /admin/grpc/{service_id}",
                service_id=service.id,
                json={"description": CHANGED},
                check=has("description", CHANGED),
            )
            self.call(
                "POST /admin/grpc/{service_id}/state", service_id=service.id, check=has("enabled", False)
            )
            self.call("GET /admin/grpc", params={"include_inactive": True}, check=finds("data.0.id"))

    @task
    def details(self) -> None:
        """One service by its id."""
        with self._service() as service:
            self.call("GET /admin/grpc/{service_id}", service_id=service.id, check=has("id", service.id))

    @contextmanager
    def _service(self) -> Iterator[Answer]:
        new = {
            "name": self.name("grpc"),
            "target": self.backend("grpc"),
            "description": DESCRIPTION,
            "reflection_enabled": False,
        }
        with self.created(
            "POST /admin/grpc", json=new, delete="POST /admin/grpc/{service_id}/delete"
        ) as service:
            yield service
