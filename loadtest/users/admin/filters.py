"""Filters of the admin UI: entities of no federated server, the selected team, kinds of a search."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from loadtest.client.answer import Answer
from loadtest.client.caller import Check
from loadtest.client.mismatch import Mismatch, expected
from loadtest.fixtures.callers import Role, email_of
from loadtest.users.admin.content import PROMPTS, RESOURCES
from loadtest.users.admin.forms import AdminUser, Kind, from_fixture
from loadtest.users.admin.lists import MOST, Shown, finds_only, ids_are, only, shows_among, shows_only
from loadtest.users.admin.tools import TOOLS
from loadtest.users.base import task
from loadtest.users.checks import both, has
from loadtest.users.identity.fixtures import PeopleUser
from loadtest.users.registry.fixtures import of_team

NONE = "null"
"""The id that stands for entities of no federated server."""
REFUSED = (400, 403, 422)
"""Statuses of a search that is not carried out."""


class AdminFiltersUser(PeopleUser, AdminUser):
    """A user who narrows the lists of the admin UI."""

    area = "admin-pages"

    @task
    def tools(self) -> None:
        """A tool of no federated server and one of the fixture's, in every list, by their servers."""
        with self.tool() as tool:
            local, federated = Shown(tool.id, str(tool["name"])), Shown(self.fixture.tool_ids["echo"], "")
            self.filtered(TOOLS, local, federated)
            every = {"per_page": MOST, "include_inactive": True}
            operations = "GET /admin/tool-ops/partial"
            own = shows_among(local, without=[federated])
            self.call(operations, params=every | {"gateway_id": NONE}, check=own)
            both = every | {"gateway_id": f"{NONE},{from_fixture(self.fixture.gateway_id)}"}
            self.call(operations, params=both, check=shows_among(local, federated))

    @task
    def resources(self) -> None:
        """A resource of no federated server and one of the fixture's, in every list, by their servers."""
        with self.resource() as resource:
            local = Shown(resource.id, str(resource["name"]))
            self.filtered(RESOURCES, local, Shown(min(self.fixture.resources.values()), ""))

    @task
    def prompts(self) -> None:
        """A prompt of no federated server and one of the fixture's, in every list, by their servers."""
        with self.prompt() as prompt:
            local = Shown(prompt.id, str(prompt["name"]))
            self.filtered(PROMPTS, local, Shown(self.fixture.prompt_ids["greet"], ""))

    @task
    def selected_team(self) -> None:
        """The main page with a team selected has the entities of the team, and none of another one."""
        with (
            self.team() as team,
            self.team() as other,
            self.tool(scope=of_team(team.id)) as tool,
            self.server(scope=of_team(team.id)) as server,
            self.tool(scope=of_team(other.id)) as other_tool,
            self.server(scope=of_team(other.id)) as other_server,
        ):
            own, others = (tool.id, server.id), (other_tool.id, other_server.id)
            self.call("GET /admin/", params={"team_id": team.id}, check=has_ids_of(own, others))
            self.call("GET /admin/", params={"team_id": other.id}, check=has_ids_of(others, own))
            foreign: dict[str, Any] = {"team_id": team.id}
            self.call(
                "GET /admin/",
                params=foreign,
                bearer=self._callers.bearer(Role.OUTSIDER, self.link.session),
                refusals=REFUSED,
                check=has_ids_of((), own),
            )

    @task
    def kinds(self) -> None:
        """A search in kinds that are asked for: accounts, agents, and unknown ones."""
        search, email = "GET /admin/search", email_of(Role.VIEWER)
        people = {"q": email, "entity_types": "users"}
        self.call(search, params=people, check=has("items.0.email", email))
        self.call(search, params=people | {"entity_types": "nosuchkind,users,users"}, check=finds_in("users"))
        foreign = self._callers.bearer(Role.OUTSIDER, self.link.session)
        for operation in (search, "GET /search"):
            if self.offers(operation):
                hidden = is_refused_or_lacks(email)
                self.call(operation, params=people, bearer=foreign, refusals=REFUSED, check=hidden)
                more = people | {"entity_types": "users,tools"}
                self.call(operation, params=more, bearer=foreign, refusals=REFUSED, check=hidden)
        self.call(search, params={"q": "x", "entity_types": "nosuchkind"}, refusals=REFUSED, check=is_refused)
        with self.agent() as agent:
            named = {"q": agent["name"], "entity_types": "AGENTS,,agents"}
            self.call(search, params=named, check=both(finds_in("agents"), finds_only(agent.id)))

    def filtered(self, kind: Kind, local: Shown, federated: Shown) -> None:
        """Look for a ``local`` and a ``federated`` entity of ``kind`` by their ids and those of their servers."""
        both = f"{NONE},{from_fixture(self.fixture.gateway_id)}"
        for entity in (local, federated):
            for servers, found in ((NONE, [local] if entity is local else []), (both, [entity])):
                query = {"q": entity.id, "gateway_id": servers, "include_inactive": True}
                self.call(kind.search, params=query, check=finds_only(entity.id) if found else only())
                if self.documents(kind.partial, "query q"):
                    self.call(kind.partial, params=query, check=shows_only(*found))
                if self.documents(kind.ids, "query q"):
                    self.call(kind.ids, params=query, check=ids_are(kind.ids_at, *found))


def has_ids_of(own: Collection[str], others: Collection[str]) -> Check:
    """Return a check that a page has the ids ``own`` and none of ``others``; it may be refused if there are none."""

    def check(answer: Answer) -> Mismatch | None:
        if missing := [one for one in own if one not in answer.text]:
            return expected("the entities of the team on the page", missing)
        found = [one for one in others if one in answer.text]
        return expected("no entity of another team on the page", found) if found else None

    return check


def finds_in(kind: str) -> Check:
    """Return a check that a search was made in this ``kind`` and no other."""
    return has("entity_types", [kind])


def is_refused(answer: Answer) -> Mismatch | None:
    """Check that a search is refused."""
    refused = answer.status in REFUSED
    return None if refused else expected("the search to be refused", answer.status)


def is_refused_or_lacks(email: str) -> Check:
    """Return a check that a search is refused, or does not show the account with this address."""

    def check(answer: Answer) -> Mismatch | None:
        shown = answer.status not in REFUSED and any(one.get("email") == email for one in answer["items"])
        return expected("no account for those who do not manage accounts", answer.text) if shown else None

    return check
