"""What options, the environment and profiles ask for, and in which order they count."""

import re

import pytest
from msgspec.structs import replace

from loadtest.app.distributed import EXPECT_WORKERS, MASTER_PORT
from loadtest.app.drive import explicit_settings, locust_environment
from loadtest.client.auth import Credentials
from loadtest.core.env import PROCESSES, RATE, SETUP_SECONDS, SPAWN_RATE, USERS, Figure, seconds
from loadtest.core.errors import UsageError
from loadtest.engine.target import Target, read_target, target_environment
from loadtest.workload.profiles import profiles, size

TARGET = Target(host="http://127.0.0.1:1", credentials=Credentials(email="a@b", jwt_secret="secret-value"))


@pytest.mark.parametrize(
    ("text", "expected"), [("60s", 60), ("90", 90), ("1m30s", 90), ("2h", 7200), (" 10m ", 600)]
)
def test_seconds(text: str, expected: int) -> None:
    assert seconds(text) == expected


@pytest.mark.parametrize(
    "text", ["", "0", "0s", "soon", "-5", "1.5s", "5s1m", "s", "1e11h", "99999999999h", "9" * 5000]
)
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="expected a duration such as 60s"):
        seconds(text)


def test_options_go_before_the_environment_and_that_before_the_profile() -> None:
    environ = {"LOADTEST_USERS": "7", "LOADTEST_PROFILE": "light"}
    assert size(environ={}).users == profiles()["pr"].users == 20
    assert size(environ=environ).users == 7
    assert size(environ=environ).spawn_rate == profiles()["light"].spawn_rate
    assert size(environ=environ, users=3, profile="soak").users == 3
    assert size(environ=environ, profile="soak").spawn_rate == profiles()["soak"].spawn_rate


@pytest.mark.parametrize(
    "value", ["none", "-1", "0", "nan", "inf", "1e20", "1e999", "0.5", "2.9", "9" * 5000]
)
@pytest.mark.parametrize(
    "figure", [USERS, PROCESSES, EXPECT_WORKERS, MASTER_PORT], ids=lambda one: one.variable
)
def test_a_count_that_is_none_is_refused(figure: Figure, value: str) -> None:
    expected = (
        rf"^{figure.variable}={re.escape(value[:60])}: expected a whole number from 1 to {figure.most:.0f}$"
    )
    with pytest.raises(UsageError, match=expected):
        figure.chosen(None, {figure.variable: value}, 1)
    assert figure.chosen(None, {figure.variable: " "}, 7) == 7
    assert figure.chosen(None, {figure.variable: " 12 "}, 7) == 12


@pytest.mark.parametrize("value", ["none", "-1", "0", "nan", "inf", "1e20"])
@pytest.mark.parametrize("figure", [SPAWN_RATE, RATE], ids=lambda one: one.variable)
def test_a_rate_that_is_none_is_refused(figure: Figure, value: str) -> None:
    with pytest.raises(
        UsageError, match=f"^{figure.variable}={value}: expected a number from 0.001 to 10000$"
    ):
        figure.chosen(None, {figure.variable: value}, 1)
    assert figure.chosen(None, {figure.variable: "2.5"}, 1) == 2.5


def test_options_are_held_to_the_same_range() -> None:
    with pytest.raises(UsageError, match=r"^--users 1e.20: expected a whole number from 1 to 100000$"):
        size(environ={}, users=10**20)
    with pytest.raises(UsageError, match=r"^--spawn-rate inf: expected"):
        size(environ={}, spawn_rate=float("inf"))
    with pytest.raises(UsageError, match=r"^--rate nan: expected"):
        size(environ={}, rate=float("nan"), profile="soak")
    with pytest.raises(UsageError, match=r"^LOADTEST_SETUP_SECONDS=abc: expected a number from 0 to 86400"):
        SETUP_SECONDS.read({"LOADTEST_SETUP_SECONDS": "abc"})


def test_an_unknown_profile_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UsageError, match="unknown profile 'huge': expected pr, light, soak"):
        size(profile="huge", environ={})


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
    wanted = size(environ={}, users=3)
    environ = {"LOCUST_USERS": "50", "LOCUST_SPAWN_RATE": "9"}
    environment = locust_environment(wanted, TARGET, explicit=frozenset({"users"}), environ=environ)
    assert environment["LOCUST_USERS"] == "3"
    assert environment["LOCUST_SPAWN_RATE"] == "9"
    assert environment["LOCUST_RUN_TIME"] == "60s"
    assert environment["LOCUST_HEADLESS"] == "true"


def test_the_web_page_is_not_headless_and_has_no_run_time() -> None:
    page = replace(TARGET, ui=True)
    environment = locust_environment(size(environ={}), page, environ={})
    assert environment["LOCUST_HEADLESS"] == "false"
    assert environment["LOCUST_WEB_HOST"] == "127.0.0.1"
    assert "LOCUST_RUN_TIME" not in environment
    asked = locust_environment(size(environ={}), page, environ={"LOCUST_WEB_HOST": "10.0.0.5"})
    assert asked["LOCUST_WEB_HOST"] == "10.0.0.5"


def test_processes_of_one_machine_let_nobody_else_join() -> None:
    environment = locust_environment(size(environ={}, processes=2), TARGET, environ={})
    assert environment["LOCUST_MASTER_BIND_HOST"] == "127.0.0.1"
    theirs = {"LOCUST_PROCESSES": "2", "LOCUST_MASTER_BIND_HOST": "*", "LOCUST_MASTER_NODE_HOST": "10.0.0.5"}
    environment = locust_environment(size(environ={}), TARGET, environ=theirs)
    assert environment["LOCUST_PROCESSES"] == "2"
    assert environment["LOCUST_MASTER_BIND_HOST"] == environment["LOCUST_MASTER_NODE_HOST"] == "127.0.0.1"


def test_explicit_settings() -> None:
    given = {"users": 3, "spawn_rate": None, "run_time": None, "processes": None}
    assert explicit_settings(given, {"LOADTEST_RUN_TIME": "5s"}) == {"users", "run-time"}
