"""The inputs of the action become options of ``loadtest run``, whatever they contain."""

import json
import os
import subprocess
import sys
from pathlib import Path

import github_run
import pytest
from document_settings import INPUTS, input_variable

from loadtest.cli import load_command
from loadtest.core.setting import Flag

SCRIPT = Path(github_run.__file__)


def test_empty_inputs_are_omitted() -> None:
    empty = dict.fromkeys((input_variable(one) for one in INPUTS), "  ")
    assert github_run.arguments(empty) == ["run"]
    assert github_run.arguments({}) == ["run"]


def test_every_input_is_one_option() -> None:
    for one in INPUTS:
        assert github_run.arguments({input_variable(one): "value"}) == ["run", f"{one.option}=value"]
        if isinstance(one.type, Flag):
            assert github_run.arguments({input_variable(one): "True"}) == ["run", one.option]
            assert github_run.arguments({input_variable(one): "false"}) == ["run"]
    options = {option for parameter in load_command("run").params for option in parameter.opts}
    assert {one.option for one in INPUTS} <= options


def test_the_inputs_are_in_the_order_of_the_declaration() -> None:
    inputs = {"INPUT_DATABASE": "postgres", "INPUT_GATEWAY": "3.0.7", "INPUT_BASELINE": "old/run.json"}
    assert github_run.arguments(inputs) == [
        "run",
        "--gateway=3.0.7",
        "--database=postgres",
        "--baseline=old/run.json",
    ]


@pytest.mark.parametrize("name", ["known-failures", "categories"])
def test_several_files_are_one_per_line(name: str) -> None:
    variable = f"INPUT_{name.upper().replace('-', '_')}"
    assert github_run.arguments({variable: "a b.toml\nc.toml\n"}) == [
        "run",
        f"--{name}=a b.toml",
        f"--{name}=c.toml",
    ]


def test_criteria_are_lines_and_tags_are_words() -> None:
    inputs = {"INPUT_CRITERIA": "p95 < 500ms\n\n  error-rate < 1%  \n", "INPUT_TAGS": "teams, mcp rbac"}
    assert github_run.arguments(inputs) == [
        "run",
        "--tags=teams",
        "--tags=mcp",
        "--tags=rbac",
        "--criteria=p95 < 500ms",
        "--criteria=error-rate < 1%",
    ]


def test_settings_are_one_per_line() -> None:
    inputs = {"INPUT_SETTINGS": " A=1\n\nB=x y, z\n"}
    assert github_run.arguments(inputs) == ["run", "--set=A=1", "--set=B=x y, z"]


@pytest.mark.parametrize("value", ["--help", "$(touch hit)", "`id`", "a b; exit 0", "'\"\\", "-x=1"])
def test_a_value_stays_a_value(value: str) -> None:
    assert github_run.arguments({"INPUT_GATEWAY": value}) == ["run", f"--gateway={value}"]


def test_it_is_replaced_by_the_command_next_to_its_interpreter(tmp_path: Path) -> None:
    python = tmp_path / "python"
    python.symlink_to(Path(sys.executable).resolve())
    command = tmp_path / "loadtest"
    command.write_text(f"#!{sys.executable}\nimport json, sys\nprint(json.dumps(sys.argv))\nsys.exit(3)\n")
    command.chmod(0o755)
    done = subprocess.run(
        [python, SCRIPT],
        env={**os.environ, "PYTHONPATH": str(SCRIPT.parents[2]), "INPUT_GATEWAY": "path:."},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 3, done.stderr
    assert json.loads(done.stdout) == [str(command), "run", "--gateway=path:."]
