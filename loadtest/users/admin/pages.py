"""Pages of the admin UI: the main page and its tabs."""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import AbstractContextManager
from typing import Any

from loadtest.client.answer import Answer
from loadtest.client.caller import Check
from loadtest.client.mismatch import Mismatch, expected
from loadtest.fixtures.callers import Role
from loadtest.users.admin.checks import (
    GONE,
    Asset,
    assets,
    counts,
    has_all,
    is_not_empty,
    scripts_parse,
    shows,
)
from loadtest.users.admin.content import PROMPTS, RESOURCES
from loadtest.users.admin.forms import AdminUser, Kind, from_fixture
from loadtest.users.admin.lists import (
    MOST,
    Shown,
    finds_only,
    has_ids,
    ids_are,
    only,
    shows_among,
    shows_only,
)
from loadtest.users.admin.tools import TOOLS
from loadtest.users.base import task
from loadtest.users.checks import ANSWERED, both, counted, enabled, has, lacks, lists
from loadtest.users.identity.fixtures import PeopleUser
from loadtest.users.read_back import NotReadable
from loadtest.users.registry.fixtures import of_team

NONE = "null"
"""The id that stands for entities of no federated server."""
REFUSED = (400, 403, 422)
"""Statuses of a search that is not carried out."""
WHOLE = {"per_page": MOST, "include_inactive": True}
HELLO = "note://hello"
SECTIONS = {
    "GET /admin/sections/resources": "resources",
    "GET /admin/sections/prompts": "prompts",
    "GET /admin/sections/servers": "servers",
    "GET /admin/sections/gateways": "gateways",
}
"""Each section and the member of its response that contains the entities."""


TAB = 'id="tab-{}"'
"""The markup of a tab of the main page."""
RESTRICTED = ("users", "logs", "metrics", "plugins", "maintenance", "export-import", "roots", "version-info")
"""Tabs for administrators only."""


class AdminPagesUser(AdminUser):
    """A user who opens the admin page and clicks through its tabs."""

    area = "admin-pages"
    weight = 2

    @task(2)
    def front(self) -> None:
        """The whole page, as the browser loads it first, and its overview."""
        self.call("GET /admin/", check=shows("</html>", self.me, *map(TAB.format, RESTRICTED)))
        self.call("GET /admin/overview/partial", check=shows("<svg", "System Overview"))

    @task
    def front_assets(self) -> None:
        """The scripts, styles and images that the page refers to, and the scripts that it contains."""
        page = {"include_inactive": True}
        self.call("GET /admin/", params=page, check=scripts_parse, effect=self._assets_exist)

    def _assets_exist(self, page: Answer) -> Mismatch | None:
        missing = [asset for asset in assets(page) if not self._exists(asset)]
        files = ", ".join(f"{asset.folder}/{asset.file}".lstrip("/") for asset in missing)
        return expected(f"the files below /static/ that the page refers to: {files}") if missing else None

    def _exists(self, asset: Asset) -> bool:
        operation = "GET /static/{folder}/{file}" if asset.folder else "GET /static/{file}"
        path = {name: value for name, value in asset._asdict().items() if value}
        options: dict[str, Any] = {"bearer": "", "unlisted": True, "refusals": GONE, "check": is_not_empty}
        return self.call(operation, **options, **path).status not in GONE

    @task(3)
    def entity_tabs(self) -> None:
        """The tables of entities, each filtered for those of the fixture's gateway."""
        fixture, gateway = self.fixture, from_fixture(self.fixture.gateway_id)
        own = WHOLE | {"gateway_id": gateway}
        tools = [Shown(one, "") for one in fixture.tool_ids.values()]
        self.call("GET /admin/tools/partial", params=own, check=shows_only(*tools))
        self.call("GET /admin/tool-ops/partial", params=own | {"page": 1}, check=shows_only(*tools))
        prompts = [Shown(one, "") for one in fixture.prompt_ids.values()]
        self.call("GET /admin/prompts/partial", params=own, check=shows_only(*prompts))

    @task(3)
    def people_tabs(self) -> None:
        """The administrator's own account and teams."""
        self.call("GET /admin/users/search", params={"q": self.me}, check=has("users.0.email", self.me))
        with self.team() as team:
            shown = shows_among(Shown(team.id, str(team["name"])))
            self.call("GET /admin/teams/partial", params={"q": team["name"]}, check=shown)

    @task(3)
    def lists(self) -> None:
        """The ids of all entities of the fixture's gateway, which "select all" sends."""
        fixture, own = self.fixture, {"gateway_id": from_fixture(self.fixture.gateway_id)}
        tools = ids_are("tool_ids", *(Shown(one, "") for one in fixture.tool_ids.values()))
        self.call("GET /admin/tools/ids", params=own, check=tools)
        prompts = ids_are("prompt_ids", *(Shown(one, "") for one in fixture.prompt_ids.values()))
        self.call("GET /admin/prompts/ids", params=own, check=prompts)
        hello = fixture.resources[HELLO]
        with self.resource() as other:
            self.call("GET /admin/resources/ids", params=own, check=has_ids("resource_ids", hello, other.id))
            shown = shows_among(Shown(hello, ""), without=[Shown(other.id, "")])
            self.call("GET /admin/resources/partial", params=own | {"per_page": MOST}, check=shown)

    @task
    def well_known(self) -> None:
        """The files at well-known addresses."""
        path = "/.well-known/robots.txt"
        robots = has_all(
            {"enabled": True, "configured_files.0.path": path, "configured_files.0.enabled": True}
        )
        self.call("GET /admin/well-known", check=robots)

    @task
    def pool(self) -> None:
        """The pool of sessions with backends."""
        self.call(
            "GET /admin/mcp-pool/metrics",
            check=lambda a: None if "enabled" in a.json else expected("a member enabled", a.text),
        )

    @task
    def tags(self) -> None:
        """A tag in the list of those in use."""
        tag = self.name("tag")
        with self.tool(tags=[tag]):
            wanted = {"entity_types": "tools", "include_entities": True}
            self.call("GET /admin/tags", params=wanted, check=lambda a: counted(a, tag))


class AdminSectionsUser(AdminUser):
    """A user who searches, and fills the selection boxes of forms."""

    area = "admin-sections"

    @task(2)
    def search(self) -> None:
        """Search for a word among the entities of the fixture's gateway."""
        own = {"gateway_id": from_fixture(self.fixture.gateway_id)}
        echo = finds_only(self.fixture.tool_ids["echo"])
        self.call("GET /admin/tools/search", params=own | {"q": "echo"}, check=echo)
        everywhere = own | {"q": "echo", "entity_types": "tools,prompts", "limit": 5}
        self.call("GET /admin/search", params=everywhere, check=echo)
        hello = finds_only(self.fixture.resources[HELLO])
        self.call("GET /admin/resources/search", params=own | {"q": HELLO}, check=hello)
        greet = finds_only(self.fixture.prompt_ids["greet"])
        self.call("GET /admin/prompts/search", params=own | {"q": "greet"}, check=greet)

    @task(2)
    def ids(self) -> None:
        """The ids of all entities of a kind, which "select all" sends."""
        fixture = self.fixture
        self.call("GET /admin/tools/ids", check=counts("tool_ids", fixture.tool_ids["echo"]))
        self.call("GET /admin/resources/ids", check=counts("resource_ids", fixture.resources[HELLO]))
        self.call("GET /admin/prompts/ids", check=counts("prompt_ids", fixture.prompt_ids["greet"]))
        self.call("GET /admin/gateways/ids", check=counts("gateway_ids", from_fixture(fixture.gateway_id)))

    @task
    def gateway_section(self) -> None:
        """The gateways of the section, with what the server behind each can do."""
        gateway = from_fixture(self.fixture.gateway_id)
        alone = self.call("GET /gateways/{gateway_id}", gateway_id=gateway)["capabilities"]
        listed = both(lists(gateway, at="gateways"), _has_capabilities(gateway, alone))
        self.call("GET /admin/sections/gateways", check=listed)

    @task
    def server_section(self) -> None:
        """The servers of the section, with those that are switched off and without them."""
        listed = lists(from_fixture(self.fixture.server_id), at="servers")
        with self.server() as server:
            off = {"activate": False}
            state = "POST /servers/{server_id}/state"
            self.call(state, server_id=server.id, params=off, check=enabled(False))
            section = "GET /admin/sections/servers"
            self.call(section, params={"include_inactive": True}, check=lists(server.id, at="servers"))
            self.call(section, check=lambda a: listed(a) or lacks(server.id, at="servers")(a))

    @task
    def resource_section(self) -> None:
        """The resources of the section."""
        self.call("GET /admin/sections/resources", check=lists(self.fixture.resources[HELLO], at="resources"))

    @task
    def prompt_section(self) -> None:
        """The prompts of the section."""
        self.call("GET /admin/sections/prompts", check=lists(self.fixture.prompt_ids["greet"], at="prompts"))

    @task
    def sections_of_a_new_team(self) -> None:
        """The sections filtered by a new team, without the entities of other teams."""
        with self.team() as team, self.team() as other:
            kept = of_team(other.id)
            with (
                self.resource(scope=kept) as resource,
                self.prompt(scope=kept) as prompt,
                self.server(scope=kept) as server,
                self.gateway(**kept) as gateway,
            ):
                for (section, member), entity in zip(
                    SECTIONS.items(), (resource, prompt, server, gateway), strict=True
                ):
                    self.call(section, params={"team_id": team.id}, check=lacks(entity.id, at=member))

    @task
    def resource_section_of_a_team(self) -> None:
        """The resources of the section, filtered by a team that has one."""
        self.shows_of_team("GET /admin/sections/resources", self.resource)

    @task
    def prompt_section_of_a_team(self) -> None:
        """The prompts of the section, filtered by a team that has one."""
        self.shows_of_team("GET /admin/sections/prompts", self.prompt)

    @task
    def server_section_of_a_team(self) -> None:
        """The servers of the section, filtered by a team that has one."""
        self.shows_of_team("GET /admin/sections/servers", self.server)

    @task
    def gateway_section_of_a_team(self) -> None:
        """The federated servers of the section, filtered by a team that has one."""
        self.shows_of_team("GET /admin/sections/gateways", self.gateway)

    def shows_of_team(self, section: str, create: Callable[..., AbstractContextManager[Answer]]) -> None:
        """Create an entity of a team, which its section must show, filtered by the team."""
        with self.team() as team, create(scope=of_team(team.id)) as entity:
            listed = lists(entity.id, at=section.rpartition("/")[2])
            self.call(section, params={"team_id": team.id}, check=listed)

    @task
    def server_ids(self) -> None:
        """The ids of all servers."""
        self.call("GET /admin/servers/ids", check=counts("server_ids", from_fixture(self.fixture.server_id)))

    @task
    def server_search(self) -> None:
        """A server by its name."""
        server = from_fixture(self.fixture.server_id)
        self.call("GET /admin/servers/search", params={"q": "fixture"}, check=finds_only(server))


class AdminFiltersUser(PeopleUser, AdminUser):
    """A user who narrows the lists of the admin UI."""

    area = "admin-pages"

    @task
    def tools(self) -> None:
        """A tool of no federated server and one of the fixture's, in every list, by their servers."""
        with self.tool() as tool:
            local, federated = Shown(tool.id, str(tool["name"])), Shown(self.fixture.tool_ids["echo"], "")
            self.filtered(TOOLS, local, federated)
            self.unfederated("GET /tools", local, federated)
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
            federated = Shown(min(self.fixture.resources.values()), "")
            self.filtered(RESOURCES, local, federated)
            self.unfederated("GET /resources", local, federated)

    @task
    def prompts(self) -> None:
        """A prompt of no federated server and one of the fixture's, in every list, by their servers."""
        with self.prompt() as prompt:
            local = Shown(prompt.id, str(prompt["name"]))
            federated = Shown(self.fixture.prompt_ids["greet"], "")
            self.filtered(PROMPTS, local, federated)
            self.unfederated("GET /prompts", local, federated)

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
                check=both(has_ids_of((), own), lacks_tabs(*RESTRICTED)),
            )

    @task
    def join(self) -> None:
        """An administrator can ask to join a public team of another user, and sees that the request is pending."""
        founder = self.account(admin=True)
        try:
            owner, body = self.signed_in(founder), {"name": self.name("team"), "visibility": "public"}
            with self.created(
                "POST /teams/", json=body, bearer=owner, delete="DELETE /teams/{team_id}"
            ) as team:
                partial, found = "GET /admin/teams/partial", {"q": team["name"]}
                self.call(partial, params=found, check=shows("CAN JOIN", "Request to Join"))
                ask = "POST /admin/teams/{team_id}/join-request"
                self.call(ask, team_id=team.id, form={}, check=shows("Join request submitted"))
                self.call(partial, params=found, check=shows("CAN JOIN", "Cancel Request"))
                # A request that waits is for one team only.
                body |= {"name": self.name("team")}
                other: dict[str, Any] = {"team_id": self.call("POST /teams/", json=body, bearer=owner).id}
                try:
                    self.call(ask, form={}, check=shows("Join request submitted"), **other)
                finally:
                    with self.undoing():
                        unread = NotReadable("that it is gone is verified for every other team")
                        self.delete("DELETE /teams/{team_id}", bearer=owner, read=unread, **other)
        finally:
            with self.undoing():
                self.forget(founder)

    @task
    def kinds(self) -> None:
        """A search in kinds that are asked for: accounts, agents, and unknown ones."""
        search, email = "GET /admin/search", self.viewer.email
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

    def unfederated(self, operation: str, local: Shown, federated: Shown) -> None:
        """Read the list of all entities of no federated server, which has the ``local`` one only."""
        if self.documents(operation, "query gateway_id"):
            # The entities of other users are in the list: how each is described is verified elsewhere.
            every = {"gateway_id": NONE, "limit": 0}
            own = is_of_no_server(local, federated)
            self.call(operation, params=every, refusals=ANSWERED, effect=own)


def is_of_no_server(local: Shown, federated: Shown) -> Check:
    """Return a check that a list of the entities of no federated server has ``local``, and not ``federated``."""

    def check(answer: Answer) -> Mismatch | None:
        listed = [str(one["id"]) for one in answer.json]
        if local.id not in listed:
            return expected("an entity of no federated server in the list of those", listed)
        found = federated.id in listed
        return (
            expected("no entity of a federated server in the list of the others", listed) if found else None
        )

    return check


def has_ids_of(own: Collection[str], others: Collection[str]) -> Check:
    """Return a check that a page has the ids ``own`` and none of ``others``; it may be refused if there are none."""

    def check(answer: Answer) -> Mismatch | None:
        if missing := [one for one in own if one not in answer.text]:
            return expected("the entities of the team on the page", missing)
        found = [one for one in others if one in answer.text]
        return expected("no entity of another team on the page", found) if found else None

    return check


def lacks_tabs(*tabs: str) -> Check:
    """Return a check that the main page does not have these ``tabs``."""

    def check(answer: Answer) -> Mismatch | None:
        found = [tab for tab in tabs if TAB.format(tab) in answer.text]
        return expected("no tabs for administrators on the page of another user", found) if found else None

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


def _has_capabilities(gateway: str, capabilities: Any) -> Check:
    """Return a check that the section shows the ``capabilities`` that the gateway has by itself."""

    def check(answer: Answer) -> Mismatch | None:
        found = [one["capabilities"] for one in answer["gateways"] if one["id"] == gateway]
        return None if found == [capabilities] else expected(f"capabilities {capabilities}", found)

    return check
