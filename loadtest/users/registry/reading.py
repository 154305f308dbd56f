"""Reading: lists and entities of every kind, as read by a dashboard."""

from __future__ import annotations

from loadtest.users.base import task
from loadtest.users.checks import has, is_page
from loadtest.users.registry.fixtures import RegistryUser

PAGE = {"limit": 10}
LISTS = ("GET /tools", "GET /resources", "GET /prompts", "GET /servers", "GET /gateways", "GET /a2a")
LISTS_TOO = (
    "GET /tools/",
    "GET /resources/",
    "GET /prompts/",
    "GET /servers/",
    "GET /gateways/",
    "GET /a2a/",
)


class ReadOnlyAPIUser(RegistryUser):
    """A user who only reads."""

    area = "reading"
    weight = 6

    @task(5)
    def lists(self) -> None:
        """The first page of every list."""
        for operation in LISTS:
            self.call(operation, params=PAGE)
        self.call("GET /roots")
        self.call("GET /tags", params={"entity_types": "servers"})

    @task(2)
    def lists_too(self) -> None:
        """The same lists at their alternative addresses, page by page."""
        for operation in LISTS_TOO:
            self.call(operation, params=PAGE | {"include_pagination": True}, check=is_page)

    @task(5)
    def items(self) -> None:
        """One entity of every kind in the fixture."""
        fixture = self.fixture
        tool = fixture.tool_ids["echo"]
        self.call("GET /tools/{tool_id}", tool_id=tool, check=has("id", tool))
        note = fixture.resources["note://hello"]
        self.call("GET /resources/{resource_id}/info", resource_id=note, check=has("id", note))
        self.call("GET /resources/{resource_id}", resource_id=note)
        prompt = fixture.prompt_ids["greet"]
        self.call("POST /prompts/{prompt_id}", prompt_id=prompt, json={"name": "Ada"})
        gateway = fixture.gateway_id or ""
        self.call("GET /gateways/{gateway_id}", gateway_id=gateway, check=has("id", gateway))
        server = fixture.server_id or ""
        self.call("GET /servers/{server_id}", server_id=server, check=has("id", server))
        self.call("GET /servers/{server_id}/tools", server_id=server)
        self.call("GET /servers/{server_id}/resources", server_id=server)
        self.call("GET /servers/{server_id}/prompts", server_id=server)

    @task(2)
    def catalog(self) -> None:
        """The servers available for registration."""
        self.call("GET /catalog", params=PAGE)

    @task(2)
    def search(self) -> None:
        """Search for a word in all kinds of entities."""
        self.call("GET /search", params=PAGE | {"q": "echo", "entity_types": "tools"})
