"""User classes for MCP over JSON-RPC, streamable HTTP, SSE and WebSocket."""
