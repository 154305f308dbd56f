"""Resources, prompts and roots by the forms of the admin UI."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from loadtest.users.admin.checks import mentions, shows, succeeded, went_back
from loadtest.users.admin.forms import OFF, ON, AdminUser
from loadtest.users.base import task
from loadtest.users.checks import has
from loadtest.users.registry.fixtures import DESCRIPTION, TEXT

CHANGED = "Changed by form."
ARGUMENTS = '[{"name": "who", "description": "who is greeted", "required": true}]'


class AdminResourcesUser(AdminUser):
    """A user who manages resources."""

    area = "admin-resources"

    @task(2)
    def lifecycle(self) -> None:
        """A resource is created, read and deleted."""
        form = self._form()
        with self.made(
            "POST /admin/resources",
            form,
            search="GET /admin/resources/search",
            delete="POST /admin/resources/{resource_id}/delete",
        ) as resource:
            self.call(
                "GET /admin/resources/test/{resource_uri}", resource_uri=form["uri"], check=mentions(TEXT)
            )
            changed = form | {"description": CHANGED, "content": CHANGED}
            self.call(
                "POST /admin/resources/{resource_id}/edit",
                resource_id=resource,
                form=changed,
                check=succeeded,
            )
            described = has("resource.description", CHANGED)
            self.call("GET /admin/resources/{resource_id}", resource_id=resource, check=described)
            self.call("GET /admin/resources/partial", params={"q": form["name"]}, check=shows(form["name"]))

    @task
    def states(self) -> None:
        """A resource that is switched off and on again."""
        with self.made(
            "POST /admin/resources",
            self._form(),
            search="GET /admin/resources/search",
            delete="POST /admin/resources/{resource_id}/delete",
        ) as resource:
            for state in (OFF, ON):
                self.call(
                    "POST /admin/resources/{resource_id}/state",
                    resource_id=resource,
                    form=state,
                    check=went_back,
                )
            enabled = has("resource.enabled", True)
            self.call("GET /admin/resources/{resource_id}", resource_id=resource, check=enabled)

    def _form(self) -> dict[str, str]:
        name = self.name("resource")
        return {
            "uri": f"loadtest://{name}",
            "name": name,
            "mimeType": "text/plain",
            "content": TEXT,
            "description": DESCRIPTION,
            "visibility": "public",
        }


class AdminPromptsUser(AdminUser):
    """A user who manages prompts."""

    area = "admin-prompts"

    @task(2)
    def lifecycle(self) -> None:
        """A prompt is created and deleted."""
        form = self._form()
        with self.made(
            "POST /admin/prompts",
            form,
            search="GET /admin/prompts/search",
            delete="POST /admin/prompts/{prompt_id}/delete",
        ) as prompt:
            changed = form | {"description": CHANGED}
            self.call("POST /admin/prompts/{prompt_id}/edit", prompt_id=prompt, form=changed, check=succeeded)
            self.call("GET /admin/prompts/{prompt_id}", prompt_id=prompt, check=has("description", CHANGED))
            self.call("GET /admin/prompts/partial", params={"q": form["name"]}, check=shows(form["name"]))

    @task
    def states(self) -> None:
        """A prompt that is switched off and on again."""
        with self.made(
            "POST /admin/prompts",
            self._form(),
            search="GET /admin/prompts/search",
            delete="POST /admin/prompts/{prompt_id}/delete",
        ) as prompt:
            for state, enabled in ((OFF, False), (ON, True)):
                self.call(
                    "POST /admin/prompts/{prompt_id}/state", prompt_id=prompt, form=state, check=went_back
                )
                self.call("GET /admin/prompts/{prompt_id}", prompt_id=prompt, check=has("enabled", enabled))

    def _form(self) -> dict[str, str]:
        name = self.name("prompt")
        return {
            "name": name,
            "customName": name,
            "template": "Greet {{ who }} in one sentence.",
            "arguments": ARGUMENTS,
            "description": DESCRIPTION,
            "visibility": "public",
        }


class AdminRootsUser(AdminUser):
    """A user who manages roots."""

    area = "admin-roots"

    @task(2)
    def lifecycle(self) -> None:
        """A root is created, exported and deleted."""
        with self._root() as (uri, name):
            self.call("GET /admin/roots/{uri}", uri=uri, check=has("name", name))
            renamed = self.name("root")
            self.call("POST /admin/roots/{uri}/update", uri=uri, form={"name": renamed}, check=went_back)
            self.call("GET /admin/roots/export", params={"uri": uri}, check=has("root.name", renamed))

    @task
    def search(self) -> None:
        """A root that is found by its name."""
        with self._root() as (uri, name):
            self.call("GET /admin/roots/search", params={"q": name}, check=mentions(uri))

    @contextmanager
    def _root(self) -> Iterator[tuple[str, str]]:
        name = self.name("root")
        uri = f"https://{name}.example.com/root"
        self.call("POST /admin/roots", form={"uri": uri, "name": name}, check=went_back)
        try:
            yield uri, name
        finally:
            self.call("POST /admin/roots/{uri}/delete", uri=uri, form={}, check=went_back)
