"""Bad input ends in one clear line and the exit code that the documents promise."""

from __future__ import annotations

import http.server
import json
import os
import resource
import shutil
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import in_process
import pytest
from supported import NEWEST

from loadtest.core import files
from loadtest.core.errors import ExitCode
from loadtest.versions import data as versions

RUN = Path(__file__).parents[1] / "data" / "clean.json"
Command = Callable[..., tuple[int, str]]


@pytest.fixture(autouse=True)
def _directory_and_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Run in an empty directory, without settings."""
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name.startswith(("LOADTEST_", "GATEWAY")):
            monkeypatch.delenv(name)


@pytest.fixture
def loadtest(capsys: pytest.CaptureFixture[str]) -> Command:
    """Run the command in this process; return its exit code and its error messages."""

    def run(*arguments: str) -> tuple[int, str]:
        code = in_process.run(*arguments)
        return code, capsys.readouterr().err

    return run


def one_line(stderr: str) -> str:
    lines = stderr.strip().splitlines()
    assert len(lines) == 1, stderr
    assert lines[0].startswith("loadtest: ")
    return lines[0]


def test_a_worker_that_could_not_sign_in_does_not_begin(loadtest: Command) -> None:
    code, stderr = loadtest("work", "--master-host", "127.0.0.1")
    assert code == 2
    assert stderr.splitlines()[-1].startswith("loadtest: LOADTEST_TOKEN or LOADTEST_JWT_SECRET: expected one")


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("run", "--gateway", "9.9.9"), f"unknown gateway '9.9.9': expected {NEWEST}, "),
        (("run", "--gateway", "path:/nowhere"), "/nowhere"),
        (("run", "--gateway", "http://user:pass@host"), "expected no user in the address"),
        (("run", "--set", "UI"), "--set: 'UI': expected NAME=VALUE"),
        (("boot", "--set", "PORT=1"), "--set PORT: cannot be set, the load test controls it: "),
        (("run", "--set", "database_url=x"), "--set DATABASE_URL: cannot be set"),
        (("run", "--set", "A=1", "--gateway", "http://127.0.0.1:1"), "runs already and is not booted"),
        (("boot", "--set", "A=1", "--gateway", "http://127.0.0.1:1"), "runs already and is not booted"),
        (("run", "--master"), "--master: expected LOADTEST_HOST=http://"),
        (
            ("run", "--master", "--gateway", NEWEST),
            "a gateway that is booted for a run is reachable from this machine only",
        ),
        (("run", "--expect-workers", "3"), "--expect-workers: expected together with --master"),
        (("drive", "--master-bind", "10.0.0.5"), "--master-bind: expected together with --master"),
        (("work",), "LOADTEST_MASTER_HOST: expected the address"),
        (("run", "-T", "nosuchtag"), "--tags nosuchtag: no scenario has this tag, expected "),
        (("drive", "-T", "nosuchtag"), "--tags nosuchtag: no scenario has this tag, expected "),
        (("run", "locustfile.py"), "locustfile.py: expected the names of user classes"),
        (("drive", "--", "NoSuchUser"), "NoSuchUser: is no user class, expected "),
        (("run", "--criteria", "GET /tool: p95 < 1s"), "no scenario calls GET /tool, expected GET /tools, "),
        (
            ("run", "--gateway", NEWEST, "--criteria", "area tool: p95 < 1s"),
            "no scenario calls the area tool, ",
        ),
        (("run", "--criteria", "GET /export: p99.9 < 1s"), "needs 1000 requests, and this run makes about "),
        (("run", "--profile", "huge"), "unknown profile 'huge': expected pr"),
        (("run", "--run-time", "soon"), "--run-time soon: expected a duration"),
        (("run", "--criteria", "p95 < fast"), "p95 < fast"),
        (("run", "--known-failures", "none.toml"), "none.toml: cannot be read"),
        (("report", "--run", "none.json"), "none.json: cannot be read"),
        (("report",), "run.json: cannot be read"),
        (("report", "--csv", "none"), "none_stats.csv"),
        (("report", "--csv", "x", "--run", "y"), "--run and --csv: expected one of them"),
        (("coverage", "--run", "none.json"), "none.json: cannot be read"),
        (("gateways", "--pre"), "--pre: expected together with --newer"),
        (("adopt", "newest"), "VERSION=newest: is not a version, expected a release"),
        (("adopt", "--", ""), "VERSION=: is not a version"),
        (("adopt", NEWEST), f"VERSION={NEWEST}: is known already"),
    ],
)
def test_usage(loadtest: Command, arguments: tuple[str, ...], expected: str) -> None:
    code, stderr = loadtest(*arguments)
    assert code == 2
    assert expected in one_line(stderr)


def test_a_password_in_an_address_is_not_repeated(loadtest: Command) -> None:
    _, stderr = loadtest("run", "--gateway", "http://user:hunter2@host")
    assert "hunter2" not in stderr


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "is empty, expected a run as JSON"),
        (b"  \n", "is empty, expected a run as JSON"),
        (RUN.read_bytes()[:-200], "is not complete JSON"),
        (b"\x00\xff", "is not complete JSON"),
        (b"[]", "is not a run"),
        (b'{"format": "other/1"}', "is not a run"),
        (json.dumps(json.loads(RUN.read_bytes()) | {"colour": "red"}).encode(), "colour"),
        (json.dumps(json.loads(RUN.read_bytes()) | {"duration": "long"}).encode(), "$.duration"),
    ],
)
def test_a_broken_run(loadtest: Command, tmp_path: Path, content: bytes, expected: str) -> None:
    (tmp_path / "run.json").write_bytes(content)
    code, stderr = loadtest("report", "--run", "run.json")
    assert code == 2
    assert "run.json" in one_line(stderr)
    assert expected in stderr


def test_the_run_of_a_directory_is_judged_with_its_reports(loadtest: Command, tmp_path: Path) -> None:
    for name in ("a", "reports"):
        (tmp_path / name).mkdir()
    (tmp_path / "a" / "run.json").write_bytes(RUN.with_name("failures.json").read_bytes())
    (tmp_path / "reports" / "run.json").write_bytes(RUN.read_bytes())
    assert loadtest("report", "--reports-dir", "a") == (1, "")
    assert json.loads((tmp_path / "a" / "verdict.json").read_text())["verdict"] == "fail"
    assert not (tmp_path / "reports" / "verdict.json").exists()
    assert loadtest("report", "--reports-dir", "a", "--run", "reports/run.json") == (0, "")
    code, stderr = loadtest("report", "--reports-dir", "none")
    assert code == 2
    assert "none/run.json: cannot be read" in one_line(stderr)


ENTRY = """
[[known]]
operation = "GET /a"
problem = "status"
reason = "r"
owner = "o"
expires = 2999-01-01
"""


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("[[known]", "is not valid TOML"),
        (ENTRY.replace("owner", "ouner"), "ouner"),
        (ENTRY.replace('"status"', '"sadness"'), "sadness"),
        (ENTRY.replace("2999-01-01", '"soon"'), "expires"),
        (ENTRY.replace("2999-01-01", "2999-13-01"), "known.toml"),
        (ENTRY.replace('owner = "o"\n', ""), "owner"),
    ],
)
def test_a_broken_entry(loadtest: Command, tmp_path: Path, content: str, expected: str) -> None:
    (tmp_path / "known.toml").write_text(content)
    code, stderr = loadtest("report", "--run", str(RUN), "--known-failures", "known.toml")
    assert code == 2
    assert "known.toml" in one_line(stderr)
    assert expected in stderr


@pytest.mark.parametrize("expires", ["soon", "2027-13-01", "01.02.2027", ""])
def test_a_broken_date(loadtest: Command, expires: str) -> None:
    arguments = (
        "baseline",
        "accept",
        "--run",
        str(RUN),
        "--reason",
        "r",
        "--owner",
        "o",
        "--expires",
        expires,
    )
    code, stderr = loadtest(*arguments)
    assert code == 2
    assert "expected one such as 2027-01-31" in one_line(stderr)


@pytest.mark.parametrize(
    "content", ["", "Type,Name\n", "Type,Name,Request Count,Failure Count\nGET,/a,many,0\n"]
)
def test_broken_statistics(loadtest: Command, tmp_path: Path, content: str) -> None:
    (tmp_path / "x_stats.csv").write_text(content)
    code, stderr = loadtest("report", "--csv", "x")
    assert code == 2
    assert "x_stats.csv" in one_line(stderr)


def test_a_directory_that_cannot_be_written_to(loadtest: Command, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    code, stderr = loadtest("report", "--run", str(RUN), "--reports-dir", "file/below")
    assert code == 2
    assert "file/below: is not a directory that can be written to" in one_line(stderr)


def test_an_unknown_option_shows_the_usage(loadtest: Command) -> None:
    code, stderr = loadtest("report", "--colour")
    assert code == 2
    assert "Usage: loadtest report" in stderr
    assert "--colour" in stderr


def test_a_port_that_is_taken(loadtest: Command) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        code, stderr = loadtest("run", "--port", str(port))
    assert code == 2
    assert f"port {port}" in stderr.strip().splitlines()[-1]


def test_a_version_without_a_lock(loadtest: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copy(versions.DIRECTORY / f"{NEWEST}.toml", tmp_path)
    monkeypatch.setattr(versions, "DIRECTORY", tmp_path)
    code, stderr = loadtest("boot", "--gateway", NEWEST)
    assert code == 2
    assert f"{NEWEST}.lock" in one_line(stderr)


class _Server(http.server.BaseHTTPRequestHandler):
    status, body = 200, b"{}"

    def do_GET(self) -> None:
        self.send_response(self.status)
        self.send_header("Content-Length", str(len(self.body)))
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, format: str, *args: object) -> None:
        """Write no log."""


@pytest.fixture
def address(request: pytest.FixtureRequest) -> Iterator[str]:
    """An address where something else than a gateway answers, or nothing at all."""
    status, body = request.param
    if status is None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            yield f"http://127.0.0.1:{free.getsockname()[1]}"
        return
    handler = type("Handler", (_Server,), {"status": status, "body": body})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ((None, b""), "does not answer"),
        ((401, b""), "refuses our token: /openapi.json answered 401"),
        ((404, b""), "answered 404: is this a ContextForge gateway?"),
        ((200, b"<html>"), "is not JSON: is this a ContextForge gateway?"),
        ((200, b"{}"), "this is not a ContextForge gateway"),
    ],
    indirect=["address"],
)
@pytest.mark.parametrize("verb", ["run", "drive"])
def test_a_host_that_is_no_gateway_of_ours(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    verb: str,
    address: str,
    expected: str,
) -> None:
    monkeypatch.setenv("LOADTEST_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("LOADTEST_HOST", address)
    monkeypatch.setenv("LOADTEST_JWT_SECRET", "not-the-gateways-secret-but-long-enough")
    where = ("--gateway", address) if verb == "run" else ()
    code = in_process.run(verb, *where, "-t", "5s")
    shown, errors = capfd.readouterr()
    assert code == 3, shown + errors
    run = json.loads((tmp_path / "reports" / "run.json").read_text())
    assert expected in run["reason"]
    assert run["state"] == "aborted"
    assert "not-the-gateways-secret" not in (tmp_path / "reports" / "run.json").read_text()
    if verb == "run":
        assert "INCONCLUSIVE" in shown
        assert "<error" in (tmp_path / "reports" / "junit.xml").read_text()


def test_no_requests_at_all(loadtest: Command, tmp_path: Path) -> None:
    shutil.copy(RUN.with_name("empty.json"), tmp_path / "run.json")
    code, _ = loadtest("report", "--run", "run.json")
    assert code == 3
    assert json.loads((tmp_path / "reports" / "verdict.json").read_text())["verdict"] == "inconclusive"


def test_an_unexpected_exception_has_its_own_exit_code(
    loadtest: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise KeyError("Bearer abcdefghijklmnop\nsecond line")

    monkeypatch.setattr("loadtest.cli.options.the_run", broken)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    code, stderr = loadtest("report")
    assert code == ExitCode.INTERNAL
    line = one_line(stderr)
    assert "internal error: KeyError" in line
    written = Path(line.rpartition(" ")[2])
    assert written.parent == tmp_path
    assert "in broken" in written.read_text()
    assert "abcdefghijklmnop" not in line + written.read_text()


def test_a_traceback_that_cannot_be_written_is_printed(
    loadtest: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RecursionError

    monkeypatch.setattr("loadtest.cli.options.the_run", broken)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "missing"))
    code, stderr = loadtest("report")
    assert code == ExitCode.INTERNAL
    assert "in broken" in stderr
    assert "please report" in stderr.strip().splitlines()[-1]


NESTED = b"[" * 50_000
TOML_NESTED = b"a = " + NESTED


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (NESTED, "is not"),
        (b'{"paths": {"/a": {"get": ' + NESTED, "is n"),
        (RUN.read_bytes().replace(b'"started":"', b'"started":"\xff'), "is not"),
        (b"9" * 5000, "is not"),
    ],
)
@pytest.mark.parametrize(
    "arguments",
    [
        ("report", "--run", "file"),
        ("report", "--run", str(RUN), "--baseline", "file"),
        ("coverage", "--run", "file"),
        ("coverage", "--contract", "file"),
        ("baseline", "accept", "--run", "file", "--reason", "r", "--owner", "o", "--expires", "2999-01-01"),
    ],
    ids=lambda arguments: " ".join(arguments[:2]),
)
def test_json_that_cannot_be_read(
    loadtest: Command, tmp_path: Path, arguments: tuple[str, ...], content: bytes, expected: str
) -> None:
    (tmp_path / "file").write_bytes(content)
    code, stderr = loadtest(*arguments)
    assert code == 2
    assert f"file: {expected}" in one_line(stderr)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (TOML_NESTED, "is nested too deeply"),
        (b"a = \xe9", "is not UTF-8 text"),
        (b"a = " + b"9" * 5000, "is not valid TOML"),
    ],
)
@pytest.mark.parametrize("option", ["--known-failures", "--categories", "--criteria"])
def test_toml_that_cannot_be_read(
    loadtest: Command, tmp_path: Path, option: str, content: bytes, expected: str
) -> None:
    (tmp_path / "file.toml").write_bytes(content)
    code, stderr = loadtest("report", "--run", str(RUN), option, "file.toml")
    assert code == 2
    assert f"file.toml: {expected}" in one_line(stderr)


@pytest.mark.parametrize(
    "arguments",
    [
        ("report", "--run", "{file}"),
        ("report", "--run", str(RUN), "--baseline", "{file}"),
        ("report", "--run", str(RUN), "--known-failures", "{file}"),
        ("report", "--run", str(RUN), "--categories", "{file}"),
        ("report", "--run", str(RUN), "--criteria", "{file}"),
        ("coverage", "--contract", "{file}"),
    ],
    ids=lambda arguments: arguments[-2],
)
@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("pipe", "is a pipe, expected a regular file"),
        ("directory", "cannot be read: Is a directory"),
        ("endless", "is a device, expected a regular file"),
        ("large", "is too large"),
        ("secret", "cannot be read: Too many levels of symbolic links"),
    ],
)
def test_what_is_not_a_regular_file_is_not_read(
    loadtest: Command,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...],
    kind: str,
    expected: str,
) -> None:
    path = tmp_path / "file_stats.csv.toml"
    if "--csv" in arguments:
        path = tmp_path / "file_stats.csv"
    match kind:
        case "pipe":
            os.mkfifo(path)
        case "directory":
            path.mkdir()
        case "endless":
            path.symlink_to("/dev/zero")
        case "secret":
            path.symlink_to(path)
        case "large":
            with path.open("wb") as file:
                file.truncate(2 << 30)
    for name in ("LARGEST_CONFIGURATION", "LARGEST_MEASUREMENT"):
        assert getattr(files, name) <= 1 << 30
    code, stderr = loadtest(*(argument.format(file=path) for argument in arguments))
    assert code == 2
    assert f"{path}: {expected}" in one_line(stderr)


@pytest.mark.parametrize("name", ["report.html", "junit.xml", "verdict.json"])
def test_a_report_that_is_a_directory(loadtest: Command, tmp_path: Path, name: str) -> None:
    (tmp_path / "reports" / name).mkdir(parents=True)
    code, stderr = loadtest("report", "--run", str(RUN))
    assert code == 2
    assert f"reports/{name}: cannot be written: Is a directory" in one_line(stderr)


def test_a_full_disk(loadtest: Command, tmp_path: Path) -> None:
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, limits[1]))
        code, stderr = loadtest("report", "--run", str(RUN))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, ignored)
    assert code == 2
    assert "cannot be written: File too large" in one_line(stderr)
    assert [path.name for path in (tmp_path / "reports").iterdir() if path.name.startswith(".")] == []
