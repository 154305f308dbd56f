"""Credentials and scopes of the backends. Importing this module loads no server."""

from __future__ import annotations

OAUTH_CLIENT_ID = "loadtest"
OAUTH_CLIENT_SECRET = "known-to-everybody"  # noqa: S105 - valid only for this provider on loopback
MCP_SCOPE = "mcp:read"
"""The scope of a token for the protected MCP server."""
OPENID_SCOPES = "openid profile email"
"""The scopes of a sign-in."""
