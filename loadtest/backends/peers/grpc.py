"""A gRPC server with the standard health service and reflection.

Reflection: https://grpc.io/docs/guides/reflection/, health: https://grpc.io/docs/guides/health-checking/
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

from grpc import aio
from grpc_health.v1 import health, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from loadtest.backends import address

GRACE = 0.5
"""Seconds that a call may go on once the server stops."""


@contextlib.asynccontextmanager
async def running() -> AsyncIterator[str]:
    """Serve it; yields its target, ``127.0.0.1:PORT``.

    Raises:
        RuntimeError: no port could be had.
    """
    server = aio.server()
    health_pb2_grpc.add_HealthServicer_to_server(health.aio.HealthServicer(), server)
    names = (health.SERVICE_NAME, reflection.SERVICE_NAME)
    reflection.enable_server_reflection(names, server)
    port = server.add_insecure_port(f"{address()}:0")
    await server.start()
    try:
        yield f"{address()}:{port}"
    finally:
        await server.stop(GRACE)
