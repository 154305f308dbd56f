"""What a scripted server offers with every member that MCP describes, before and after a change.

The change concerns one member of an entry at a time. Importing this module loads no server.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

Entry = Mapping[str, Any]
_SAME: Entry = MappingProxyType({})


class DescribedEntry(NamedTuple):
    """An entry of a list, and what changes of it."""

    before: Entry
    change: Entry = _SAME

    @property
    def after(self) -> Entry:
        """The entry after the change."""
        return {**self.before, **self.change}


def _schema(**properties: str) -> dict[str, Any]:
    return {"type": "object", "properties": {name: {"type": kind} for name, kind in properties.items()}}


def _tool(name: str, change: Entry = _SAME, /, **more: Any) -> DescribedEntry:
    usual = {"name": name, "description": f"The tool {name}.", "inputSchema": _schema(text="string")}
    return DescribedEntry({**usual, **more}, change)


def _resource(name: str, change: Entry = _SAME, /, **more: Any) -> DescribedEntry:
    usual = {"uri": f"described://{name}", "name": name, "mimeType": "text/plain"}
    return DescribedEntry({**usual, "description": f"The resource {name}.", **more}, change)


def _prompt(name: str, change: Entry = _SAME, /, **more: Any) -> DescribedEntry:
    usual = {"name": name, "description": f"The prompt {name}.", "arguments": [WHO]}
    return DescribedEntry({**usual, **more}, change)


WHO = {"name": "who", "description": "who is greeted", "required": True}
TONE = {"name": "tone", "description": "how", "required": False}
TITLE, OTHER_TITLE = "The first title", "The second title"
ANNOTATED = "The annotated title"
PAGE, OTHER_PAGE, OLD_PAGE = "ui://described/first", "ui://described/second", "ui://described/old"
"""Addresses of the pages of tools; the last one is stated as in older revisions of MCP Apps."""

DESCRIBED: Mapping[str, tuple[DescribedEntry, ...]] = {
    "tools": (
        _tool("titled", {"title": OTHER_TITLE}, title=TITLE),
        _tool("annotated", annotations={"title": ANNOTATED, "readOnlyHint": True}),
        _tool("taking", {"inputSchema": _schema(text="string", number="integer")}),
        _tool("giving", {"outputSchema": _schema(number="integer")}, outputSchema=_schema(text="string")),
        _tool("paged", {"_meta": {"ui": {"resourceUri": OTHER_PAGE}}}, _meta={"ui": {"resourceUri": PAGE}}),
        _tool("paged-of-old", _meta={"ui/resourceUri": OLD_PAGE}),
        _tool("explained", {"description": "The tool, explained otherwise."}),
    ),
    "resources": (
        _resource("titled", {"title": OTHER_TITLE}, title=TITLE),
        _resource("kept", title=TITLE),
        _resource("typed", {"mimeType": "text/markdown"}),
        _resource("explained", {"description": "The resource, explained otherwise."}),
    ),
    "prompts": (
        _prompt("titled", {"title": OTHER_TITLE}, title=TITLE),
        _prompt("kept", title=TITLE),
        _prompt("asking", {"arguments": [WHO, TONE]}),
        _prompt("explained", {"description": "The prompt, explained otherwise."}),
    ),
}
"""Entries by the member of a list that has them."""


def described(member: str, *, changed: bool) -> list[Entry]:
    """Return the entries of the list in this ``member``, before or after the change."""
    return [one.after if changed else one.before for one in DESCRIBED[member]]
