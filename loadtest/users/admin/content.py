"""Resources, prompts and roots by the forms of the admin UI."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import msgspec

from loadtest.client.answer import Answer
from loadtest.client.caller import Check
from loadtest.client.mismatch import Mismatch, expected
from loadtest.users.admin.checks import GONE, has_all, is_gone, succeeded, tags_of, went_back
from loadtest.users.admin.forms import AdminUser, Kind
from loadtest.users.admin.lists import Shown, first_of, only
from loadtest.users.base import named, task
from loadtest.users.checks import INVALID_REQUEST, both, has
from loadtest.users.read_back import Item
from loadtest.users.registry.fixtures import (
    DESCRIPTION,
    INFO,
    TEXT,
    new_prompt,
    new_resource,
    without_scope,
)

RESOURCES = Kind(
    create="POST /admin/resources",
    state="POST /admin/resources/{resource_id}/state",
    delete="POST /admin/resources/{resource_id}/delete",
    search="GET /admin/resources/search",
    listed="GET /admin/resources",
    item="GET /admin/resources/{resource_id}",
    under="resource",
    group="resources",
    partial="GET /admin/resources/partial",
    ids="GET /admin/resources/ids",
    ids_at="resource_ids",
    edit="POST /admin/resources/{resource_id}/edit",
)
PROMPTS = Kind(
    create="POST /admin/prompts",
    state="POST /admin/prompts/{prompt_id}/state",
    delete="POST /admin/prompts/{prompt_id}/delete",
    search="GET /admin/prompts/search",
    listed="GET /admin/prompts",
    item="GET /admin/prompts/{prompt_id}",
    group="prompts",
    partial="GET /admin/prompts/partial",
    ids="GET /admin/prompts/ids",
    ids_at="prompt_ids",
    edit="POST /admin/prompts/{prompt_id}/edit",
)
CHANGED = {"description": "Changed by form.", "tags": "changed, by-form", "visibility": "private"}
CHANGED_TEXT = "A changed text."


class AdminResourcesUser(AdminUser):
    """A user who manages resources."""

    area = "admin-resources"

    @task(2)
    def lifecycle(self) -> None:
        """A resource is created, read, changed and deleted; every field of its forms is stored."""
        name = self.name("resource")
        form = new_resource_form(name)
        # Without a visibility, a resource is public, other than an entity of any other kind.
        with self.made(RESOURCES, without_scope(form), stored=stored_resource(form)) as resource:
            read = {"resource_uri": form["uri"]}
            self.call(
                "GET /admin/resources/test/{resource_uri}",
                **named(read),
                check=both(has("content.uri", form["uri"]), has("content.text", TEXT)),
            )
            changed = new_resource_form(f"{name}-changed") | CHANGED
            changed |= {"content": CHANGED_TEXT, "mimeType": "text/markdown"}
            edited = self.stores(RESOURCES, resource.id, stored_resource(changed))
            edit = "POST /admin/resources/{resource_id}/edit"
            self.form(edit, resource.id, changed, check=succeeded, effect=edited)
            self.lists_own(RESOURCES, Shown(resource.id, changed["name"]))

    @task
    def states(self) -> None:
        """A resource of a team, and a public one that is switched off and on again, in every list."""
        self.in_lists(RESOURCES, new_resource_form)

    @task
    def of_other(self) -> None:
        """A resource of another member of a team that is changed by form."""
        name = self.name("resource")
        title = self.documented("POST /resources", {"title": "Kept"}, under="resource")
        self.changes_of_other(
            RESOURCES,
            "POST /resources",
            lambda scope: new_resource(name, scope=scope, **title),
            "POST /admin/resources/{resource_id}/edit",
            new_resource_form(name),
            delete="DELETE /resources/{resource_id}",
            read=INFO,
        )


class AdminPromptsUser(AdminUser):
    """A user who manages prompts."""

    area = "admin-prompts"

    @task(2)
    def lifecycle(self) -> None:
        """A prompt is created, changed and deleted; every field of its forms is stored."""
        name = self.name("prompt")
        form = new_prompt_form(name)
        with self.made(PROMPTS, form, stored=stored_prompt(form)) as prompt:
            changed = new_prompt_form(f"{name}-changed", argument="whom") | CHANGED
            edited = self.stores(PROMPTS, prompt.id, stored_prompt(changed))
            self.form(
                "POST /admin/prompts/{prompt_id}/edit", prompt.id, changed, check=succeeded, effect=edited
            )
            self.lists_own(PROMPTS, Shown(prompt.id, changed["name"]))

    @task
    def wrong_arguments(self) -> None:
        """A form with arguments that are no list, or no JSON, is refused with the reason."""
        # 1.0.0rc1, whose prompts have no title, does not look at the JSON itself.
        if not self.documents("POST /prompts", "body prompt.title"):
            return
        form = new_prompt_form(self.name("prompt"))
        for arguments in ('{"name": "who"}', "[no JSON"):
            self.call(
                PROMPTS.create,
                form=form | {"arguments": arguments},
                refusals=INVALID_REQUEST,
                effect=names_arguments,
            )

    @task
    def states(self) -> None:
        """A prompt of a team, and a public one that is switched off and on again, in every list."""
        self.in_lists(PROMPTS, new_prompt_form)

    @task
    def of_other(self) -> None:
        """A prompt of another member of a team that is changed by form."""
        name = self.name("prompt")
        self.changes_of_other(
            PROMPTS,
            "POST /prompts",
            lambda scope: new_prompt(name, scope=scope),
            "POST /admin/prompts/{prompt_id}/edit",
            new_prompt_form(name),
            delete="DELETE /prompts/{prompt_id}",
            read=Item("GET /prompts/{prompt_id}"),
        )


def names_arguments(answer: Answer) -> Mismatch | None:
    """Check that a form is refused because of the JSON of its arguments."""
    if answer.status not in INVALID_REQUEST:
        return expected("arguments that are no list to be refused", answer.status)
    right = answer["success"] is False and "JSON in arguments" in answer["message"]
    return None if right else expected("the JSON of the arguments as the reason", answer.json)


def new_resource_form(name: str) -> dict[str, str]:
    """Return the form of a new resource."""
    return {
        "uri": f"loadtest://{name}",
        "name": name,
        "customName": name,
        "mimeType": "text/plain",
        "content": TEXT,
        "description": DESCRIPTION,
        "tags": "loadtest",
        "visibility": "public",
    }


def stored_resource(form: Mapping[str, str]) -> dict[str, Any]:
    """Return the members of the resource that a form describes."""
    return {
        "uri": form["uri"],
        "name": form["name"],
        "mimeType": form["mimeType"],
        "size": len(form["content"]),
        "description": form["description"],
        "tags": tags_of(form),
        "visibility": form["visibility"],
        "enabled": True,
    }


def new_prompt_form(name: str, argument: str = "who") -> dict[str, str]:
    """Return the form of a new prompt with one argument."""
    arguments = [{"name": argument, "description": f"{argument} is greeted", "required": True}]
    return {
        "name": name,
        "customName": name,
        "display_name": f"{name} shown",
        "displayName": f"{name} shown",
        "template": f"Greet {{{{ {argument} }}}} in one sentence.",
        "arguments": msgspec.json.encode(arguments).decode(),
        "description": DESCRIPTION,
        "tags": "loadtest",
        "visibility": "public",
    }


def stored_prompt(form: Mapping[str, str]) -> dict[str, Any]:
    """Return the members of the prompt that a form describes."""
    return {
        "name": form["name"],
        "displayName": form["displayName"],
        "template": form["template"],
        "arguments": msgspec.json.decode(form["arguments"]),
        "description": form["description"],
        "tags": tags_of(form),
        "visibility": form["visibility"],
        "enabled": True,
    }


class AdminRootsUser(AdminUser):
    """A user who manages roots."""

    area = "admin-roots"

    @task(2)
    def lifecycle(self) -> None:
        """A root is created, exported, changed and deleted."""
        with self._root(self.name("root")) as root:
            exported = has_all({"uri": root.id, "name": root.name}, under="root")
            self.call("GET /admin/roots/export", params={"uri": root.id}, check=exported)
            renamed = root._replace(name=self.name("renamed"))
            changed = {"name": renamed.name}
            update = "POST /admin/roots/{uri}/update"
            self.form(update, root.id, changed, check=went_back, effect=self._reads(renamed))

    @task
    def search(self) -> None:
        """Two roots that are found by the name they share, and by their own."""
        name = self.name("twin")
        with self._root(f"{name}-a") as one, self._root(f"{name}-b") as other:
            self.call("GET /admin/roots/search", params={"q": name}, check=only(one, other))
            self.call("GET /admin/roots/search", params={"q": one.name}, check=only(one))
            self.call("GET /admin/roots/search", params={"q": name, "limit": 1}, check=first_of(one, other))

    @contextmanager
    def _root(self, name: str) -> Iterator[Shown]:
        """Create a root for the ``with`` block; its address is its id."""
        root = Shown(f"https://{name}.example.com/root", name)
        form = {"uri": root.id, "name": name}
        self.call("POST /admin/roots", form=form, check=went_back, effect=self._reads(root))
        try:
            yield root
        finally:
            delete = "POST /admin/roots/{uri}/delete"
            self.call(delete, uri=root.id, form={}, check=went_back, effect=self._lacks(root))

    def _reads(self, root: Shown) -> Check:
        """Return a check that reads a root."""

        def check(_: Answer) -> Mismatch | None:
            read = self.call("GET /admin/roots/{uri}", uri=root.id)
            return has_all({"uri": root.id, "name": root.name})(read)

        return check

    def _lacks(self, root: Shown) -> Check:
        """Return a check that a root does not exist."""

        def check(_: Answer) -> Mismatch | None:
            return is_gone(self.call("GET /admin/roots/{uri}", uri=root.id, refusals=GONE))

        return check
