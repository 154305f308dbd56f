"""``python -m loadtest.backends``: every backend, until standard input ends."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import os
import pkgutil
import signal
import sys
import threading

import msgspec

from loadtest.backends import Ready, peers


async def serve() -> None:
    """Start every backend, print their addresses, and serve until standard input ends or a signal arrives."""
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    threading.Thread(target=_watch_input, args=(loop, ended), daemon=True).start()
    async with contextlib.AsyncExitStack() as stack:
        urls: dict[str, str] = {}
        failed: dict[str, str] = {}
        for name in sorted(module.name for module in pkgutil.iter_modules(peers.__path__)):
            try:
                module = importlib.import_module(f"{peers.__name__}.{name}")
                urls[name] = await stack.enter_async_context(module.running())
            except (ImportError, OSError, RuntimeError, ValueError) as error:
                failed[name] = f"{type(error).__name__}: {error}".replace("\n", " ")
        sys.stdout.buffer.write(msgspec.json.encode(Ready(urls=urls, failed=failed)) + b"\n")
        sys.stdout.flush()
        await ended.wait()


def _watch_input(loop: asyncio.AbstractEventLoop, ended: asyncio.Event) -> None:
    while os.read(0, 4096):
        pass
    with contextlib.suppress(RuntimeError):  # the loop may be closed already
        loop.call_soon_threadsafe(ended.set)


if __name__ == "__main__":
    asyncio.run(serve())
