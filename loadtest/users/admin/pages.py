"""Pages of the admin UI: the main page and its tabs."""

from __future__ import annotations

from contextlib import AbstractContextManager

from loadtest.client.answer import Answer
from loadtest.client.mismatch import expected
from loadtest.users.admin.checks import counts, finds, lists_something, mentions, shows
from loadtest.users.admin.forms import AdminUser, from_fixture
from loadtest.users.base import task
from loadtest.users.checks import lacks, lists
from loadtest.users.registry.fixtures import of_team

PAGED = {"page": 1, "per_page": 10}
LISTS = (
    "GET /admin/tools",
    "GET /admin/resources",
    "GET /admin/prompts",
    "GET /admin/servers",
    "GET /admin/gateways",
)
HELLO = "note://hello"
SECTIONS = {
    "GET /admin/sections/resources": "resources",
    "GET /admin/sections/prompts": "prompts",
    "GET /admin/sections/servers": "servers",
    "GET /admin/sections/gateways": "gateways",
}
"""Each section and the member of its response that contains the entities."""


class AdminPagesUser(AdminUser):
    """A user who opens the admin page and clicks through its tabs."""

    area = "admin-pages"
    weight = 2

    @task(2)
    def front(self) -> None:
        """The whole page, as the browser loads it first, and its overview."""
        self.call("GET /admin/", check=shows("</html>", self.me))
        self.call("GET /admin/overview/partial", check=shows("<svg"))

    @task(3)
    def entity_tabs(self) -> None:
        """The tables of entities, each filtered for the entities of the fixture."""
        fixture = self.fixture
        self.call("GET /admin/tools/partial", params={"q": "echo"}, check=shows(fixture.tool_ids["echo"]))
        hello = shows(fixture.resources[HELLO])
        self.call("GET /admin/resources/partial", params={"q": "hello"}, check=hello)
        self.call(
            "GET /admin/prompts/partial", params={"q": "greet"}, check=shows(fixture.prompt_ids["greet"])
        )
        server = shows(from_fixture(fixture.server_id))
        self.call("GET /admin/servers/partial", params={"q": "fixture"}, check=server)
        gateway = from_fixture(fixture.gateway_name)
        self.call("GET /admin/gateways/partial", params={"q": gateway}, check=shows(gateway))
        self.call(
            "GET /admin/tool-ops/partial", params={"per_page": 100}, check=shows(fixture.tool_ids["echo"])
        )

    @task(3)
    def people_tabs(self) -> None:
        """Teams and users as tables, and the lists that selection boxes are filled from."""
        self.call("GET /admin/teams", params={"unified": True}, check=shows("team-card"))
        self.call("GET /admin/teams/partial", params=PAGED, check=shows("team-card"))
        self.call("GET /admin/teams/ids", check=finds("team_ids.0"))
        self.call("GET /admin/users", params=PAGED, check=finds("users.0.email"))
        self.call("GET /admin/users/partial", params=PAGED, check=shows("@"))
        self.call("GET /admin/users/search", params={"q": self.me}, check=finds("users.0.email"))

    @task(3)
    def lists(self) -> None:
        """The same entities as JSON, a page at a time."""
        for operation in LISTS:
            self.call(operation, params=PAGED, check=lists_something)
        self.call("GET /admin/a2a", params=PAGED)

    @task
    def well_known(self) -> None:
        """The files at well-known addresses."""
        self.call("GET /admin/well-known", check=finds("configured_files.0.path"))

    @task
    def pool(self) -> None:
        """The pool of sessions with backends."""
        self.call(
            "GET /admin/mcp-pool/metrics",
            check=lambda a: None if "enabled" in a.json else expected("a member enabled", a.text),
        )

    @task
    def tags(self) -> None:
        """The tags in use."""
        self.call("GET /admin/tags")


class AdminSectionsUser(AdminUser):
    """A user who searches, and fills the selection boxes of forms."""

    area = "admin-sections"

    @task(2)
    def search(self) -> None:
        """Search for a word in all kinds of entities, and in each kind."""
        tool = self.fixture.tool_ids["echo"]
        self.call("GET /admin/search", params={"q": "echo"}, check=mentions(tool))
        self.call("GET /admin/tools/search", params={"q": "echo"}, check=mentions(tool))
        resource = self.fixture.resources[HELLO]
        self.call("GET /admin/resources/search", params={"q": "hello"}, check=mentions(resource))
        prompt = self.fixture.prompt_ids["greet"]
        self.call("GET /admin/prompts/search", params={"q": "greet"}, check=mentions(prompt))
        gateway = {"q": from_fixture(self.fixture.gateway_name)}
        self.call("GET /admin/gateways/search", params=gateway, check=finds("items.0.id"))

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
        """The gateways of the section."""
        self.call("GET /admin/sections/gateways", check=mentions(from_fixture(self.fixture.gateway_id)))

    @task
    def server_section(self) -> None:
        """The servers of the section."""
        self.call("GET /admin/sections/servers", check=mentions(from_fixture(self.fixture.server_id)))

    @task
    def resource_section(self) -> None:
        """The resources of the section."""
        self.call("GET /admin/sections/resources", check=mentions(self.fixture.resources[HELLO]))

    @task
    def prompt_section(self) -> None:
        """The prompts of the section."""
        self.call("GET /admin/sections/prompts", check=mentions(self.fixture.prompt_ids["greet"]))

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
        with self.team() as team, self.resource(scope=of_team(team.id)) as resource:
            wanted = lists(resource.id, at="resources")
            self.call("GET /admin/sections/resources", params={"team_id": team.id}, check=wanted)

    @task
    def prompt_section_of_a_team(self) -> None:
        """The prompts of the section, filtered by a team that has one."""
        with self.team() as team, self.prompt(scope=of_team(team.id)) as prompt:
            wanted = lists(prompt.id, at="prompts")
            self.call("GET /admin/sections/prompts", params={"team_id": team.id}, check=wanted)

    @task
    def server_section_of_a_team(self) -> None:
        """The servers of the section, filtered by a team that has one."""
        with self.team() as team, self.server(scope=of_team(team.id)) as server:
            wanted = lists(server.id, at="servers")
            self.call("GET /admin/sections/servers", params={"team_id": team.id}, check=wanted)

    def team(self) -> AbstractContextManager[Answer]:
        """Create a team of the administrator for the ``with`` block."""
        body = {"name": self.name("team"), "visibility": "private"}
        return self.created("POST /teams/", json=body, delete="DELETE /teams/{team_id}")

    @task
    def server_ids(self) -> None:
        """The ids of all servers."""
        self.call("GET /admin/servers/ids", check=counts("server_ids", from_fixture(self.fixture.server_id)))

    @task
    def server_search(self) -> None:
        """A server by its name."""
        server = from_fixture(self.fixture.server_id)
        self.call("GET /admin/servers/search", params={"q": "fixture"}, check=mentions(server))
