"""The configuration that a Locust process receives."""

import pytest
from msgspec.structs import replace

from loadtest.app.drive import locust_environment
from loadtest.client.auth import Credentials
from loadtest.core.errors import UsageError
from loadtest.engine.target import Target, read_target, target_environment
from loadtest.workload.profiles import size

TARGET = Target(host="http://127.0.0.1:1", credentials=Credentials(email="a@b", jwt_secret="secret-value"))


def test_a_target_is_handed_on_whole() -> None:
    assert read_target(target_environment(TARGET)) == TARGET


def test_without_one_the_environment_says_what_to_drive() -> None:
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


def test_locusts_own_variables_go_before_a_profile_but_not_before_what_was_asked_of_us() -> None:
    wanted = size(users=3)
    environ = {"LOCUST_USERS": "50", "LOCUST_SPAWN_RATE": "9"}
    environment = locust_environment(wanted, TARGET, explicit=frozenset({"users"}), environ=environ)
    assert environment["LOCUST_USERS"] == "3"
    assert environment["LOCUST_SPAWN_RATE"] == "9"
    assert environment["LOCUST_RUN_TIME"] == "60s"
    assert environment["LOCUST_HEADLESS"] == "true"


def test_the_web_page_is_not_headless_and_has_no_run_time() -> None:
    page = replace(TARGET, ui=True)
    environment = locust_environment(size(), page, environ={})
    assert environment["LOCUST_HEADLESS"] == "false"
    assert environment["LOCUST_WEB_HOST"] == "127.0.0.1"
    assert "LOCUST_RUN_TIME" not in environment
    asked = locust_environment(size(), page, environ={"LOCUST_WEB_HOST": "10.0.0.5"})
    assert asked["LOCUST_WEB_HOST"] == "10.0.0.5"


def test_processes_of_one_machine_let_nobody_else_join() -> None:
    environment = locust_environment(size(processes=2), TARGET, environ={})
    assert environment["LOCUST_MASTER_BIND_HOST"] == "127.0.0.1"
    theirs = {"LOCUST_PROCESSES": "2", "LOCUST_MASTER_BIND_HOST": "*", "LOCUST_MASTER_NODE_HOST": "10.0.0.5"}
    environment = locust_environment(size(), TARGET, environ=theirs)
    assert environment["LOCUST_PROCESSES"] == "2"
    assert environment["LOCUST_MASTER_BIND_HOST"] == environment["LOCUST_MASTER_NODE_HOST"] == "127.0.0.1"
