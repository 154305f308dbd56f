"""Boot a gateway with its backends, and stop both at the end of the block."""

from __future__ import annotations

import contextlib
import http
import http.client
import json
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from loadtest import backends
from loadtest.backends.settings import CATALOG_WITH_KEY
from loadtest.client.auth import credentials as credentials_from
from loadtest.client.session import connect
from loadtest.core.errors import BootError
from loadtest.core.signals import stop_request
from loadtest.gateway import logs
from loadtest.gateway.boot_failure import reason_in
from loadtest.gateway.database import database_provider
from loadtest.gateway.environment import gateway_environment, new_secrets, secret_values
from loadtest.gateway.install.installation import Installation, install
from loadtest.gateway.install.manifest import read_manifest
from loadtest.gateway.install.source import Pinned, Running, Source
from loadtest.gateway.monitor.connections import Peers
from loadtest.gateway.monitor.process_sampler import ProcessSampler
from loadtest.gateway.monitor.sample_files import MEMBERS, SAMPLES
from loadtest.gateway.monitor.storage_sampler import StorageSampler, write_limits
from loadtest.gateway.overrides import check_overrides, secrets_of, shown, unread
from loadtest.gateway.ports import require_free, reserved_ports
from loadtest.gateway.process.program import Program
from loadtest.gateway.running import BACKENDS_LIFE, BACKENDS_LOG, GATEWAY_LIFE, GATEWAY_LOG, RunningGateway
from loadtest.gateway.workspace import LOOPBACK, Workspace, run_directory
from loadtest.results.deployment import Deployment, declared_deployment
from loadtest.results.run import Phase
from loadtest.scenarios.source import ScenarioSource
from loadtest.versions import data as versions

GUNICORN = Path(__file__).parent / "gunicorn_settings.py"
APPLICATION = "mcpgateway.main:app"

BOOT_TIMEOUT = 120.0
"""Seconds in which a gateway must answer."""

BACKENDS_TIMEOUT = 20.0
"""Seconds in which the backends must answer; they start together with the gateway."""

POLL = 0.05
"""Seconds between two checks whether the gateway answers."""


@contextlib.contextmanager
def booted(source: Source, **options: Any) -> Iterator[RunningGateway]:
    """Install, migrate and boot ``source`` with the backends; everything is stopped at the end of the block.

    Options and exceptions are those of :func:`starting`.
    """
    with starting(source, **options) as boot:
        yield boot.wait()


class Boot(NamedTuple):
    """A gateway that boots."""

    wait: Callable[[], RunningGateway]
    """Waits until it is up, and returns it."""
    begin_stop: Callable[[], None]
    """Asks it to end without waiting, so that several end at the same time; the end of the block waits."""


@contextlib.contextmanager
def starting(
    source: Source,
    *,
    home: Path,
    port: int | None = None,
    database: str | None = None,
    environ: Mapping[str, str] | None = None,
    overrides: Mapping[str, str] | None = None,
    log_copy: Path | None = None,
    install_log: Path | None = None,
    boot_time: float = BOOT_TIMEOUT,
    custom: Sequence[ScenarioSource] = (),
) -> Iterator[Boot]:
    """Install, migrate and start ``source`` with the backends; everything is stopped at the end of the block.

    The block need not wait until the gateway is up, so that several can boot at once.

    ``home`` is LOADTEST_HOME. If ``port`` is None, a free one is used. ``database`` is ``postgres`` for the services
    that run for ``home``; for a running gateway it declares what the gateway uses. ``environ`` (os.environ if None)
    provides ``DATABASE_URL`` and ``REDIS_URL``, which override ``database``, the number of workers, and the
    credentials of a running gateway. ``overrides`` are settings that override those of the version. The redacted log
    is written to ``log_copy`` at the end of the block, after a failed boot, too. The installer's output is written to
    ``install_log``, see :func:`loadtest.gateway.install.installation.install`. ``boot_time`` is in seconds. The
    backends of ``custom`` scenarios are started as well.

    Raises:
        UsageError: the port is in use, no services run, the version has no lock, ``log_copy`` cannot be written.
        InstallError: the gateway cannot be installed.
        BootError: it ended while booting, or did not answer in time.
        InconclusiveError: it does not answer, rejects the token, or its migrations fail.
    """
    environ = os.environ if environ is None else environ
    overrides = overrides or {}
    check_overrides(overrides, source)
    started = time.monotonic()
    home = home.resolve()
    with contextlib.ExitStack() as stack:
        directory = stack.enter_context(run_directory(home))
        if isinstance(source, Running):
            deployment = declared_deployment(database, environ)
            peers = stack.enter_context(_backends(directory, {}, custom))
            yield Boot(
                lambda: _attached(source, directory, peers, deployment, environ, started), lambda: None
            )
            return
        if port is not None:
            require_free(port)
        provider = database_provider(database, home, environ)
        installation = install(source, home, install_log)
        notes = unread(overrides, read_manifest(installation).settings) if overrides else ()
        free_port, *backend_ports = stack.enter_context(reserved_ports(1 + len(backends.RESERVED)))
        workspace = stack.enter_context(
            provider.provide(
                Workspace(
                    directory,
                    port or free_port,
                    ports=dict(zip(backends.RESERVED, backend_ports, strict=True)),
                ),
                installation,
                source.data,
            )
        )
        _write_old_log(directory / "logs")
        secrets = new_secrets()
        masked = (*secret_values(workspace, secrets), *secrets_of(overrides))
        log_path = directory / GATEWAY_LOG
        if log_copy is not None:
            stack.callback(logs.copy_log, log_path, log_copy, masked)
        set_up = time.monotonic()
        peers = stack.enter_context(_backends(directory, workspace.ports, custom))
        program = stack.enter_context(
            Program(
                _command(installation, workspace),
                environment=gateway_environment(workspace, secrets, source.data) | dict(overrides),
                directory=directory,
                output=log_path,
                life=directory / GATEWAY_LIFE,
            )
        )
        connection_peers = Peers.of(workspace.port, workspace.database_url, workspace.redis_url)
        stack.enter_context(
            ProcessSampler(
                program.pid, directory / SAMPLES, members=directory / MEMBERS, peers=connection_peers
            )
        )

        def wait() -> RunningGateway:
            _wait_until_healthy(program, workspace, log_path, masked, boot_time)
            write_limits(program.pid, workspace)
            stack.enter_context(StorageSampler(program.pid, workspace, log_path))
            switches = source.data.version
            pinned = source.data if isinstance(source, Pinned) else None
            session = connect(workspace.url, secrets.credentials, data=pinned)
            data = session.data.version if session.data else switches
            ready = _wait_until_ready(peers, directory)
            _write_catalog(directory / "catalog.yml", ready)
            return RunningGateway(
                source=source.text,
                host=workspace.url,
                credentials=secrets.credentials,
                version=session.version,
                data_version=data,
                switches=None if data == switches else switches,
                backends=ready,
                directory=str(directory),
                pid=program.pid,
                backends_pid=peers.pid,
                deployment=workspace.deployment,
                phases=(
                    Phase(name="set-up", seconds=round(set_up - started, 3)),
                    Phase(name="boot", seconds=round(time.monotonic() - set_up, 3)),
                ),
                changed=shown(overrides),
                notes=(*installation.notes, *_other_data(data, switches), *notes),
                secrets=masked,
            )

        yield Boot(wait, program.begin_stop)


def _command(installation: Installation, workspace: Workspace) -> list[str]:
    if workspace.workers > 1:
        settings = ["--config", str(GUNICORN), "--workers", str(workspace.workers)]
        address = f"{LOOPBACK}:{workspace.port}"
        return [str(installation.python), "-m", "gunicorn", *settings, "--bind", address, APPLICATION]
    program = installation.directory / "bin" / "mcpgateway"
    return [str(program), "--host", LOOPBACK, "--port", str(workspace.port)]


def _backends(directory: Path, ports: Mapping[str, int], custom: Sequence[ScenarioSource]) -> Program:
    """Start the backends without waiting for them; the gateway boots meanwhile."""
    passed = ("PATH", "PYTHONPATH", "HOME", "LANG", "TZDIR", "LOADTEST_BACKENDS_ADDRESS")
    return Program(
        backends.command(custom),
        environment={name: os.environ[name] for name in passed if name in os.environ}
        | {backends.port_variable(name): str(port) for name, port in ports.items()},
        directory=directory,
        output=directory / BACKENDS_LOG,
        life=directory / BACKENDS_LIFE,
        grace=2.0,
    )


def _wait_until_ready(peers: Program, directory: Path) -> backends.Ready:
    """Wait for the backends; those that do not start are listed in the result and do not end the run."""
    output = directory / BACKENDS_LOG
    stop = stop_request()
    deadline = time.monotonic() + BACKENDS_TIMEOUT
    while time.monotonic() < deadline and peers.death() is None:
        ready = backends.read_ready(output.read_text(encoding="utf-8", errors="replace"))
        if ready is not None:
            return ready
        stop.pause(POLL)
    last = (logs.tail(output, lines=1) or ("no output",))[0]
    return backends.Ready(urls={}, failed={"backends": f"did not start: {last}"})


def _wait_until_healthy(
    program: Program, workspace: Workspace, log_path: Path, masked: tuple[str, ...], boot_time: float
) -> None:
    start = time.monotonic()
    stop = stop_request()
    while (past := time.monotonic() - start) < boot_time:
        if (death := program.death()) is not None:
            lines = logs.tail(log_path, masked)
            why = f": {reason}" if (reason := reason_in(lines)) else ""
            raise BootError(f"the gateway ended{death.how} after {past:.1f} s of booting{why}", lines)
        if _healthy(workspace.port):
            return
        stop.pause(POLL)
    raise BootError(
        f"the gateway did not answer on /health within {boot_time:g} s", logs.tail(log_path, masked)
    )


def _healthy(port: int) -> bool:
    """Return whether the gateway answers, without a proxy that the environment may name."""
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=5.0)
    try:
        connection.request("GET", "/health")
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _write_old_log(folder: Path) -> None:
    """Write a rotated log for the gateway to serve: a file that does not grow while it is sent."""
    folder.mkdir()
    lines = (f"2026-01-01T00:00:{second:02} INFO an earlier line\n" for second in range(60))
    (folder / "gateway-pages.old.log").write_text("".join(lines), encoding="utf-8")


def _write_catalog(path: Path, ready: backends.Ready) -> None:
    """Write the registry's list of servers as JSON, which is valid YAML: the backends of this run.

    A gateway stores loopback addresses as ``localhost`` and recognises a server of the list only by that name.
    """
    address = ready.urls.get("mcp_small", "").replace("127.0.0.1", "localhost")
    servers = [
        {
            "id": f"loadtest-{number}",
            "name": f"Load test {number}",
            "category": "Testing",
            "url": f"{address}?catalog={number}",
            "auth_type": "Open",
            "provider": "loadtest",
            "description": "A backend of the load test.",
            "transport": "STREAMABLEHTTP",
            "tags": ["loadtest"],
        }
        for number in range(100 if address else 0)
    ]
    if address:
        # Last, so that it is on no page of the others: a server that no scenario federates.
        own = {"id": "loadtest-key", "name": CATALOG_WITH_KEY, "url": f"{address}?catalog=key"}
        servers.append({**servers[0], **own, "auth_type": "API Key"})
    path.write_text(json.dumps({"catalog_servers": servers}), encoding="utf-8")


def _other_data(data: str, switches: str) -> tuple[str, ...]:
    """Return a note if the gateway was booted with the settings of one version and judged by the data of another."""
    if data == switches:
        return ()
    return (f"booted with the settings of {switches}; the data of {data} applies, whose contract is closest",)


def _attached(
    source: Running,
    directory: Path,
    peers: Program,
    deployment: Deployment,
    environ: Mapping[str, str],
    started: float,
) -> RunningGateway:
    """Return the gateway that runs at an address, once it has accepted the token. The backends run here."""
    credentials = credentials_from(environ)
    session = connect(source.url, credentials)
    return RunningGateway(
        source=source.text,
        host=source.url,
        credentials=credentials,
        version=session.version,
        data_version=session.data.version if session.data else versions.available()[0],
        backends=_wait_until_ready(peers, directory),
        backends_pid=peers.pid,
        deployment=deployment,
        phases=(Phase(name="boot", seconds=round(time.monotonic() - started, 3)),),
        secrets=credentials.secrets(),
    )
