"""``python -m loadtest.backends [SOURCE...]``: every backend, until standard input ends.

Each source is a :class:`~loadtest.scenarios.source.ScenarioSource` as JSON, with backends of custom scenarios.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from types import ModuleType

import msgspec

from loadtest.backends import CHECK, Ready, names, peers
from loadtest.core.errors import ExitCode, UsageError
from loadtest.scenarios.backends import load_backends
from loadtest.scenarios.source import ScenarioSource


async def serve(custom: Sequence[ScenarioSource]) -> None:
    """Start every backend, print their addresses, and serve until standard input ends or a signal arrives."""
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    threading.Thread(target=_watch_input, args=(loop, ended), daemon=True).start()
    async with contextlib.AsyncExitStack() as stack:
        urls: dict[str, str] = {}
        failed: dict[str, str] = {}
        for name in names():
            try:
                module = importlib.import_module(f"{peers.__name__}.{name}")
                urls[name] = await stack.enter_async_context(module.running())
            except (ImportError, OSError, RuntimeError, ValueError) as error:
                failed[name] = _line(error)
        for name, module in _loaded(custom, failed):
            try:
                urls[name] = str(await stack.enter_async_context(module.running()))
            except Exception as error:  # noqa: BLE001 - whatever a module of the user raises is its error
                failed[name] = _line(error)
        sys.stdout.buffer.write(msgspec.json.encode(Ready(urls=urls, failed=failed)) + b"\n")
        sys.stdout.flush()
        await ended.wait()


def _loaded(custom: Sequence[ScenarioSource], failed: dict[str, str]) -> Iterator[tuple[str, ModuleType]]:
    """Yield the backends of ``custom`` scenarios; add those of a source that is not valid to ``failed`` as one."""
    for source in custom:
        try:
            yield from load_backends([source])
        except UsageError as error:
            failed[source.text] = str(error)


def check(custom: Sequence[ScenarioSource]) -> int:
    """Import the backends of ``custom`` scenarios; return 2 with one line on standard error if one is not valid."""
    try:
        for _ in load_backends(custom):
            pass
    except UsageError as error:
        sys.stderr.write(f"{error}\n")
        return int(ExitCode.USAGE)
    return 0


def _line(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".replace("\n", " ")


def _watch_input(loop: asyncio.AbstractEventLoop, ended: asyncio.Event) -> None:
    while os.read(0, 4096):
        pass
    with contextlib.suppress(RuntimeError):  # the loop may be closed already
        loop.call_soon_threadsafe(ended.set)


def main(arguments: Sequence[str]) -> int:
    """Serve, or only check; return the exit code."""
    custom = [msgspec.json.decode(one, type=ScenarioSource) for one in arguments if one != CHECK]
    if CHECK in arguments:
        return check(custom)
    asyncio.run(serve(custom))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
