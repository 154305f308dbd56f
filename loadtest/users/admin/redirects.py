"""Where a form sends the browser back to: to the entities of the team that it showed."""

from __future__ import annotations

from contextlib import AbstractContextManager
from urllib.parse import parse_qs, urlsplit

from loadtest.client.answer import Answer
from loadtest.client.caller import Check
from loadtest.client.mismatch import Mismatch, expected
from loadtest.users.admin.checks import went_back
from loadtest.users.admin.content import PROMPTS, RESOURCES
from loadtest.users.admin.forms import OFF, ON, AdminUser, Kind
from loadtest.users.admin.peers import AGENTS, SERVERS
from loadtest.users.admin.tools import TOOLS
from loadtest.users.base import task
from loadtest.users.checks import both
from loadtest.users.registry.fixtures import of_team


class AdminRedirectsUser(AdminUser):
    """An administrator whose browser shows the entities of one team."""

    area = "admin-pages"

    @task
    def states(self) -> None:
        """An entity of each kind is disabled and enabled: back to the team, and to inactive ones if shown."""
        with self.team() as team:
            scope, shown = of_team(team.id), {"team_id": team.id}
            made: tuple[tuple[Kind, AbstractContextManager[Answer]], ...] = (
                (TOOLS, self.tool(scope=scope)),
                (RESOURCES, self.resource(scope=scope)),
                (PROMPTS, self.prompt(scope=scope)),
                (SERVERS, self.server(scope=scope)),
                (AGENTS, self.agent(scope=scope)),
            )
            for kind, creation in made:
                with creation as entity:
                    back = both(went_back, leads_to({"team_id": team.id}))
                    self.form(kind.state, entity.id, OFF | shown, check=back)
                    inactive = leads_to({"team_id": team.id, "include_inactive": "true"})
                    form = ON | shown | {"is_inactive_checked": "true"}
                    self.form(kind.state, entity.id, form, check=both(went_back, inactive))


def leads_to(query: dict[str, str]) -> Check:
    """Return a check that a redirect leads to a page with this ``query``."""

    def check(answer: Answer) -> Mismatch | None:
        location = str(answer.headers.get("location") or "")
        found = {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}
        return None if found == query else expected(f"a page with {query}", location)

    return check
