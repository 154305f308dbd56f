"""The address given to ``loadtest`` is the only one that receives requests, however Locust is configured."""

from __future__ import annotations

import http.server
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import in_process
import pytest
import requests
from command import until
from supported import NEWEST

from loadtest.app.locust_process import LOCUSTFILE
from loadtest.results.run import read_run

TOKEN = "a-token-for-one-gateway-only"
TIMEOUT = 60.0


class Refusing(http.server.ThreadingHTTPServer):
    """Answers 401 and keeps the headers of everything that it is asked."""

    def __init__(self) -> None:
        self.asked: list[Mapping[str, str]] = []
        super().__init__(("127.0.0.1", 0), _Handler)
        self.address = f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(http.server.BaseHTTPRequestHandler):
    server: Refusing

    def do_GET(self) -> None:
        self.server.asked.append(dict(self.headers))
        self.send_response(401)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Print nothing."""


@pytest.fixture
def servers() -> Iterator[tuple[Refusing, Refusing]]:
    both = Refusing(), Refusing()
    threads = [threading.Thread(target=one.serve_forever, kwargs={"poll_interval": 0.02}) for one in both]
    for thread in threads:
        thread.start()
    yield both
    for one, thread in zip(both, threads, strict=True):
        one.shutdown()
        one.server_close()
        thread.join()


Command = Callable[..., tuple[int, str]]


@pytest.fixture
def loadtest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Command:
    """Run the command in this process, in an empty directory; return its exit code and its output with Locust's."""
    monkeypatch.chdir(tmp_path)
    for name in os.environ:
        if name.startswith(("LOADTEST_", "LOCUST_", "GATEWAY")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("LOADTEST_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("LOADTEST_TOKEN", TOKEN)

    def run(*arguments: str, **more: str) -> tuple[int, str]:
        for name, value in more.items():
            monkeypatch.setenv(name, value)
        code = in_process.run(*arguments)
        return code, "".join(capfd.readouterr())

    return run


@pytest.mark.parametrize(
    ("verb", "given"),
    [("run", "--gateway"), ("run", "LOADTEST_HOST"), ("drive", "LOADTEST_HOST"), ("drive", "GATEWAY")],
)
def test_the_address_that_was_given_wins(
    loadtest: Command, tmp_path: Path, servers: tuple[Refusing, Refusing], verb: str, given: str
) -> None:
    ours, other = servers
    (tmp_path / "locust.conf").write_text(f"host = {other.address}\nworker = true\nheadless = false\n")
    (tmp_path / ".locust.conf").write_text(f"host = {other.address}\nmaster = true\n")
    more = {"LOCUST_HOST": other.address, "LOCUST_MODE_WORKER": "true", "LOCUST_HEADLESS": "false"}
    option = (given, ours.address) if given.startswith("--") else ()
    if not option:
        more[given] = ours.address
    code, shown = loadtest(verb, *option, "-t", "2s", **more)
    assert code == 3, shown
    assert "refuses our token" in shown
    # `drive` reads the contract itself as well, for operations without a scenario.
    connections = 2 if verb == "drive" else 1
    assert [headers["Authorization"] for headers in ours.asked] == [f"Bearer {TOKEN}"] * connections
    assert other.asked == []


@pytest.mark.parametrize(
    ("verb", "arguments", "more"),
    [
        ("run", ("--", "--host", "{other}"), {"LOADTEST_HOST": "{ours}"}),
        ("run", ("--", "-H{other}"), {}),
        ("run", ("--gateway", NEWEST), {"LOADTEST_HOST": "{ours}"}),
        ("run", ("--gateway", "{other}"), {"LOADTEST_HOST": "{ours}"}),
        ("drive", ("--", "--ho={other}"), {"LOADTEST_HOST": "{ours}"}),
        ("drive", ("--", "--worker"), {"LOADTEST_HOST": "{ours}"}),
        ("drive", (), {"LOADTEST_HOST": "{ours}", "GATEWAY": "{other}"}),
        ("drive", (), {"LOADTEST_HOST": "http://user:hunter22@127.0.0.1:1"}),
        ("drive", (), {"LOCUST_HOST": "http://user:hunter22@127.0.0.1:1"}),
        ("drive", (), {"LOADTEST_HOST": "http://[::1"}),
        ("work", ("--", "-H", "{other}"), {"LOADTEST_MASTER_HOST": "127.0.0.1"}),
    ],
)
def test_a_conflict_is_one_line(
    loadtest: Command,
    servers: tuple[Refusing, Refusing],
    verb: str,
    arguments: tuple[str, ...],
    more: Mapping[str, str],
) -> None:
    ours, other = servers
    names = {"ours": ours.address, "other": other.address}
    code, errors = loadtest(
        verb,
        *(argument.format_map(names) for argument in arguments),
        **{name: value.format_map(names) for name, value in more.items()},
    )
    assert code == 2
    assert errors.splitlines()[-1].startswith("loadtest: ")
    assert "hunter22" not in errors
    assert ours.asked == other.asked == []


def test_locusts_own_address_is_used_where_none_was_given(
    loadtest: Command, tmp_path: Path, servers: tuple[Refusing, Refusing]
) -> None:
    ours, _ = servers
    (tmp_path / "locust.conf").write_text(f"host = {ours.address}\n")
    code, shown = loadtest("drive", "-t", "2s")
    assert code == 3, shown
    assert len(ours.asked) == 2


def test_the_web_page_serves_this_machine_alone_and_tests_nothing_else(
    tmp_path: Path, servers: tuple[Refusing, Refusing]
) -> None:
    ours, other = servers
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    environment = {
        "PATH": os.environ["PATH"],
        "LOADTEST_HOME": str(tmp_path / "home"),
        "LOADTEST_TOKEN": TOKEN,
        "LOADTEST_HOST": ours.address,
        "LOCUST_WEB_PORT": str(port),
    }
    command = [sys.executable, "-m", "loadtest", "drive", "--ui", "--reports-dir", str(tmp_path / "reports")]
    with subprocess.Popen(
        command, env=environment, cwd=tmp_path, stderr=subprocess.DEVNULL, text=True
    ) as process:
        try:
            page = f"http://127.0.0.1:{port}"
            until(lambda: _connects("127.0.0.1", port), "the page is there", process)
            assert not _connects("127.0.0.2", port)
            form = {"user_count": "1", "spawn_rate": "1"}
            with requests.Session() as browser:
                browser.trust_env = False
                for headers, host in (
                    ({"Origin": "http://evil.example"}, ours.address),
                    ({"Host": f"evil.example:{port}"}, ours.address),
                    ({}, other.address),
                ):
                    refused = browser.post(f"{page}/swarm", data=form | {"host": host}, headers=headers)
                    assert refused.status_code == 403, refused.text
                assert ours.asked == other.asked == []
                begun = browser.post(f"{page}/swarm", data=form | {"host": ours.address})
                assert begun.json()["success"] is True
            until(lambda: bool(ours.asked), "the load begins", process)
        finally:
            process.terminate()
            process.wait(TIMEOUT)
    assert [headers["Authorization"] for headers in ours.asked] == [f"Bearer {TOKEN}"]
    assert other.asked == []
    run = read_run(tmp_path / "reports" / "run.json")
    assert run.settings.host == ours.address


def _connects(host: str, port: int) -> bool:
    try:
        with socket.create_connection((host, port), timeout=1):
            return True
    except OSError:
        return False


def test_locust_started_without_the_command_compares_too(
    tmp_path: Path, servers: tuple[Refusing, Refusing]
) -> None:
    ours, other = servers
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "locust",
            "-f",
            str(LOCUSTFILE),
            "--headless",
            "-t",
            "2s",
            "-H",
            other.address,
        ],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "LOADTEST_HOST": ours.address, "LOADTEST_TOKEN": TOKEN},
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )
    assert done.returncode == 2, done.stdout + done.stderr
    assert f"--host={other.address}: the address under test is {ours.address}" in done.stderr
    assert ours.asked == other.asked == []


def test_a_load_of_the_web_page_has_no_generated_calls(loadtest: Command) -> None:
    code, shown = loadtest("drive", "--ui", "--generated-only")
    assert code == 2
    assert "--generated-only: expected a load without --ui" in shown
