"""A gateway that outlives the command that booted it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import psutil
import pytest
import requests
from bench import stub_home
from eventually import until
from processes import gone
from supported import OLDEST, RUNNABLE

from loadtest.core.errors import UsageError
from loadtest.gateway import (
    BootError,
    RunningGateway,
    boot_detached,
    booted,
    parse_source,
    read_state,
    status,
    stop_detached,
)
from loadtest.gateway.install.source import Source
from loadtest.gateway.process.daemon import DaemonState
from loadtest.gateway.process.detached import SUPERVISOR
from loadtest.gateway.process.identity import started_after
from loadtest.scenarios.source import read_sources

FILE = SUPERVISOR.file
BACKEND = Path(__file__).parents[2] / "support" / "words_backend.py"


def processes(gateway: RunningGateway) -> list[psutil.Process]:
    """The gateway, the backends, and their reapers."""
    held = [psutil.Process(pid) for pid in (gateway.pid, gateway.backends_pid) if pid]
    return held + [process.parent() or process for process in held]


def supervisor(home: Path) -> int:
    return msgspec.json.decode((home / FILE).read_bytes(), type=DaemonState[RunningGateway]).pid


REAL = pytest.param(OLDEST, marks=[pytest.mark.real, pytest.mark.nightly])
"""A real gateway; on every change a stub is booted, which takes seconds less."""


@pytest.fixture(params=[RUNNABLE, REAL])
def source(request: pytest.FixtureRequest) -> Source:
    return parse_source(request.param)


@pytest.fixture
def own_home(request: pytest.FixtureRequest, source: Source, tmp_path: Path) -> Iterator[Path]:
    if request.node.get_closest_marker("real"):
        for name in ("gateways", "templates"):
            (tmp_path / name).symlink_to(request.getfixturevalue("home") / name)
    else:
        stub_home(tmp_path)
    yield tmp_path
    stop_detached(tmp_path)


def write_state(home: Path, started: float) -> None:
    """Write the state of a supervisor that has the ID of this process."""
    state = DaemonState(running=ATTACHED, pid=os.getpid(), started=started, children=())
    (home / FILE).write_bytes(msgspec.json.encode(state))


def test_boot_use_and_stop(source: Source, own_home: Path) -> None:
    backend = own_home / "mine" / "backends" / "words.py"
    backend.parent.mkdir(parents=True)
    shutil.copy(BACKEND, backend)
    (own_home / "mine" / "words.py").write_text("")
    gateway = boot_detached(source, home=own_home, custom=read_sources([str(own_home / "mine")]))
    assert gateway.backends.urls["words"] == "http://127.0.0.1:9/words"
    assert requests.get(f"{gateway.host}/health", timeout=10).ok
    assert (own_home / FILE).stat().st_mode & 0o077 == 0
    assert read_state(own_home) == gateway
    assert status(own_home).startswith(f"{source.text} runs at {gateway.host} (version ")
    assert until(lambda: len(gateway.samples(time.monotonic())) >= 2)
    assert all(backend.up for backend in gateway.backend_states())
    with pytest.raises(UsageError, match=f"runs at {gateway.host}: stop it first"):
        boot_detached(source, home=own_home)

    held = processes(gateway)
    # Another run in the same home neither disturbs it nor removes its directory.
    with pytest.raises(BootError), booted(source, home=own_home, environ={}, boot_time=0.0):
        pass
    assert Path(gateway.directory or "").is_dir()

    psutil.Process(gateway.pid).kill()
    assert until(lambda: gateway.death() is not None)
    assert status(own_home) == f"{source.text} at {gateway.host} ended (signal 9)"

    assert stop_detached(own_home)
    assert not [process for process in held if process.is_running()]
    assert not list((own_home / "runs").iterdir())
    assert status(own_home) == "no gateway runs"
    assert not stop_detached(own_home)


def test_nothing_survives_a_killed_supervisor(source: Source, own_home: Path) -> None:
    gateway = boot_detached(source, home=own_home)
    held = processes(gateway)
    os.kill(supervisor(own_home), signal.SIGKILL)
    assert until(lambda: not any(process.is_running() for process in held))
    assert read_state(own_home) is None, "the state of a supervisor that has ended is ignored"
    assert not (own_home / FILE).exists()
    with pytest.raises(BootError), booted(source, home=own_home, environ={}, boot_time=0.0):
        pass
    assert not list((own_home / "runs").iterdir()), "the next run removes what a killed one left behind"


def test_a_port_in_use(source: Source, own_home: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        with pytest.raises(UsageError, match=f"port {port} on 127"):
            boot_detached(source, home=own_home, port=port)
    assert read_state(own_home) is None


def test_an_address_is_not_booted(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"GATEWAY=http://127\.0\.0\.1:1: runs already"):
        boot_detached(parse_source("http://127.0.0.1:1"), home=tmp_path)


def test_no_state(tmp_path: Path) -> None:
    assert read_state(tmp_path / "nowhere") is None
    assert status(tmp_path) == "no gateway runs"
    assert not stop_detached(tmp_path)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"gateway": 1}'])
def test_an_invalid_state_file(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE).write_text(text)
    with pytest.raises(UsageError, match=r"gateway\.json: is not the state of a gateway"):
        read_state(tmp_path)


def test_a_process_id_that_now_belongs_to_another_process(tmp_path: Path) -> None:
    write_state(tmp_path, started=started_after(psutil.Process()) - 3600)
    assert read_state(tmp_path) is None
    assert not stop_detached(tmp_path), "no other process is signalled"


def test_the_same_process(tmp_path: Path) -> None:
    write_state(tmp_path, started=started_after(psutil.Process()))
    assert read_state(tmp_path) == ATTACHED


@pytest.mark.parametrize("name", ["pid", "supervisor", "holder"])
def test_a_daemon_of_another_version_is_reported_and_stopped(tmp_path: Path, name: str) -> None:
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(3600)"]) as daemon:
        created = psutil.Process(daemon.pid).create_time()
        state = {name: daemon.pid, "created": created, "gateway": {"of": "another version"}}
        (tmp_path / FILE).write_text(json.dumps(state))
        threading.Thread(target=daemon.wait, daemon=True).start()
        with pytest.raises(UsageError) as raised:
            read_state(tmp_path)
        assert str(raised.value) == (
            f"{tmp_path / FILE}: was written by another version of this program, and its process {daemon.pid} runs: "
            "stop it with `loadtest boot --stop`"
        )
        assert stop_detached(tmp_path)
        assert gone(daemon.pid)
    assert not (tmp_path / FILE).exists()


def test_the_state_of_another_version_whose_daemon_ended_is_removed(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text(json.dumps({"supervisor": os.getpid(), "created": 1.5e9, "gateway": {}}))
    assert status(tmp_path) == "no gateway runs"
    assert not (tmp_path / FILE).exists()


ATTACHED = msgspec.convert(
    {
        "source": "3.0.0",
        "host": "http://127.0.0.1:1",
        "credentials": {"email": "admin@example.com"},
        "version": "3.0.0",
        "data_version": "3.0.0",
        "backends": {"urls": {}},
    },
    RunningGateway,
)
