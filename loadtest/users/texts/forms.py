"""Texts in the forms of the admin UI: stored as they were entered, and shown so on the page, escaped once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from loadtest.users.admin.content import (
    PROMPTS,
    RESOURCES,
    new_prompt_form,
    new_resource_form,
    stored_prompt,
    stored_resource,
)
from loadtest.users.admin.forms import AdminUser, Kind
from loadtest.users.admin.peers import SERVERS, new_server_form, stored_server
from loadtest.users.admin.tools import TOOLS, new_form, stored
from loadtest.users.base import task
from loadtest.users.texts.rules import displays

LINES = 'Zoë | c > b; a & "Söhne" O\'Neil,\n\n50 % < 漢字 🚀'
"""A text whose characters a page must escape; without a tag, which would not be stored."""


class AdminTextsUser(AdminUser):
    """A user of the admin UI who enters texts with punctuation and more than one line."""

    area = "texts"

    @task
    def tools(self) -> None:
        """The description of a tool."""
        form = new_form(self.name("tool"), self.backend("rest"))
        entered = form | {"description": LINES, "tags": self.name("tag")}
        self.shows_text(TOOLS, entered, stored(entered))

    @task
    def content(self) -> None:
        """The descriptions of a resource, a prompt and a virtual server."""
        for kind, form, described in (
            (RESOURCES, new_resource_form(self.name("resource")), stored_resource),
            (PROMPTS, new_prompt_form(self.name("prompt")), stored_prompt),
            (SERVERS, new_server_form(self.name("server")), stored_server),
        ):
            entered = form | {"description": LINES, "tags": self.name("tag")}
            self.shows_text(kind, entered, described(entered))

    def shows_text(self, kind: Kind, form: Mapping[str, str], values: Mapping[str, Any]) -> None:
        """Create an entity by form, which must be stored with ``values``, and look for its text on the page."""
        with self.made(kind, form, stored=values):
            self.call(kind.partial, params={"tags": form["tags"]}, check=displays(form["description"]))
