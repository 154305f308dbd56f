"""Lists over MCP contain what the MCP backend offers, with arguments and schemas, on as many pages as there are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from loadtest.client.answer import Answer
from loadtest.client.caller import Check
from loadtest.client.mismatch import Mismatch, expected
from loadtest.client.protocols import jsonrpc
from loadtest.fixtures.fixture import Fixture
from loadtest.users.base import GatewayUser
from loadtest.users.checks import ANSWERED, INVALID_REQUEST
from loadtest.users.read_back import same

MAX_PAGES = 50
INVALID_PARAMETERS = -32602
"""The code of JSON-RPC for parameters that a method does not accept."""
OPTIONAL = ("size",)
"""Members that a list may leave out although they are known: not all releases state them at every endpoint."""


class Offer(NamedTuple):
    """Entities that a list must contain."""

    member: str
    """Member of the result that is the list."""
    key: str
    """Member of an entity that identifies it."""
    entities: Mapping[str, Mapping[str, Any]]
    """Other members of each entity, as far as they are definite."""
    only: bool = False
    """Whether the list must contain nothing else."""
    foreign: frozenset[str] = frozenset()
    """Keys of entities of another kind, which the list must not contain."""


TEMPLATES, RESOURCES = frozenset({"greeting://{name}"}), frozenset({"note://hello", "note://time"})
"""The resource templates and the resources of the MCP backend: each is listed as what it is only."""


REQUIRED = object()
"""The default of an argument that has none."""


def _argument(name: str, *, required: bool) -> dict[str, Any]:
    return {"name": name, "required": required}


def _schema(**properties: object) -> dict[str, Any]:
    """Return the schema of arguments: each a text that is required, or else has the given default."""
    described = {
        name: {"type": "number" if isinstance(default, float) else "string"}
        | ({} if default is REQUIRED else {"default": default})
        for name, default in properties.items()
    }
    required = [name for name, default in properties.items() if default is REQUIRED]
    return {"type": "object", "properties": described} | ({"required": required} if required else {})


def offered_tools(fixture: Fixture, *, only: bool = False) -> Offer:
    """Return the tools of the MCP backend (:mod:`loadtest.backends.peers.mcp`)."""
    described: dict[str, dict[str, Any]] = {
        "echo": {
            "description": "Answer with the same text.",
            "inputSchema": _schema(text=REQUIRED),
            "annotations": {"readOnlyHint": True},
        },
        "get_system_time": {
            "description": "Tell the time in an IANA time zone, in ISO 8601.",
            "inputSchema": _schema(timezone="UTC"),
        },
        "convert_time": {
            "description": "Convert a time in ISO 8601, taken to be in the source zone, to the target zone (IANA "
            "names).",
            "inputSchema": _schema(time=REQUIRED, source_timezone=REQUIRED, target_timezone=REQUIRED),
        },
        "fail": {
            "description": "Fail with the given message.",
            "inputSchema": _schema(message="failed on purpose"),
        },
        "slow": {
            "description": "Take a while (seconds), report progress meanwhile, and stop early when cancelled.",
            "inputSchema": _schema(seconds=1.0),
        },
    }
    names = fixture.tools.items()
    return Offer("tools", "name", {name: described.get(own, {}) for own, name in names}, only)


def offered_resources(*, only: bool = False) -> Offer:
    """Return the resources of the MCP backend."""
    plain = {"mimeType": "text/plain"}
    hello = plain | {"description": "Return a text that never changes."}
    return Offer("resources", "uri", {"note://hello": hello, "note://time": plain}, only, TEMPLATES)


def offered_templates() -> Offer:
    """Return the resource templates of the MCP backend."""
    described = {"greeting://{name}": {"mimeType": "text/plain"}}
    return Offer("resourceTemplates", "uriTemplate", described, foreign=RESOURCES)


def own_resource(uri: str, template: str) -> Offer:
    """Return a resource at ``uri`` that a list of resources must contain, and a ``template`` that it must not."""
    return Offer("resources", "uri", {uri: {}}, foreign=frozenset({template}))


def own_template(template: str, uri: str) -> Offer:
    """Return a ``template`` that a list of templates must contain, and a resource at ``uri`` that it must not."""
    return Offer("resourceTemplates", "uriTemplate", {template: {}}, foreign=frozenset({uri}))


NO_TEMPLATES = Offer("resourceTemplates", "uriTemplate", {})
"""What a virtual server lists: the gateway does not assign templates to servers."""


def offered_prompts(fixture: Fixture, *, only: bool = False) -> Offer:
    """Return the prompts of the MCP backend."""
    described = {
        "greet": {"arguments": [_argument("name", required=True)], "description": "Ask for a greeting."},
        "summarise": {
            "arguments": [_argument("text", required=True), _argument("words", required=False)],
            "description": "Ask for a summary of a text.",
        },
    }
    names = fixture.prompts.items()
    return Offer("prompts", "name", {name: described.get(own, {}) for own, name in names}, only)


def continues(offer: Offer, seen: Mapping[str, Any]) -> Check:
    """Return a check of one page of a list, of which the entities ``seen`` by key were on earlier pages.

    On the last page, every entity of ``offer`` must have been listed, as described.
    """

    def check(answer: Answer) -> Mismatch | None:
        page = listed_entities(answer, offer)
        if repeated := page.keys() & seen.keys():
            return expected("no entity on two pages", sorted(repeated))
        if answer["result"].get("nextCursor"):
            return None if page else expected("a page that is not empty", answer.json)
        return complete(offer, {**seen, **page})

    return check


def listed_entities(answer: Answer, offer: Offer) -> dict[str, Any]:
    """Return the entities of one page by their key."""
    return {str(one[offer.key]): one for one in answer[f"result.{offer.member}"]}


def complete(offer: Offer, found: Mapping[str, Any]) -> Mismatch | None:
    """Return a mismatch if one of the entities ``found`` by key is missing, not as described, or must not be there."""
    for name, described in offer.entities.items():
        if name not in found:
            return expected(f"every one of the backend's {offer.member}", sorted(found))
        for member, value in described.items():
            if member in OPTIONAL and member not in found[name]:
                continue
            if not same(value, found[name].get(member)):
                return expected(f"the {member} of the backend's {offer.member}", found[name])
    if found.keys() & offer.foreign:
        return expected(f"no entity of another kind among the {offer.member}", sorted(found))
    if offer.only and (others := found.keys() - offer.entities.keys()):
        return expected(f"only the server's {offer.member}", sorted(others))
    return None


class ListingUser(GatewayUser):
    """A client that reads lists over MCP."""

    abstract = True

    def walk(
        self, operation: str, offer: Offer, params: Mapping[str, Any] | None = None, **arguments: Any
    ) -> None:
        """Read all pages of the list ``operation`` and check that they contain ``offer``."""
        seen: dict[str, Any] = {}
        cursor: dict[str, str] = {}
        for _ in range(MAX_PAGES):
            sent = {**(params or {}), **cursor} or None
            answer = self.rpc(operation, sent, check=continues(offer, seen), **arguments)
            seen |= listed_entities(answer, offer)
            following = answer["result"].get("nextCursor")
            if not following:
                return
            cursor = {"cursor": following}

    def refuses_cursor(self, operation: str, headers: Mapping[str, str] | None = None) -> None:
        """Request the page of the list ``operation`` after a cursor that the gateway did not give, which is refused."""
        # Releases before 1.1.0, which have no such operation, take it for the first page.
        if not self.offers("GET /oauth/status"):
            return
        params = {"cursor": self.name("cursor")}
        self.call(
            operation,
            json=jsonrpc.request(operation.rpartition(" ")[2], params, self.name("list")),
            headers={"Accept": jsonrpc.ACCEPT} | dict(headers or {}),
            unlisted=True,
            refusals=(*ANSWERED, *INVALID_REQUEST),
            effect=is_unknown_cursor,
        )


def is_unknown_cursor(answer: Answer) -> Mismatch | None:
    """Check that a cursor that the gateway did not give is an error of the parameters."""
    code = (answer.json.get("error") or {}).get("code")
    return None if code == INVALID_PARAMETERS else expected(f"the error {INVALID_PARAMETERS}", answer.text)
