"""Protocols above HTTP: JSON-RPC, server-sent events and WebSocket."""
