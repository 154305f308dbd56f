"""Files that configure GitHub and editors for this repository; their schemas are checked by ``make lint``."""

import re
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

ROOT = Path(__file__).parents[2]
MAKEFILE = (ROOT / "Makefile").read_text()
FORMS = sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml"))


def read(path: Path) -> dict[str, Any]:
    document: dict[str, Any] = YAML(typ="safe").load(path)
    return document


def hooks() -> dict[str, dict[str, Any]]:
    config = read(ROOT / ".pre-commit-config.yaml")
    return {hook["id"]: hook for source in config["repos"] for hook in source["hooks"]}


def test_the_hooks_run_every_part_of_lint() -> None:
    lint = re.search(r"^lint: (.*) ##", MAKEFILE, re.MULTILINE)
    assert lint is not None
    entries = {hook["entry"] for hook in hooks().values() if "entry" in hook}
    assert entries == {f"make {target}" for target in (*lint[1].split(), "typecheck")}


def test_no_hook_repeats_a_version_of_the_lock() -> None:
    locked = set(
        re.findall(r"^([a-z0-9-]+)==", (ROOT / "requirements" / "dev.lock").read_text(), re.MULTILINE)
    )
    for source in read(ROOT / ".pre-commit-config.yaml")["repos"]:
        if source["repo"] == "local":
            continue
        assert re.fullmatch(r"[0-9a-f]{40}", source["rev"])
        name = source["repo"].rpartition("/")[2].removesuffix("-pre-commit").removesuffix("-py")
        assert not {name, f"{name}-py"} & locked


def test_lint_checks_every_issue_form() -> None:
    forms = {path.name for path in FORMS} - {"config.yml"}
    pattern = re.search(r"vendor\.github-issue-forms (\S+)", MAKEFILE)
    assert pattern is not None
    assert forms
    assert {path.name for path in ROOT.glob(pattern[1])} == forms


@pytest.mark.parametrize(
    "name", ["SECURITY.md", ".github/pull_request_template.md", ".github/CODEOWNERS", ".editorconfig"]
)
def test_the_file_exists(name: str) -> None:
    assert (ROOT / name).read_text().strip()


def test_the_pull_request_template_names_targets_that_exist() -> None:
    text = (ROOT / ".github" / "pull_request_template.md").read_text()
    named = {target for command in re.findall(r"`make ([a-z -]+)`", text) for target in command.split()}
    assert named
    assert named <= set(re.findall(r"^\.PHONY: ([a-z-]+)$", MAKEFILE, re.MULTILINE))


def test_code_owners_name_paths_that_exist() -> None:
    """Lines that are commented out count: they are meant to be used unchanged."""
    text = (ROOT / ".github" / "CODEOWNERS").read_text()
    paths = re.findall(r"^(?:# )?/(\S+) +@", text, re.MULTILINE)
    assert paths
    assert [path for path in paths if not (ROOT / path).exists()] == []
