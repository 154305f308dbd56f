"""What a form of the admin UI selects, and forms with mistakes."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import ExitStack

from loadtest.client.answer import Answer
from loadtest.client.caller import Check
from loadtest.client.mismatch import Mismatch, expected
from loadtest.users.admin.checks import succeeded
from loadtest.users.admin.content import PROMPTS, new_prompt_form
from loadtest.users.admin.forms import AdminUser, Kind
from loadtest.users.admin.peers import SERVERS, new_server_form
from loadtest.users.admin.tools import TOOLS, new_form
from loadtest.users.base import task
from loadtest.users.checks import INVALID_REQUEST
from loadtest.users.registry.fixtures import PRIVATE, without_scope

SELECT_ALL = {"selectAllTools": "true", "selectAllResources": "true", "selectAllPrompts": "true"}
PARTS = ("associatedToolIds", "associatedResources", "associatedPrompts")
"""Members of a virtual server that have the ids of its tools, resources and prompts."""
CUT_OFF = '{"cut": '
"""A text that is no JSON."""


class FormSelectionsUser(AdminUser):
    """A user of the admin UI who selects the parts of a virtual server."""

    area = "admin-servers"

    @task
    def selected(self) -> None:
        """A server gets what is ticked and, if all are selected, what the form lists as all of them, too."""
        with ExitStack() as made:
            tools = [self.fixture.tool_ids[name] for name in ("echo", "slow")]
            resources = [made.enter_context(self.resource()).id for _ in range(2)]
            prompts = [made.enter_context(self.prompt()).id for _ in range(2)]
            ticked = {
                "associatedTools": tools[0],
                "associatedResources": resources[0],
                "associatedPrompts": prompts[0],
            }
            listed = {
                "allToolIds": f'["{tools[1]}"]',
                "allResourceIds": f'["{resources[1]}"]',
                "allPromptIds": f'["{prompts[1]}"]',
            }
            every = (tools, resources, prompts)
            form = new_server_form(self.name("server")) | ticked | listed
            with self.made(SERVERS, without_scope(form | SELECT_ALL), stored=PRIVATE) as server:
                edit, read = "POST /admin/servers/{server_id}/edit", self.reads_parts(server.id, every)
                self.call(SERVERS.item, server_id=server.id, check=has_parts(every))
                first = self.reads_parts(server.id, [one[:1] for one in every])
                self.form(edit, server.id, form, check=succeeded, effect=first)
                self.form(edit, server.id, form | SELECT_ALL, check=succeeded, effect=read)

    def reads_parts(self, server: str, parts: Collection[Collection[str]]) -> Check:
        """Return a check that reads a server, which must have just these ``parts``."""
        return lambda _: has_parts(parts)(self.call(SERVERS.item, server_id=server))

    @task
    def cut_off(self) -> None:
        """Fields that are no JSON are refused: nothing is created, and a tool stays as it is."""
        tool = new_form(self.name("tool"), self.backend("rest"))
        for field in ("headers", "input_schema"):
            self.refuses(TOOLS, tool | {field: CUT_OFF})
        self.refuses(PROMPTS, new_prompt_form(self.name("prompt")) | {"arguments": CUT_OFF})
        with self.made(TOOLS, tool) as made:
            changed = tool | {"description": "Changed by form.", "annotations": CUT_OFF}
            kept = self.stores(TOOLS, made.id, {"description": tool["description"]})
            edit = "POST /admin/tools/{tool_id}/edit"
            self.form(edit, made.id, changed, refusals=INVALID_REQUEST, check=is_refused, effect=kept)

    def refuses(self, kind: Kind, form: dict[str, str]) -> None:
        """Send a ``form`` that must be refused, and look whether it has created something."""
        nothing = self.finds(kind, form["name"])
        self.call(kind.create, form=form, refusals=INVALID_REQUEST, check=is_refused, effect=nothing)


def is_refused(answer: Answer) -> Mismatch | None:
    """Check that a form with a field that is no JSON is refused."""
    refused = answer.status in INVALID_REQUEST
    return None if refused else expected("a field that is no JSON to be refused", answer.status)


def has_parts(parts: Collection[Collection[str]]) -> Check:
    """Return a check that a server has just these tools, resources and prompts, in any order."""

    def check(answer: Answer) -> Mismatch | None:
        for member, wanted in zip(PARTS, parts, strict=True):
            found = sorted(map(str, answer[member]))
            if found != sorted(wanted):
                return expected(f"{len(wanted)} entries in {member}, those of the form", found)
        return None

    return check
