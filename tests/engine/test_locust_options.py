"""Locust's own files, variables and arguments change neither address nor mode: asked of Locust's own parser."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from msgspec.structs import replace

from loadtest.app.locust_process import locust_environment
from loadtest.client.auth import Credentials
from loadtest.core.errors import UsageError
from loadtest.engine.locust_options import Mode, check_arguments, configured_host, own_run_time, read_config
from loadtest.engine.target import Target
from loadtest.workload.profiles import size

A, B = "http://a.example:1", "http://b.example:2"
TARGET = Target(host=A, credentials=Credentials(email="a@b", token="t"), mode=Mode.ALONE)

PROGRAM = Path(__file__).with_name("locust_parser.py")

HOSTILE = f"""
host = {B}
worker = true
master = true
headless = false
headful = true
locustfile = /nowhere.py
master-host = 10.0.0.5
master-port = 6000
users = 33
tags = [rbac]
"""
AS_TOML = f"""
[tool.locust]
host = "{B}"
worker = true
master = true
headful = true
master-bind-host = "0.0.0.0"
users = 33
"""
VARIABLES = {
    "LOCUST_HOST": B,
    "LOCUST_HEADLESS": "false",
    "LOCUST_HEADFUL": "true",
    "LOCUST_MODE_WORKER": "true",
    "LOCUST_MODE_MASTER": "true",
    "LOCUST_LOCUSTFILE": "/nowhere.py",
    "LOCUST_MASTER_NODE_HOST": "10.0.0.5",
    "LOCUST_MASTER_HOST": "10.0.0.5",
    "LOCUST_MASTER_NODE_PORT": "6000",
    "LOCUST_EXPECT_WORKERS": "99",
    "LOCUST_USERS": "33",
}


@pytest.fixture
def parsed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, object]]:
    """How Locust reads each way to configure it, in each mode; the headless ones first."""
    cases = []
    for name, file, content, variables in (
        ("here", "locust.conf", HOSTILE, {}),
        ("home", "home/.locust.conf", HOSTILE, {}),
        ("toml", "pyproject.toml", AS_TOML, {}),
        ("variables", "locust.conf", "", VARIABLES),
        ("both", "locust.conf", HOSTILE, VARIABLES),
        ("named", "other.conf", HOSTILE, {}),
    ):
        directory = tmp_path / name
        (directory / "home").mkdir(parents=True)
        (directory / file).write_text(content)
        more = ("--config", "other.conf") if name == "named" else ()
        monkeypatch.chdir(directory)
        environ = {"HOME": str(directory / "home"), "PATH": "/usr/bin:/bin"} | variables
        monkeypatch.setenv("HOME", environ["HOME"])
        for mode, ui in ((Mode.ALONE, False), (Mode.ALONE, True), (Mode.MASTER, False), (Mode.MASTER, True)):
            environment = locust_environment(
                replace(TARGET, mode=mode, ui=ui, expect_workers=2 if mode is Mode.MASTER else 0),
                size(),
                config=read_config(more),
                environ=environ,
            )
            arguments = ["-f", __file__, *(["--master"] if mode is Mode.MASTER else []), *more]
            cases.append(
                {
                    "mode": mode,
                    "ui": ui,
                    "directory": str(directory),
                    "environment": environment,
                    "arguments": arguments,
                }
            )
    done = subprocess.run(
        [sys.executable, PROGRAM], input=json.dumps(cases), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return [
        {"mode": case["mode"], "ui": case["ui"]} | one
        for case, one in zip(cases, json.loads(done.stdout), strict=True)
    ]


def test_address_and_mode_are_ours_and_the_rest_is_theirs(parsed: list[dict[str, object]]) -> None:
    assert len(parsed) == 24
    for options in parsed:
        mode = options["mode"]
        assert options["host"] == A
        assert options["headless"] is not options["ui"]
        assert options["headful"] is False
        assert options["worker"] is False
        assert options["master"] is (mode is Mode.MASTER)
        assert options["file"] == __file__
        assert options["num_users"] == 33
        if mode is Mode.MASTER:
            assert options["expect_workers"] == 2
        else:
            assert options["master_bind_host"] == options["master_host"] == "127.0.0.1"
            assert options["master_bind_port"] == options["master_port"] == 0
        if options["ui"]:
            assert options["web_host"] == "127.0.0.1"
    assert any(options["tags"] == ["rbac"] for options in parsed)


@pytest.mark.parametrize(
    "arguments",
    [
        ("--host", B),
        (f"--host={B}",),
        ("-H", B),
        (f"-H{B}",),
        ("--hos", B),
        ("--ho=http://user:hunter22@h",),
        ("--host", ""),
        ("--host",),
        ("-H", "b.example"),
    ],
)
def test_another_address_is_refused(arguments: tuple[str, ...]) -> None:
    with pytest.raises(UsageError) as error:
        check_arguments(("--tags", "rbac", *arguments), A)
    assert "\n" not in str(error.value)
    assert "hunter22" not in str(error.value)


@pytest.mark.parametrize(
    "argument",
    [
        "-f",
        "-fother.py",
        "--locustfile=x.py",
        "--locust",
        "--worker",
        "--work",
        "--master",
        "--headful",
        "--expect-workers=3",
    ],
)
def test_another_mode_is_refused(argument: str) -> None:
    with pytest.raises(UsageError, match=r"^-- -.*: not accepted: \w"):
        check_arguments((argument, "x"), A)


def test_the_same_address_and_everything_else_are_accepted() -> None:
    arguments = (
        "-H",
        A,
        "-u",
        "5",
        "--tags",
        "rbac",
        "--list",
        "--headless",
        "--processes",
        "2",
        "TeamsCRUDUser",
    )
    check_arguments(arguments, A)
    check_arguments(("--", "--worker"), A)
    with pytest.raises(UsageError, match="contradicts --ui"):
        check_arguments(("--headless",), A, ui=True)


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("locust.conf", b"host = caf\xe9\n", "locust.conf: is not UTF-8 text"),
        (
            "locust.conf",
            b"password: hunter22 = = :\n=\n",
            "locust.conf: is not a configuration file of Locust",
        ),
        ("pyproject.toml", b"[tool", "pyproject.toml: is not valid TOML"),
        ("pyproject.toml", b"[tool]\nlocust = 3", "pyproject.toml: is not a configuration file of Locust"),
    ],
)
def test_a_broken_configuration_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, content: bytes, expected: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UsageError) as error:
        read_config()
    assert expected in str(error.value)
    assert "\n" not in str(error.value)
    assert "hunter22" not in str(error.value)


def test_a_configuration_file_that_is_named_and_missing() -> None:
    with pytest.raises(UsageError, match=r"nowhere\.conf: cannot be read"):
        read_config(("--config", "nowhere.conf"))


def test_the_address_of_locusts_own_settings() -> None:
    assert configured_host({"host": A}, {}) == A
    assert configured_host({"host": A}, {"LOCUST_HOST": B}) == B
    assert configured_host({}, {}) is None


def test_what_determines_the_duration() -> None:
    assert own_run_time(("-t", "5s"), {"run-time"}, {}, {})
    assert own_run_time((), (), {"run-time": "5s"}, {})
    assert own_run_time((), (), {}, {"LOCUST_RUN_TIME": "5s"})
    assert not own_run_time((), {"run-time"}, {"run-time": "5s"}, {"LOCUST_RUN_TIME": "5s"})
    assert not own_run_time(("--tags", "run-time"), (), {}, {})
