"""What users of the admin UI share: its forms, how they answer, and entities made by form.

A form that makes an entity does not say its id: it is found by the name, as a person finds it. A form that
changes one sends the browser back to its tab of the admin page, ``/admin#tools``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from loadtest.client.answer import Answer
from loadtest.client.caller import Check
from loadtest.users.registry import RegistryUser

DONE = 303
"""The status of a form that sends the browser back to the admin page."""

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
        return self.load.session.credentials.email

    @contextmanager
    def made(
        self,
        operation: str,
        form: Mapping[str, str],
        *,
        search: str,
        delete: str,
        wanted: Check | None = None,
        key: str = "items.0.id",
    ) -> Iterator[str]:
        """Make an entity by form, lend its id to the ``with`` block, and delete it by form afterwards.

        Args:
            operation: the form that makes it; ``form`` holds its fields, ``name`` among them.
            search: finds it by its name.
            delete: the form that deletes it.
            wanted: looks at the answer of ``operation``, which must say that it succeeded if left out.
            key: where the id stands in the answer of ``search``.
        """
        self.call(operation, form=form, check=wanted or succeeded)
        found = self.call(search, params={"q": form["name"]}, check=finds(key))
        identity = str(found[key])
        parameter = delete.rpartition("{")[2].partition("}")[0]
        try:
            yield identity
        finally:
            self.call(delete, form=PURGE, check=went_back, **{parameter: identity})


def staged(value: str | None) -> str:
    """Return what the stage holds.

    Raises:
        LookupError: its backend was not registered.
    """
    if value is None:
        raise LookupError("the stage lacks what this scenario looks for")
    return value


def succeeded(answer: Answer) -> str | None:
    """Check a form's JSON answer: it says that it did what it was asked."""
    return None if answer["success"] is True else f"not done: {answer.text}"


def went_back(answer: Answer) -> str | None:
    """Check that a form sent the browser back to the admin page."""
    location = str(answer.headers.get("location") or "")
    page, _, tab = location.partition("#")
    if answer.status == DONE and page.partition("?")[0].rstrip("/") == "/admin" and tab:
        return None
    return f"expected to be sent back to a tab of /admin, got {answer.status} {location}".rstrip()


def finds(key: str) -> Check:
    """Return a check that a search found something: its answer has ``key``."""

    def found(answer: Answer) -> str | None:
        try:
            return None if answer[key] else "found nothing"
        except LookupError:
            return "found nothing"

    return found


def mentions(text: str) -> Check:
    """Return a check that ``text`` stands in the answer, whatever its form."""

    def mentioned(answer: Answer) -> str | None:
        return None if text in answer.text else f"the answer does not mention {text!r}"

    return mentioned


def counts(key: str, entity: str) -> Check:
    """Return a check that the list of ids at ``key`` holds ``entity`` and is as long as ``count`` says."""

    def counted(answer: Answer) -> str | None:
        identities = answer[key]
        if entity not in identities:
            return f"{key} lacks one that is there"
        return (
            None if answer["count"] == len(identities) else f"counts {answer['count']} of {len(identities)}"
        )

    return counted
