"""A stub gateway that is already running, as ``--gateway URL`` finds one."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests
from supported import RUNNABLE

SECRET = "the-signing-secret-of-the-stub-gateway"
INTENDED = 'removed = [{ operations = "*", reason = "the stub offers only what the tests call" }]\n'
"""Known failures of a run on the stub: every operation that it does not have."""
WITHIN = 30.0
"""Seconds within which the stub responds."""


@dataclass(frozen=True)
class StubServer:
    """Its address, the secret that signs its tokens, and the file that directs its behaviour."""

    host: str
    behaviour: Path
    secret: str = SECRET

    def behave(self, **how: Any) -> None:
        """Change its behaviour from the next request on; it keeps refusing tokens that are not its own."""
        new = self.behaviour.with_suffix(".new")
        new.write_text(json.dumps({"secret": self.secret, **how}))
        new.replace(self.behaviour)


@contextlib.contextmanager
def stub_server(directory: Path) -> Iterator[StubServer]:
    """Run a stub gateway on a free port of loopback; its files are in ``directory``."""
    programs = directory / "bin"
    programs.mkdir(parents=True)
    (programs / "version.txt").write_text(RUNNABLE)
    program = Path(shutil.copy(Path(__file__).with_name("stub_gateway.py"), programs))
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = StubServer(f"http://127.0.0.1:{port}", directory / "stub.json")
    server.behave()
    command = [sys.executable, "-I", "-S", str(program), "--host", "127.0.0.1", "--port", str(port)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, start_new_session=True) as process:
        try:
            _wait(server.host, process)
            yield server
        finally:
            # A child of the stub is in the same group, and must not outlive the test.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def _wait(host: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + WITHIN
    while process.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(requests.ConnectionError):
            requests.get(f"{host}/health", timeout=5)
            return
        time.sleep(0.02)
    raise AssertionError(f"the stub gateway at {host} does not respond")
