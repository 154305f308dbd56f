"""Base of the users who send what must not be stored."""

from __future__ import annotations

from typing import Any

from loadtest.users.access.checks import INVALID, is_invalid
from loadtest.users.registry.fixtures import RegistryUser


class InvalidRequestUser(RegistryUser):
    """A user whose requests have something that must not be stored."""

    abstract = True

    def refuses(self, what: str, operation: str, **options: Any) -> None:
        """Make a request with ``what`` must not be stored, which is refused."""
        self.call(operation, refusals=INVALID, check=is_invalid(what), **options)
