"""Where a form sends the browser back to: to the entities of the team that it showed."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

from loadtest.client.answer import Answer
from loadtest.client.caller import Check
from loadtest.client.mismatch import Mismatch, expected
from loadtest.users.admin.checks import went_back
from loadtest.users.admin.content import PROMPTS, RESOURCES, new_prompt_form, new_resource_form
from loadtest.users.admin.forms import OFF, ON, AdminUser, Kind
from loadtest.users.admin.peers import (
    AGENTS,
    GATEWAYS,
    SERVERS,
    new_agent_form,
    new_gateway_form,
    new_server_form,
)
from loadtest.users.admin.tools import TOOLS, new_form
from loadtest.users.base import task
from loadtest.users.checks import both
from loadtest.users.registry.fixtures import of_team


class AdminRedirectsUser(AdminUser):
    """An administrator whose browser shows the entities of one team."""

    area = "admin-pages"

    @task
    def states(self) -> None:
        """An entity of each kind is disabled, enabled and deleted: back to the team, and to inactive ones if shown."""
        backends = self.backend("rest"), self.backend("mcp_small"), self.backend("a2a")
        for kind, new in forms(*backends):
            with self.team() as team:
                shown = {"team_id": team.id}
                inactive = shown | {"is_inactive_checked": "true"}
                leads = both(went_back, leads_to({"team_id": team.id, "include_inactive": "true"}))
                form = new(self.name("shown")) | of_team(team.id)
                with self.made(kind, form, leaving=inactive, removed=leads) as entity:
                    self.form(kind.state, entity.id, OFF | shown, check=both(went_back, leads_to(shown)))
                    self.form(kind.state, entity.id, ON | inactive, check=leads)


def forms(rest: str, mcp: str, a2a: str) -> tuple[tuple[Kind, Callable[[str], dict[str, str]]], ...]:
    """Return the kinds of entities, and the form that creates one of a name; their services are at these addresses."""
    return (
        (TOOLS, lambda name: new_form(name, rest)),
        (RESOURCES, new_resource_form),
        (PROMPTS, new_prompt_form),
        (SERVERS, new_server_form),
        (GATEWAYS, lambda name: new_gateway_form(name, mcp)),
        (AGENTS, lambda name: new_agent_form(name, a2a)),
    )


def leads_to(query: dict[str, str]) -> Check:
    """Return a check that a redirect leads to a page with this ``query``."""

    def check(answer: Answer) -> Mismatch | None:
        location = str(answer.headers.get("location") or "")
        found = {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}
        return None if found == query else expected(f"a page with {query}", location)

    return check
