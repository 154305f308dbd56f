"""The real gateway: booted, federating, watched, read, stopped. A stub shows what does not depend on the gateway."""

from __future__ import annotations

import itertools
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
import requests
from bench import stub_home
from booted_versions import BOOTED_OLDEST_NIGHTLY
from eventually import until
from processes import gone
from supported import NEWEST, RUNNABLE

from loadtest.core.errors import InconclusiveError, UsageError
from loadtest.gateway import BootError, LogQuery, RunningGateway, booted, parse_source
from loadtest.gateway.environment import common_switches
from loadtest.gateway.install.installation import install
from loadtest.gateway.install.source import Pinned
from loadtest.results.target import Death
from loadtest.versions import data as versions

STUB = parse_source(RUNNABLE)


@pytest.fixture(scope="module", params=BOOTED_OLDEST_NIGHTLY)
def gateway(request: pytest.FixtureRequest, home: Path) -> Iterator[RunningGateway]:
    with booted(parse_source(request.param), home=home, environ={}) as gateway:
        yield gateway
    assert until(lambda: gone(gateway.pid or 0) and gone(gateway.backends_pid or 0))
    assert not Path(gateway.directory or "").exists()


@pytest.fixture
def api(gateway: RunningGateway) -> Iterator[requests.Session]:
    with requests.Session() as session:
        session.headers["Authorization"] = f"Bearer {gateway.credentials.bearer()}"
        yield session


@pytest.mark.real
def test_it_is_the_requested_version(gateway: RunningGateway) -> None:
    assert versions.nearest(gateway.version, versions.available()) == gateway.source == gateway.data_version
    assert gateway.death() is None
    assert [phase.name for phase in gateway.phases] == ["set-up", "boot"]
    assert gateway.record(0.0).death is None


@pytest.mark.real
def test_it_refuses_others(gateway: RunningGateway) -> None:
    source = parse_source(gateway.host)
    with (
        pytest.raises(InconclusiveError, match="refuses our token"),
        booted(
            source, home=Path(gateway.directory or "") / "home", environ={"LOADTEST_JWT_SECRET": "x" * 40}
        ),
    ):
        pass


@pytest.mark.real
def test_a_gateway_that_runs_is_used_as_it_is(gateway: RunningGateway, home: Path) -> None:
    environ = {"LOADTEST_TOKEN": gateway.credentials.bearer()}
    with booted(parse_source(gateway.host), home=home, environ=environ) as attached:
        assert (attached.version, attached.data_version) == (gateway.version, gateway.data_version)
        assert (attached.pid, attached.log_path, attached.death()) == (None, None, None)
        assert all(backend.up for backend in attached.backend_states())
    assert gateway.death() is None


@pytest.mark.real
def test_the_administrator_signs_in_with_this_runs_password(gateway: RunningGateway) -> None:
    body = {"email": gateway.credentials.email, "password": gateway.credentials.password}
    answer = requests.post(f"{gateway.host}/auth/login", json=body, timeout=10)
    assert answer.status_code == 200, answer.text
    assert answer.json()["access_token"]


@pytest.mark.real
def test_no_secret_is_seen_from_outside(gateway: RunningGateway) -> None:
    tree = [psutil.Process(pid) for pid in (gateway.pid, gateway.backends_pid) if pid]
    tree += [process.parent() or process for process in tree]
    shown = repr(gateway) + "".join(" ".join(process.cmdline()) for process in tree)
    assert len(gateway.secrets) >= 4
    assert not [secret for secret in gateway.secrets if secret in shown]
    assert Path(gateway.directory or "").stat().st_mode & 0o077 == 0


@pytest.mark.real
def test_its_tree_is_sampled(gateway: RunningGateway) -> None:
    assert until(lambda: len(gateway.samples(time.monotonic())) >= 3)
    samples = gateway.samples(time.monotonic())
    assert all(earlier.cpu <= later.cpu for earlier, later in itertools.pairwise(samples))
    last = samples[-1]
    assert last.rss > 100 << 20
    assert last.cpu > 1
    assert last.threads >= last.processes >= 1
    assert last.descriptors > 5
    assert -5 < last.at <= 0


@pytest.mark.real
def test_it_federates_the_mcp_backend(gateway: RunningGateway, api: requests.Session) -> None:
    body = {"name": "lt-boot", "url": gateway.backends.urls["mcp"], "transport": "STREAMABLEHTTP"}
    registered = api.post(f"{gateway.host}/gateways", json=body, timeout=30)
    assert registered.status_code == 200, registered.text

    def rpc(method: str, **params: object) -> dict[str, object]:
        message = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        answer: dict[str, object] = api.post(f"{gateway.host}/rpc", json=message, timeout=30).json()
        assert "error" not in answer, answer
        result = answer["result"]
        assert isinstance(result, dict)
        return result

    try:
        called = rpc("tools/call", name="lt-boot-echo", arguments={"text": "grüße"})
        assert called["content"] == [{"type": "text", "text": "grüße"}]
        assert called["isError"] is False
        assert rpc("tools/call", name="lt-boot-fail", arguments={})["isError"] is True
        zones = {"time": "2026-01-01T12:00:00", "source_timezone": "UTC", "target_timezone": "Asia/Tokyo"}
        converted = rpc("tools/call", name="lt-boot-convert-time", arguments=zones)
        assert "2026-01-01T21:00:00+09:00" in str(converted["content"])
        assert "hello from the load test" in str(rpc("resources/read", uri="note://hello"))
        assert "hello bob" in str(rpc("resources/read", uri="greeting://bob"))
        assert rpc("prompts/get", name="lt-boot-greet", arguments={"name": "bob"})["messages"]
    finally:
        deleted = api.delete(f"{gateway.host}/gateways/{registered.json()['id']}", timeout=30)
    assert deleted.status_code == 200
    backend = next(state for state in gateway.backend_states() if state.name == "mcp")
    assert backend.up
    assert (backend.cpu_seconds or 0) > 0


@pytest.mark.real
def test_the_lines_of_a_request_are_found(gateway: RunningGateway, api: requests.Session) -> None:
    name = "lt-evidence-1"
    message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "nope", "arguments": {}}}
    answer = api.post(f"{gateway.host}/rpc", json=message, headers={"X-Correlation-ID": name}, timeout=30)
    assert answer.headers["X-Correlation-ID"] == name
    request = LogQuery(name, "POST", "/rpc", time.time())
    assert until(lambda: any("Tool not found: nope" in line for line in gateway.lines_of([request])[name]))


@pytest.mark.real
def test_the_traceback_of_a_crash_is_found(gateway: RunningGateway, api: requests.Session) -> None:
    path = "/admin/tags"  # no response of its own fits its declared model, on both versions
    answer = api.get(f"{gateway.host}{path}", headers={"X-Correlation-ID": "lt-evidence-2"}, timeout=30)
    assert answer.status_code == 500
    request = LogQuery("lt-evidence-2", "GET", path, time.time())
    assert until(
        lambda: any(
            "ResponseValidationError" in line for line in gateway.lines_of([request])["lt-evidence-2"]
        )
    )
    lines = gateway.lines_of([request])["lt-evidence-2"]
    assert any(line.strip().startswith('File "mcpgateway/') for line in lines)
    assert not any("site-packages" in line for line in lines)
    other = LogQuery("lt-evidence-3", "GET", "/tools", time.time())
    assert gateway.lines_of([other]) == {"lt-evidence-3": ()}


@pytest.mark.real
def test_the_copied_log_holds_no_secret(
    gateway: RunningGateway, api: requests.Session, tmp_path: Path
) -> None:
    api.get(f"{gateway.host}/tools?token=hunter22hunter22", timeout=30)
    gateway.copy_log(tmp_path / "gateway.log")
    copied = (tmp_path / "gateway.log").read_text()
    assert "Uvicorn running" in copied
    assert "hunter22" not in copied
    assert not [secret for secret in (*gateway.secrets, gateway.credentials.bearer()) if secret in copied]


def names_in(version: str, home: Path) -> set[str]:
    """Return the settings of a version, and all names in its source that a plugin or its HTTP client may read."""
    source = parse_source(version)
    assert isinstance(source, Pinned)
    command = [install(source, home).python, Path(__file__).with_name("names_in_source.py")]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=home, env={})
    return set(done.stdout.split())


@pytest.mark.real
@pytest.mark.parametrize("version", BOOTED_OLDEST_NIGHTLY)
def test_every_setting_of_a_version_is_known_to_it(home: Path, version: str) -> None:
    """A setting with a typing error would have no effect."""
    assert not set(versions.load(version).environment) - names_in(version, home)


@pytest.mark.real
@pytest.mark.nightly  # needs the installation of every version
def test_every_common_switch_is_known_to_a_version(home: Path) -> None:
    names = set().union(*(names_in(version, home) for version in versions.available()))
    assert not {switch.name for switch in common_switches()} - names


@pytest.fixture
def own_home(tmp_path: Path) -> Path:
    """A LOADTEST_HOME whose gateway is the stub."""
    stub_home(tmp_path / "home")
    return tmp_path / "home"


def test_a_port_that_is_taken(own_home: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        with (
            pytest.raises(UsageError, match=rf"port {port} on 127\.0\.0\.1 cannot be used .*expected a free"),
            booted(STUB, home=own_home, port=port, environ={}),
        ):
            pass


@pytest.mark.real
def test_the_error_of_a_gateway_that_ends_while_booting(home: Path, tmp_path: Path) -> None:
    copy = tmp_path / "gateway.log"
    with (
        pytest.raises(BootError, match=r"ended \(exit status 1\) after [\d.]+ s of booting") as error,
        booted(
            parse_source(NEWEST), home=home, environ={}, overrides={"TOOL_TIMEOUT": "soon"}, log_copy=copy
        ),
    ):
        pass
    assert "tool_timeout" in "\n".join(error.value.log_tail)
    assert "tool_timeout" in copy.read_text()
    assert "\n" not in str(error.value)


def test_a_gateway_that_takes_too_long(tmp_path: Path) -> None:
    own_home = tmp_path / "home"
    stub_home(own_home).joinpath("stub.json").write_text('{"never serves": true}')
    with (
        pytest.raises(BootError, match=r"did not answer on /health within 0\.2 s"),
        booted(STUB, home=own_home, environ={}, boot_time=0.2),
    ):
        pass
    assert not list((own_home / "runs").iterdir())


def test_the_exit_of_a_gateway_is_reported(own_home: Path, tmp_path: Path) -> None:
    copy = tmp_path / "gateway.log"
    with booted(STUB, home=own_home, environ={}, log_copy=copy) as gateway:
        start = time.monotonic()
        psutil.Process(gateway.pid).kill()
        assert until(lambda: gateway.death() is not None)
        record = gateway.record(start)
        assert record.death is not None
        assert record.death == Death(at=record.death.at, signal=9)
        assert 0 <= record.death.at < 5
        assert record.log_tail
    assert "stub gateway is starting" in copy.read_text()
