"""Puts a fault into a real gateway from outside: Python imports this module first, from ``PYTHONPATH``.

When the gateway's application has been imported, it is wrapped in a middleware that does with each request what
``LOADTEST_FAULT`` selects. The gateway itself and other programs are unchanged.
"""

from __future__ import annotations

import asyncio
import importlib.abc
import importlib.machinery
import importlib.util
import os
import socket
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

APPLICATION = "mcpgateway.main"
KEPT = 256 << 10
"""Bytes of one piece of memory: large enough for the allocator to give it back when it is freed."""

EVERY = 4
"""Every how many requests a descriptor or a connection is left open: a usual limit is 1,024."""

SLOWER = 0.0002
"""Seconds by which each request is slower than the one before."""

BOUND = 160
"""Pieces in a cache that is full at some time."""

TOOTH = 120
"""Pieces after which all are freed at once."""

ENDLESS = "/endless"
"""The path of a stream that is never closed."""

LISTENERS = 5
"""Streams that remain open, one more every ``EVERY`` requests: too few to be growth."""

LAST = 100
"""The request in which a worker dies."""


class Fault:
    """The effect of the fault on each request."""

    def __init__(self, name: str) -> None:
        self._fault: Callable[[], float] = getattr(self, f"_{name}")
        self._kept: list[Any] = []
        self._requests = 0

    def strike(self) -> float:
        """Do harm once; return the seconds by which the request has to wait."""
        self._requests += 1
        return self._fault()

    def _memory(self) -> float:
        self._kept.append(b"\x01" * (KEPT // 2))
        return 0.0

    def _descriptors(self) -> float:
        if self._requests % EVERY == 0:
            self._kept.append(os.open(os.devnull, os.O_RDONLY))
        return 0.0

    def _connections(self) -> float:
        if self._requests % EVERY == 0:
            port = int(os.environ["LOADTEST_FAULT_PORT"])
            self._kept.append(socket.create_connection(("127.0.0.1", port)))
        return 0.0

    def _latency(self) -> float:
        return self._requests * SLOWER

    def _warms_up(self) -> float:
        if len(self._kept) < BOUND:
            self._kept.append(b"\x01" * KEPT)
        return 0.0

    def _saw_tooth(self) -> float:
        if len(self._kept) == TOOTH:
            self._kept.clear()
        self._kept.append(b"\x01" * KEPT)
        return 0.0

    def _streams(self) -> float:
        if self._requests % EVERY == 0 and len(self._kept) < LISTENERS:
            listener = socket.create_connection(("127.0.0.1", int(os.environ["PORT"])))
            listener.sendall(f"GET {ENDLESS} HTTP/1.1\r\nHost: gateway\r\n\r\n".encode())
            self._kept.append(listener)
        return 0.0

    def _restart(self) -> float:
        if self._requests == LAST:
            try:
                (Path(os.environ["TMPDIR"]) / "died").touch(exist_ok=False)
            except FileExistsError:
                return 0.0  # the other worker was first
            os._exit(1)
        return 0.0


class Faulty:
    """A middleware between server and gateway."""

    def __init__(self, app: Any, fault: Fault) -> None:
        self._app = app
        self._fault = fault

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve one request with the fault."""
        if scope["type"] == "http" and scope["path"] == ENDLESS:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b": open\n\n", "more_body": True})
            await asyncio.Event().wait()
        if scope["type"] == "http" and (wait := self._fault.strike()):
            await asyncio.sleep(wait)
        await self._app(scope, receive, send)


class _Loader(importlib.abc.Loader):
    """Loads the application as it is, then lays the middleware around it."""

    def __init__(self, loader: importlib.abc.Loader, fault: str) -> None:
        self._loader = loader
        self._fault = fault

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType | None:
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        self._loader.exec_module(module)
        module.app.add_middleware(Faulty, fault=Fault(self._fault))
        print(f"fault injected: {self._fault}", file=sys.stderr, flush=True)


class _Finder(importlib.abc.MetaPathFinder):
    """Finds the application where it is found anyway."""

    def __init__(self, fault: str) -> None:
        self._fault = fault

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname != APPLICATION:
            return None
        spec = importlib.machinery.PathFinder.find_spec(fullname, path, target)
        if spec is not None and spec.loader is not None:
            spec.loader = _Loader(spec.loader, self._fault)
        return spec


if fault := os.environ.get("LOADTEST_FAULT"):
    sys.meta_path.insert(0, _Finder(fault))
