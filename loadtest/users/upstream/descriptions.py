"""Parts of a federated server are described as the server describes them, at the gateway's addresses and over MCP."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from loadtest.backends.descriptions import DESCRIBED, described
from loadtest.backends.settings import DESCRIBING
from loadtest.client.answer import Answer
from loadtest.client.caller import Check, Effect
from loadtest.client.mismatch import Mismatch, expected
from loadtest.users.base import named, task
from loadtest.users.checks import has_counts, ids
from loadtest.users.federation.scripted import REFRESH, ScriptedServersUser
from loadtest.users.mcp.appbridge import EXTENSION
from loadtest.users.mcp.lists import ListingUser, Offer
from loadtest.users.read_back import Item, parameters_of, same
from loadtest.users.registry.fixtures import INFO

Entry = Mapping[str, Any]
TITLED, PAGED = "title", "extensionMetadata"
"""Members that not all releases know."""
EVERYTHING = {"include_resources": True, "include_prompts": True}


class PartKind(NamedTuple):
    """A kind of part."""

    member: str
    """Member of the list of MCP."""
    create: str
    lists: str
    delete: str
    read: Item
    deleted: str
    """The name of the part that is deleted, which a refresh creates again."""
    associated: str
    """The member of a new virtual server that has the ids of its parts."""
    key: str
    """Member by which MCP identifies a part."""


KINDS = (
    PartKind(
        "tools",
        "POST /tools",
        "GET /tools",
        "DELETE /tools/{tool_id}",
        Item("GET /tools/{tool_id}"),
        "annotated",
        "associated_tools",
        "name",
    ),
    PartKind(
        "resources",
        "POST /resources",
        "GET /resources",
        "DELETE /resources/{resource_id}",
        INFO,
        "kept",
        "associated_resources",
        "uri",
    ),
    PartKind(
        "prompts",
        "POST /prompts",
        "GET /prompts",
        "DELETE /prompts/{prompt_id}",
        Item("GET /prompts/{prompt_id}"),
        "kept",
        "associated_prompts",
        "name",
    ),
)
OVER_MCP = {
    "tools": "POST /rpc tools/list",
    "resources": "POST /rpc resources/list",
    "prompts": "POST /rpc prompts/list",
}


class FederatedDescriptionsUser(ListingUser, ScriptedServersUser):
    """A client that compares how parts of a server are described with what the server states."""

    area = "mcp-described"

    @task
    def described(self) -> None:
        """Parts with every member, registered, and refreshed when one is missing and the others have changed."""
        with self.scripted(DESCRIBING) as gateway:
            own = named({"gateway_id": gateway.id})
            kinds = [kind for kind in KINDS if self.documents(kind.lists, "query gateway_id")]
            for kind in kinds:
                found = self.listed(gateway, kind, self.states(kind, changed=False))
                part = next(str(one["id"]) for one in found.json if own_name(one) == kind.deleted)
                parameter = parameters_of(kind.delete)[0]
                self.delete(kind.delete, read=kind.read, **named({parameter: part}))
            self.control("PUT", f"/change/{gateway['name']}")
            counts = {f"{kind.member}Added": 1 for kind in kinds}
            counts |= {f"{kind.member}Updated": self.changes(kind) for kind in kinds}
            self.call(
                REFRESH,
                params=EVERYTHING,
                check=has_counts(counts),
                effect=self.describes_anew(gateway, kinds),
                **own,
            )
            parts = {kind.associated: ids(self.listed(gateway, kind)) for kind in kinds}
            with self.server(**parts) as server:
                for kind in kinds:
                    offer = self.offer(gateway, kind)
                    self.walk(OVER_MCP[kind.member], offer, {"server_id": server.id})

    def describes_anew(self, gateway: Answer, kinds: list[PartKind]) -> Effect:
        """Return an effect that reads the lists of each kind, which must be as the server states them now."""

        def effect(_: Answer) -> Mismatch | None:
            found = (self.states(kind, changed=True)(self.listed(gateway, kind)) for kind in kinds)
            return next(filter(None, found), None)

        return effect

    def listed(self, gateway: Answer, kind: PartKind, check: Check | None = None) -> Answer:
        """Return the list of the parts of a server of one kind."""
        params: dict[str, Any] = {"gateway_id": gateway.id, "limit": 0}
        return self.call(kind.lists, params=params, check=check)

    def changes(self, kind: PartKind) -> int:
        """Return the number of parts of a kind that change, in a member that this release knows."""
        return sum(
            self.stored(kind, one.before) != self.stored(kind, one.after) for one in DESCRIBED[kind.member]
        )

    def states(self, kind: PartKind, *, changed: bool) -> Check:
        """Return a check that a list states each part of a kind as the server does, and no other part.

        Lists other than those of MCP leave out the title of a prompt.
        """
        hidden = (TITLED,) if kind.member == "prompts" else ()
        wanted = {
            str(one["name"]): {
                key: value for key, value in self.stored(kind, one).items() if key not in hidden
            }
            for one in described(kind.member, changed=changed)
        }
        return states_parts(kind.member, wanted)

    def stored(self, kind: PartKind, entry: Entry) -> dict[str, Any]:
        """Return the members of a part as the gateway stores them: those that this release knows."""
        singular = kind.member.removesuffix("s")
        every = {**stated(entry), **page(entry)}
        known = (TITLED, PAGED)
        return {
            name: value
            for name, value in every.items()
            if name not in known or self.documents(kind.create, f"body {singular}.{name}")
        }

    def offer(self, gateway: Answer, kind: PartKind) -> Offer:
        """Return what MCP must list of a virtual server that has just the parts of one kind, after their change."""
        entries = {}
        for one in described(kind.member, changed=True):
            named_here = str(one["uri"] if kind.key == "uri" else f"{gateway['slug']}-{one['name']}")
            known = self.stored(kind, one)
            pages = known.pop(PAGED, None)
            entries[named_here] = known | ({"_meta": {"ui": pages[EXTENSION]}} if pages else {})
        return Offer(kind.member, kind.key, entries, only=True)


def own_name(entry: Entry) -> str:
    """Return the name of an entry at its server."""
    return str(entry.get("originalName") or entry["name"])


def stated(entry: Entry) -> dict[str, Any]:
    """Return the members of an entry that a list has under the same name; a title may be that in the annotations."""
    title = entry.get(TITLED) or entry.get("annotations", {}).get(TITLED)
    members = {name: value for name, value in entry.items() if name not in ("name", "_meta")}
    return members | ({TITLED: title} if title else {})


def page(entry: Entry) -> dict[str, Any]:
    """Return the metadata that an entry with a page is stored with."""
    meta = entry.get("_meta", {})
    address = meta.get("ui", {}).get("resourceUri") or meta.get("ui/resourceUri")
    return {PAGED: {EXTENSION: {"resourceUri": address}}} if address else {}


def states_parts(member: str, wanted: Mapping[str, Entry]) -> Check:
    """Return a check that a list has the parts that are ``wanted``, by their names, with the members that are given."""

    def check(answer: Answer) -> Mismatch | None:
        found = {own_name(one): one for one in answer.json}
        if found.keys() != wanted.keys():
            return expected(f"the {member} of the server", sorted(found))
        for name, entry in wanted.items():
            for key, value in entry.items():
                if not same(value, found[name].get(key)):
                    return expected(f"{key} of the {member} {name} as its server states it", found[name])
        return None

    return check
