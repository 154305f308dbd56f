"""What users of the admin UI share: its forms, how they answer, and entities made by form.

A form that makes an entity does not say its id: it is found by the name, as a person finds it. A form that
changes one sends the browser back to its tab of the admin page, ``/admin#tools``.
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
    """Somebody at the admin UI."""

    abstract = True

    @property
    def me(self) -> str:
        """The administrator's own address."""
        return self.process.session.credentials.email

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
        """Make an entity by form, lend its id to the ``with`` block, and delete it by form afterwards.

        Args:
            operation: the form that makes it; ``form`` holds its fields, ``name`` among them.
            search: finds it by its name.
            delete: the form that deletes it.
            wanted: looks at the answer of ``operation``, which must say that it succeeded if left out.
            removed: looks at the answer of ``delete``, which must send back to the admin page if left out.
            key: where the id stands in the answer of ``search``.
        """
        self.call(operation, form=form, check=wanted or succeeded)
        parameter = delete.rpartition("{")[2].partition("}")[0]
        identity = ""
        try:
            identity = self._found(search, form["name"], key)
            yield identity
        finally:
            with self.undoing():
                # The load may have ended between making and finding.
                identity = identity or self._found(search, form["name"], key)
                self.call(delete, form=PURGE, check=removed or went_back, **{parameter: identity})

    def _found(self, search: str, name: str, key: str) -> str:
        return str(self.call(search, params={"q": name}, check=finds(key))[key])


def staged(value: str | None) -> str:
    """Return what the stage holds.

    Raises:
        LookupError: its backend was not registered.
    """
    if value is None:
        raise LookupError("the stage lacks what this scenario looks for")
    return value
