"""Credentials, scopes and names of the backends. Importing this module loads no server."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from loadtest.backends.descriptions import described

OAUTH_CLIENT_ID = "loadtest"
OAUTH_CLIENT_SECRET = "known-to-everybody"  # noqa: S105 - valid only for this provider on loopback
MCP_SCOPE = "mcp:read"
"""The scope of a token for the protected MCP server."""
OAUTH_USER = "user-7"
"""The user of a token, where the provider states one."""
OPENID_SCOPES = "openid profile email"
"""The scopes of a sign-in."""

CATALOG_WITH_KEY = "Closed to all without a key"
"""The name of the server of the catalog that needs a key."""
BROKEN = "broken-" + "x" * 300
"""The tool of a scripted server with an invalid name."""
TOOLS: Mapping[str, tuple[str, ...]] = {
    "paged": ("first", "second", "third", "fourth", "fifth"),
    "invalid": ("before", BROKEN, "after"),
    "slow": ("wait",),
    "dropping": ("echo", "drop"),
    "away": ("echo",),
    "plain": ("echo",),
    "failing": ("fail",),
    "contents": ("contents",),
    "answering": ("typed", "untyped"),
    "described": tuple(str(one["name"]) for one in described("tools", changed=False)),
    "repeating": ("repeat",),
    "changing": ("kept", "removed"),
    "changed": ("kept", "added", BROKEN),
}
"""Names of the tools of the scripted servers, by behaviour; those of a changing one after its change are `changed`."""
DESCRIBING, REPEATING = "described", "repeating"
"""Behaviours of scripted servers: every member of an entry is stated, and requests are repeated."""
REPEATED = "repeated"
"""The name of the resource, and of the prompt, of a server that repeats requests."""
TYPED, UNTYPED = TOOLS["answering"]
"""The tools of a scripted server that answer with the result that they are sent; the first has an output schema."""
STATED: Mapping[str, Any] = {
    "type": "object",
    "properties": {"name": {"type": "string"}},
    "required": ["name"],
}
"""The output schema of the first."""
PROMPTS = ("p-first", "p-second", "p-third")
RESOURCES = ("r-first", "r-second", "r-third")
PARTS: Mapping[str, tuple[str, ...]] = {"changing": ("kept", "removed"), "changed": ("kept", "added")}
"""Names of the resources, and of the prompts, of a changing scripted server, before and after its change."""
ERRORS: Mapping[str, int] = {"tools/call": -32042, "resources/read": -32043, "prompts/get": -32044}
"""Codes of the errors with which a failing scripted server answers, by method of JSON-RPC."""
FAILING = "failing"
"""The name of its resource, and of its prompt."""
CONTENTS: tuple[dict[str, Any], ...] = (
    {
        "type": "text",
        "text": "for the assistant",
        "annotations": {"audience": ["assistant"], "priority": 0.25},
        "_meta": {"example.com/part": "1"},
    },
    {"type": "image", "data": "aW1hZ2U=", "mimeType": "image/png", "annotations": {"audience": ["user"]}},
    {"type": "audio", "data": "YXVkaW8=", "mimeType": "audio/wav", "annotations": {"priority": 1.0}},
    {
        "type": "resource_link",
        "uri": "scripted://linked",
        "name": "linked",
        "description": "A resource that is linked.",
        "mimeType": "text/plain",
        "size": 6,
    },
    {
        "type": "resource",
        "resource": {"uri": "scripted://embedded", "mimeType": "text/plain", "text": "embedded"},
        "annotations": {"priority": 0.5},
    },
    {
        "type": "resource",
        "resource": {
            "uri": "scripted://binary",
            "mimeType": "application/octet-stream",
            "blob": "YmluYXJ5",
        },
    },
)
"""What the tool of a scripted server answers with: every kind of content that a result can have."""
TEXT = "a plain text, not JSON"
"""The text of the REST service with other shapes than JSON."""

SHOW_REQUEST = "show the request"
"""The message that the model server answers with the request."""
SHOW_CALL = "show the call"
"""The message that the model server answers with the whole call: its path, its query, its key and the request."""
REFUSE = "refuse this"
"""The message with which the model server refuses a request."""
QUERY = "query"
"""The member of what a scripted server received that is the query of the request."""
