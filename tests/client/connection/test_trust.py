"""A CA of one's own is trusted where it is named, by every kind of request; credentials follow no redirect."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
import requests
from https_server import make_certificates, served

from benchmarks.local_server import ANSWERS
from loadtest.client.answer import Problem
from loadtest.client.auth import Credentials
from loadtest.client.connection.trust import VARIABLES, read_trust
from loadtest.client.protocols.websocket import connect as open_websocket
from loadtest.client.session import Session, connect
from loadtest.core.errors import InconclusiveError, UsageError
from loadtest.fixtures.admin_api import AdminApi
from loadtest.openapi.contract import Contract, read_contract
from loadtest.results.run import read_run

CREDENTIALS = Credentials(email="admin@example.com", token="a-token-for-one-gateway-only")
HEADERS = {"Authorization": "Bearer a-token-for-one-gateway-only"}


def refuses(path: str) -> tuple[int, Mapping[str, str], bytes]:
    return 401, {}, b""


def answers(path: str) -> tuple[int, Mapping[str, str], bytes]:
    """Answer as the benchmark's server does."""
    raw = ANSWERS.get(path.partition("?")[0].encode())
    if raw is None:
        return 404, {"Content-Type": "application/json"}, b'{"detail": "Not Found"}'
    head, _, body = raw.partition(b"\r\n\r\n")
    kind = next(line for line in head.decode().splitlines() if line.lower().startswith("content-type"))
    return 200, {"Content-Type": kind.partition(": ")[2]}, body


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return make_certificates(tmp_path_factory.mktemp("ca"))


@pytest.fixture
def no_variables(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


@pytest.mark.parametrize("name", VARIABLES)
def test_a_ca_is_named(
    name: str, certificates: tuple[Path, Path], no_variables: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    ca, leaf = certificates
    named = ca
    if name == "SSL_CERT_DIR":
        named = tmp_path / "certs"
        named.mkdir()
        shutil.copy(ca, named / "ca.pem")
        subprocess.run(["openssl", "rehash", str(named)], check=True)
    with served(refuses, leaf) as (server, address):
        no_variables.setenv(name, str(named))
        with pytest.raises(InconclusiveError, match="refuses our token"):
            connect(address, CREDENTIALS)
        with pytest.raises(Problem, match="the handshake was refused"):
            open_websocket(f"{address}/ws", HEADERS, read_trust().context)
    assert len(server.asked) == 2


def test_without_one_the_error_names_the_option(
    certificates: tuple[Path, Path], no_variables: pytest.MonkeyPatch
) -> None:
    with served(refuses, certificates[1]) as (server, address):
        with pytest.raises(
            InconclusiveError, match=r"certificate is not trusted: .*: set REQUESTS_CA_BUNDLE to"
        ) as error:
            connect(address, CREDENTIALS)
        assert "\n" not in str(error.value)
        with pytest.raises(Problem, match="CERTIFICATE_VERIFY_FAILED"):
            open_websocket(f"{address}/ws", HEADERS, read_trust().context)
        no_variables.setenv("REQUESTS_CA_BUNDLE", str(certificates[0]))
        other_name = address.replace("localhost", "127.0.0.1")
        with pytest.raises(InconclusiveError, match=r"certificate is not trusted: .*127\.0\.0\.1"):
            connect(other_name, CREDENTIALS)
    assert server.asked == []


@pytest.mark.parametrize("content", [None, "", "no certificate"])
def test_a_file_that_names_no_ca(tmp_path: Path, content: str | None) -> None:
    file = tmp_path / "ca.pem"
    if content is not None:
        file.write_text(content)
    with pytest.raises(
        UsageError, match=rf"SSL_CERT_FILE={file}: .*expected a file of CA certificates \(PEM\)"
    ):
        read_trust({"SSL_CERT_FILE": str(file)})


def test_the_load_itself_trusts_that_ca(certificates: tuple[Path, Path], tmp_path: Path) -> None:
    ca, leaf = certificates
    with served(answers, leaf) as (server, address):
        done = subprocess.run(
            [sys.executable, "-m", "loadtest", "drive", "-u", "1", "-t", "1s", "--", "HealthUser"],
            env={
                "PATH": os.environ["PATH"],
                "LOADTEST_HOME": str(tmp_path / "home"),
                "LOADTEST_HOST": address,
                "LOADTEST_TOKEN": CREDENTIALS.bearer(),
                "CURL_CA_BUNDLE": str(ca),
            },
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
    run = read_run(tmp_path / "reports" / "run.json")
    assert {one.name: one.failures for one in run.operations}["GET /health"] == 0
    assert any(path == "/health" for path, _ in server.asked)


def session(address: str) -> Session:
    contract: Contract = read_contract(
        {"openapi": "3.1.0", "info": {}, "paths": {"/health": {"get": {}}}}, None
    )
    return Session(address, CREDENTIALS.bearer(), CREDENTIALS, contract, None, None)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_credentials_follow_no_redirect(status: int, no_variables: pytest.MonkeyPatch) -> None:
    with served(refuses) as (other, elsewhere):
        no_variables.setenv("http_proxy", elsewhere)
        with served(lambda path: (status, {"Location": f"{elsewhere}{path}"}, b"")) as (ours, address):
            with pytest.raises(InconclusiveError, match=f"answered {status}"):
                connect(address, CREDENTIALS)
            with pytest.raises(requests.HTTPError, match="got a redirect"):
                AdminApi(session(address)).request("POST /auth/login", json={"password": "p"})
            with pytest.raises(Problem, match="Redirect limit exhausted"):
                open_websocket(f"{address}/ws", HEADERS)
    assert len(ours.asked) == 3
    assert other.asked == []
