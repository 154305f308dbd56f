"""The documentation is correct: links, files, targets, inputs, and the workflow to copy."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import document_commands
import document_settings
import pytest
from ruamel.yaml import YAML

from loadtest.cli import cli
from loadtest.core import settings

ROOT = Path(__file__).parents[1]
DOCUMENTS = sorted(
    [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "requirements").glob("*.md")]
)
EACH = pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
ACTION: dict[str, Any] = YAML(typ="safe").load(ROOT / "action.yml")

HERE = "OWNER/REPOSITORY"
"""Placeholder for this repository on GitHub in the documentation, to be replaced by its user."""


def workflow_to_copy() -> str:
    (block,) = re.findall(r"^```yaml\n(name:.*?)^```$", (ROOT / "docs" / "ci.md").read_text(), re.M | re.S)
    return str(block)


@EACH
def test_links_exist(document: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", document.read_text()):
        if not re.match(r"[a-z]+:", target):
            assert (document.parent / target).exists(), target


@EACH
def test_it_contains_no_path_of_one_machine(document: Path) -> None:
    assert not re.search(r"(?<![\w.])/(?:root|home|work|tmp|Users)/", document.read_text())


@EACH
def test_named_files_exist(document: Path) -> None:
    for named in re.findall(r"`((?:loadtest|scripts|docs|requirements)/[\w./-]+)`", document.read_text()):
        if "VERSION" not in named and not re.search(r"\d\.\d", named):
            assert (ROOT / named).exists(), named


def test_the_actions_in_documents_are_those_of_the_workflows() -> None:
    used = "".join(path.read_text() for path in (ROOT / ".github" / "workflows").glob("*.yml"))
    for document in DOCUMENTS:
        for pin in re.findall(r"uses: (actions/\S+ # \S+)", document.read_text()):
            assert pin in used


def test_this_repository_has_one_placeholder_which_is_explained() -> None:
    named = []
    for document in DOCUMENTS:
        text = document.read_text()
        used = [one for one in re.findall(r"uses: ([^\s@]+)@", text) if not one.startswith("actions/")]
        assert set(used) <= {HERE}, document
        assert not re.search(r"your-\w+/", text), document
        if HERE in text:
            named.append(document.name)
            assert f"`{HERE}` is where this repository lives" in re.sub(r"\s+", " ", text), document
    assert named == ["README.md", "ci.md", "tutorial.md"]


def test_the_workflow_to_copy_is_valid(tmp_path: Path) -> None:
    path = tmp_path / "load-test.yml"
    path.write_text(workflow_to_copy())
    for command in (
        ["check-jsonschema", "--builtin-schema", "vendor.github-workflows"],
        ["zizmor", "--offline", "--no-progress", "--quiet", "--persona=pedantic"],
    ):
        program = Path(sys.executable).with_name(command[0])
        done = subprocess.run([program, *command[1:], path], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


def test_the_workflow_to_copy_uses_existing_inputs_and_outputs() -> None:
    job = YAML(typ="safe").load(workflow_to_copy())["jobs"]["load-test"]
    step = next(step for step in job["steps"] if step.get("id") == "load-test")
    assert set(step["with"]) <= set(ACTION["inputs"])
    assert set(re.findall(r"outputs\.([a-z-]+)", workflow_to_copy())) <= set(ACTION["outputs"])


def test_every_input_and_output_of_the_action_is_documented() -> None:
    text = (ROOT / "docs" / "ci.md").read_text()
    inputs, outputs = text.split("## Inputs")[1].split("## Outputs")
    for section, names in ((inputs, ACTION["inputs"]), (outputs.split("\n## ")[0], ACTION["outputs"])):
        explained = {
            word
            for row in re.findall(r"^\| (`.*?) \|", section, re.M)
            for word in re.findall(r"`([a-z-]+)`", row)
        }
        assert explained == set(names)


def test_the_readme_opens_with_the_two_commands() -> None:
    first, second = re.findall(r"^    (make \S+)", (ROOT / "README.md").read_text(), re.M)[:2]
    assert (first, second) == ("make load-test-ci", "make test")
    assert "\nexec make test\n" in (ROOT / ".ci" / "run").read_text()


@pytest.mark.parametrize("name", document_settings.PARTS)
def test_every_part_generated_from_the_settings_is_there(name: str) -> None:
    assert (ROOT / name).read_text().count("settings: begin") == len(document_settings.PARTS[name])


def test_every_variable_is_declared() -> None:
    places = (
        *(ROOT / "loadtest").rglob("*.py"),
        *(ROOT / "scripts").rglob("*.*"),
        *(ROOT / "benchmarks").rglob("*.py"),
        *(ROOT / ".github").rglob("*.yml"),
        *(ROOT / name for name in ("action.yml", "Makefile", ".ci/run")),
        *DOCUMENTS,
    )
    declared = {one.variable for one in settings.ALL}
    for place in places:
        if place.suffix != ".pyc":
            used = set(re.findall(r"\bLOADTEST_[A-Z_]*[A-Z]\b", place.read_text()))
            assert used <= declared, place.relative_to(ROOT)
    assert declared - used


def test_every_command_and_option_has_a_help_text() -> None:
    for context in document_commands.commands(cli):
        assert context.command.help, context.command_path
        for parameter in context.command.params:
            if isinstance(parameter, click.Option):
                assert parameter.help, f"{context.command_path} {parameter.name}"
