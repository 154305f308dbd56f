"""Base of the admin UI's users: forms, their responses, and entities created by form.

A form that creates an entity does not return its id, so it is searched by name. A form that changes an entity
redirects the browser to its tab of the admin page, ``/admin#tools``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from loadtest.client.caller import Check
from loadtest.users.admin.checks import finds, succeeded, went_back
from loadtest.users.registry.fixtures import RegistryUser

OFF = {"activate": "false"}
ON = {"activate": "true"}
PURGE = {"purge_metrics": "true"}
"""The form that deletes an entity together with its metrics."""


class AdminUser(RegistryUser):
    """A user of the admin UI."""

    abstract = True

    @property
    def me(self) -> str:
        """The administrator's own address."""
        return self.link.session.credentials.email

    @contextmanager
    def made(
        self,
        operation: str,
        form: Mapping[str, str],
        *,
        search: str,
        delete: str,
        wanted: Check | None = None,
        removed: Check | None = None,
        key: str = "items.0.id",
    ) -> Iterator[str]:
        """Create an entity by form for the ``with`` block, and delete it by form afterwards.

        Args:
            operation: the form that makes it; ``form`` holds its fields, ``name`` among them.
            search: finds it by its name.
            delete: the form that deletes it.
            wanted: check of the response of ``operation``; by default, that it reports success.
            removed: check of the response of ``delete``; by default, that it redirects to the admin page.
            key: dotted path of the id in the response of ``search``.
        """
        self.call(operation, form=form, check=wanted or succeeded)
        parameter = delete.rpartition("{")[2].partition("}")[0]
        identity = ""
        try:
            identity = self._found(search, form["name"], key)
            yield identity
        finally:
            with self.undoing():
                # The load may have ended between creation and search.
                identity = identity or self._found(search, form["name"], key)
                self.call(delete, form=PURGE, check=removed or went_back, **{parameter: identity})

    def _found(self, search: str, name: str, key: str) -> str:
        return str(self.call(search, params={"q": name}, check=finds(key))[key])


def from_fixture(value: str | None) -> str:
    """Return a value of the fixture.

    Raises:
        LookupError: its backend was not registered.
    """
    if value is None:
        raise LookupError("the fixture lacks an entity of this scenario")
    return value
