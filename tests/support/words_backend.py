"""A custom backend that serves nothing."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


@asynccontextmanager
async def running() -> AsyncIterator[str]:
    """Yield an address."""
    yield "http://127.0.0.1:9/words"
