"""Connections: reuse, certificate authorities, concurrency limits."""
