"""Options made from the declared settings: precedence, and errors that name what was used."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click
import pytest
from supported import NEWEST

from loadtest.cli import COMMANDS, load_command, main, options
from loadtest.core import settings
from loadtest.core.setting import Flag, Setting
from loadtest.judge.failures import FailOn
from loadtest.workload.profiles import profiles

Parse = Callable[..., dict[str, Any]]


@pytest.fixture
def parse(monkeypatch: pytest.MonkeyPatch) -> Parse:
    """Parse arguments with the options of ``loadtest run``; return the values by parameter name."""
    for setting in settings.ALL:
        monkeypatch.delenv(setting.variable or "-", raising=False)

    def run(*arguments: str, environ: Mapping[str, str] | None = None) -> dict[str, Any]:
        with monkeypatch.context() as patched:
            for name, value in (environ or {}).items():
                patched.setenv(name, value)
            with load_command("run").make_context("run", list(arguments)) as context:
                return dict(context.params)

    return run


def test_options_override_variables_and_variables_the_profile(parse: Parse) -> None:
    environ = {"LOADTEST_USERS": "7", "LOADTEST_PROFILE": "light"}
    assert options.read_size(parse()).users == profiles()["pr"].users == 20
    size = options.read_size(parse(environ=environ))
    assert (size.users, size.spawn_rate) == (7, profiles()["light"].spawn_rate)
    size = options.read_size(parse("-u", "3", "--profile", "soak", environ=environ))
    assert (size.users, size.spawn_rate) == (3, profiles()["soak"].spawn_rate)


def test_locusts_own_settings_do_not_override_what_is_set_explicitly(parse: Parse) -> None:
    given = parse("-u", "3", environ={"LOADTEST_RUN_TIME": "5s"})
    assert options.explicit(given) == {"users", "run-time"}
    assert options.explicit(parse()) == frozenset()


def test_tags_come_before_the_arguments_for_locust(parse: Parse) -> None:
    given = parse("-T", "teams", "--tags", "rbac", "--", "--list")
    assert options.locust_arguments(given) == ("--list", "--tags", "teams", "rbac")


def test_a_blank_variable_is_not_set(parse: Parse) -> None:
    blank = {setting.variable: " " for setting in settings.ALL if setting.variable and setting.option}
    assert parse(environ=blank) == parse()


def test_options_of_a_master(parse: Parse) -> None:
    environ = {
        "LOADTEST_EXPECT_WORKERS": "3",
        "LOADTEST_WORKERS_WITHIN": "5m",
        "LOADTEST_MASTER_BIND": "10.0.0.5",
        "LOADTEST_MASTER_PORT": "6000",
    }
    values = "expect", "within", "bind", "port"

    def master(*arguments: str, environ: Mapping[str, str] | None = None) -> tuple[Any, ...]:
        given = parse("--master", *arguments, environ=environ)
        with click.Context(load_command("run")):
            found = options.read_master(given)
        assert found is not None
        return tuple(getattr(found, value) for value in values)

    assert master() == (1, 120.0, "*", 5557)
    assert master(environ=environ) == (3, 300.0, "10.0.0.5", 6000)
    given = ("--expect-workers", "2", "--workers-within", "9s", "--master-port", "7000")
    assert master(*given, environ=environ) == (2, 9.0, "10.0.0.5", 7000)


def test_variables_of_a_master_do_not_matter_without_one(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LOADTEST_EXPECT_WORKERS", "3")
    monkeypatch.setattr(sys, "argv", ["loadtest", "run", "--profile", "huge"])
    assert main() == 2
    assert "unknown profile 'huge'" in capsys.readouterr().err


def spelled(setting: Setting[Any], value: str) -> list[tuple[str, Mapping[str, str], str]]:
    """Return every way to give ``value``: the arguments, the environment, and the start of the message."""
    ways: list[tuple[str, Mapping[str, str], str]] = []
    if setting.variable:
        ways.append(("", {setting.variable: value}, f"{setting.variable}={value}"))
    return [*ways, (f"{setting.option}={value}", {}, f"{setting.option} {value}")]


def option_of(command: click.Command, setting: Setting[Any]) -> bool:
    return any(setting.option in parameter.opts for parameter in command.params)


@pytest.mark.parametrize(
    "setting",
    [
        one
        for one in settings.ALL
        if one.option and not isinstance(one.type, Flag) and one.type.expected not in ("a text", "a path")
    ],
    ids=lambda one: one.option,
)
@pytest.mark.parametrize("value", ["0.5", "none"])
def test_an_invalid_value_is_one_line_that_names_what_was_used(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    setting: Setting[Any],
    value: str,
) -> None:
    if setting in (settings.SPAWN_RATE, settings.RATE) and value == "0.5":
        pytest.skip("a rate may be a fraction")
    monkeypatch.chdir(tmp_path)
    commands = [name for name in COMMANDS if option_of(load_command(name), setting)]
    assert commands
    for name in commands:
        for argument, environ, expected in spelled(setting, value):
            with monkeypatch.context() as patched:
                for variable, text in environ.items():
                    patched.setenv(variable, text)
                needed = ["x" for one in load_command(name).params if one.required]
                patched.setattr(sys, "argv", ["loadtest", name, *filter(None, [argument]), *needed])
                assert main() == 2
            errors = capsys.readouterr().err
            assert errors == f"loadtest: {expected}: expected {setting.type.expected}\n"


def test_the_command_lists_the_values_of_fail_on() -> None:
    assert settings.FAIL_ON.type.expected == "new, any or never"
    assert [one.value for one in FailOn] == ["new", "any", "never"]


def test_a_profile_is_named_in_the_help() -> None:
    assert all(name in settings.PROFILE.help for name in profiles())


@pytest.mark.parametrize(
    ("setting", "values"),
    [
        (settings.GATEWAY, {NEWEST}),
        (settings.PROFILE, {"pr", "soak"}),
        (settings.TAGS, {"teams", "slow"}),
        (settings.FAIL_ON, {"new", "any", "never"}),
        (settings.USERS, set()),
    ],
)
def test_a_shell_completes_values(setting: Setting[Any], values: set[str]) -> None:
    found = options.completions(setting)
    assert values <= set(found)
    assert bool(found) == bool(values)


def test_completion_of_an_option_by_click() -> None:
    from click.shell_completion import ShellComplete

    completer = ShellComplete(load_command("run"), {}, "loadtest", "_LOADTEST_COMPLETE")
    assert [one.value for one in completer.get_completions(["--profile"], "so")] == ["soak"]
