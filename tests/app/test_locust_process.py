"""Locust's configuration, and how it is started and stopped."""

import contextlib
import os
import sys
from collections.abc import Mapping
from pathlib import Path

import psutil
import pytest
from eventually import until
from msgspec.structs import replace

from loadtest.app import locust_process
from loadtest.app.locust_process import STOP_WITHIN, in_background, in_terminal, locust_environment
from loadtest.client.auth import Credentials
from loadtest.core import settings
from loadtest.core.errors import UsageError
from loadtest.engine.locust_options import LOCAL_PORTS, Mode
from loadtest.engine.target import Target, read_target, target_environment
from loadtest.workload.profiles import size

TARGET = Target(host="http://127.0.0.1:1", credentials=Credentials(email="a@b", jwt_secret="secret-value"))


def test_a_target_is_handed_on_whole() -> None:
    assert read_target(target_environment(TARGET)) == TARGET


def test_without_one_the_environment_names_the_target() -> None:
    target = read_target({"LOADTEST_HOST": "http://h:1", "LOADTEST_TOKEN": "t", "JWT_SECRET_KEY": "s"})
    assert (target.host, target.credentials.token, target.credentials.jwt_secret) == ("http://h:1", "t", "s")
    assert read_target({}).host == ""
    assert str(read_target({}).deployment) == "sqlite"
    assert str(read_target({"DATABASE": "postgres"}).deployment) == "postgresql with Redis, 2 workers"


def test_a_broken_target_is_refused() -> None:
    with pytest.raises(UsageError, match="LOADTEST_TARGET"):
        read_target({"LOADTEST_TARGET": "{"})


def test_credentials_do_not_show_themselves() -> None:
    credentials = Credentials(
        email="a@b", jwt_secret="secret-value", password="pass-value", token="token-value"
    )
    assert "value" not in repr(credentials)
    assert "value" not in f"{Target(host='h', credentials=credentials)}"


def test_locusts_variables_override_a_profile_but_not_our_settings() -> None:
    wanted = size(users=3)
    environ = {"LOCUST_USERS": "50", "LOCUST_SPAWN_RATE": "9"}
    environment = locust_environment(TARGET, wanted, explicit=frozenset({"users"}), environ=environ)
    assert environment["LOCUST_USERS"] == "3"
    assert environment["LOCUST_SPAWN_RATE"] == "9"
    assert environment["LOCUST_RUN_TIME"] == "60s"
    assert environment["LOCUST_HEADLESS"] == "true"


def test_the_web_page_is_not_headless_and_has_no_run_time() -> None:
    page = replace(TARGET, ui=True)
    environment = locust_environment(page, size(), environ={})
    assert environment["LOCUST_HEADLESS"] == "false"
    assert environment["LOCUST_WEB_HOST"] == "127.0.0.1"
    assert "LOCUST_RUN_TIME" not in environment
    asked = locust_environment(page, size(), environ={"LOCUST_WEB_HOST": "10.0.0.5"})
    assert asked["LOCUST_WEB_HOST"] == "10.0.0.5"


def test_no_other_worker_joins_the_processes_of_one_machine() -> None:
    environment = locust_environment(replace(TARGET, processes=2), size(processes=2), environ={})
    assert environment["LOCUST_MASTER_BIND_HOST"] == "127.0.0.1"
    theirs = {"LOCUST_PROCESSES": "2", "LOCUST_MASTER_BIND_HOST": "*", "LOCUST_MASTER_NODE_HOST": "10.0.0.5"}
    environment = locust_environment(TARGET, size(), environ=theirs)
    assert environment["LOCUST_PROCESSES"] == "2"
    assert environment["LOCUST_MASTER_BIND_HOST"] == environment["LOCUST_MASTER_NODE_HOST"] == "127.0.0.1"


def test_the_configuration_is_one_variable() -> None:
    every = {name: "1" for one in settings.ALL for name in (one.variable, one.alias) if name}
    environment = locust_environment(TARGET, size(), environ=every | {"PATH": "/bin"})
    assert environment.keys() & every.keys() == {"LOADTEST_TARGET"}
    assert environment["PATH"] == "/bin"
    received = read_target(environment)
    assert replace(received, parent=None) == TARGET
    assert received.parent == os.getpid()


def test_the_size_of_a_worker_is_that_of_its_master() -> None:
    worker = replace(TARGET, mode=Mode.WORKER, processes=3)
    environ = {"LOCUST_USERS": "5", "LOCUST_PROCESSES": "9"}
    environment = locust_environment(worker, environ=environ)
    assert environment["LOCUST_PROCESSES"] == "3"
    assert environment["LOCUST_USERS"] == "5"
    assert "LOCUST_RUN_TIME" not in environment
    assert environment["LOCUST_HEADLESS"] == "true"


PROGRAM = Path(__file__).with_name("interrupted_program.py")


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Start a program instead of Locust, which creates this file when it is ready to be interrupted."""
    ready = tmp_path / "ready"
    monkeypatch.setattr(
        locust_process, "locust_command", lambda arguments: [sys.executable, str(PROGRAM), *arguments]
    )
    return ready


@pytest.mark.parametrize("status", [0, 3])
@pytest.mark.parametrize("group", [False, True])
def test_locust_in_the_background_is_interrupted_and_its_status_kept(
    tmp_path: Path, stand_in: Path, status: int, group: bool
) -> None:
    output = tmp_path / "output"
    with in_background([str(stand_in), str(status)], os.environ, output) as locust:
        assert until(stand_in.exists)
        assert locust.exit_status is None
        locust.stop(STOP_WITHIN, group=group)
        assert locust.exit_status == status
    assert output.read_text() == "interrupted\n"


def test_locust_in_the_terminal_is_interrupted(stand_in: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with in_terminal([str(stand_in), "2"], os.environ) as locust:
        assert until(stand_in.exists)
        assert locust.exit_status is None
        locust.stop(STOP_WITHIN)
    assert locust.exit_status == 2
    assert capfd.readouterr().out == "interrupted\n"


@pytest.mark.parametrize("background", [False, True])
def test_locust_does_not_outlive_the_block(tmp_path: Path, stand_in: Path, background: bool) -> None:
    arguments = [str(stand_in), "0"]
    started = (
        in_background(arguments, os.environ, tmp_path / "output")
        if background
        else in_terminal(arguments, os.environ)
    )
    with started as locust:
        assert until(stand_in.exists)
    assert until(lambda: not psutil.pid_exists(locust.pid))


@pytest.mark.parametrize("background", [False, True])
def test_the_processes_of_two_loads_do_not_share_a_master(
    tmp_path: Path, stand_in: Path, background: bool
) -> None:
    """On Locust's default port, the second load would end, or its workers would work for the first."""

    def ports(environment: Mapping[str, str], name: str) -> set[str]:
        arguments = [str(stand_in), "0"]
        locust = stack.enter_context(
            in_background(arguments, environment, tmp_path / name)
            if background
            else in_terminal(arguments, environment)
        )
        assert until(stand_in.exists)
        stand_in.unlink()
        found = psutil.Process(locust.pid).environ()
        return {found[one] for one in LOCAL_PORTS if one in found}

    plain = {name: value for name, value in os.environ.items() if not name.startswith("LOCUST_")}
    alone = locust_environment(TARGET, size(), environ=plain)
    with contextlib.ExitStack() as stack:
        first, second = ports(alone, "first"), ports(alone, "second")
        assert len(first) == len(second) == 1
        assert first.isdisjoint(second)
        theirs = plain | {"LOCUST_MASTER_BIND_PORT": "6000"}
        assert ports(locust_environment(TARGET, size(), environ=theirs), "theirs") == {"6000"}
        master = replace(TARGET, mode=Mode.MASTER, expect_workers=1)
        assert not ports(locust_environment(master, size(), environ=plain), "master")
