"""The action in a repository of the gateway: settings of the repository do not affect what is installed.

The steps are those of ``action.yml``, as far as an installed gateway. The gateways are small stubs that do not
boot, so each job is inconclusive.
"""

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest
from ruamel.yaml import YAML
from supported import OLDEST

pytestmark = [pytest.mark.real, pytest.mark.nightly]

ROOT = Path(__file__).parents[2]
COPIED = ("Makefile", "LICENSE", "README.md", "pyproject.toml", "requirements", "scripts", "loadtest")

IDNA = """idna==3.10 \\
    --hash=sha256:946d195a0d259cbba61165e88e65941f16e9b36ea6ddb97f00452bae8b1287d3
"""
VERSION = "0.0.1"
"""A release that only this copy of the load test supports; its lock contains one small package."""

PROJECT = """
[build-system]
requires = ["setuptools"]
build-backend = "setuptools.build_meta"

[project]
name = "mcp-contextforge-gateway"
version = "0.0.2"
requires-python = ">=3.11"
dependencies = ["idna"]

[tool.setuptools]
packages = ["mcpgateway"]

[tool.uv]
exclude-newer = "2000-01-01"
required-version = ">=99"
no-index = true
"""
SURROUNDINGS = {
    "pyproject.toml": PROJECT,
    "uv.toml": 'exclude-newer = "2000-01-01"\nno-index = true\n',
    ".python-version": "3.99.0\n",
    "pip.conf": "[global]\nindex-url = http://127.0.0.1:1/simple\n",
    "setup.cfg": "[easy_install]\nindex_url = http://127.0.0.1:1/simple\n",
}


SET_UP = "Set up the load test"


@dataclass(frozen=True)
class Workspace:
    """A checkout of the gateway with the action in a subdirectory."""

    directory: Path
    action: Path
    temporary: Path

    def run(self, name: str, **inputs: str) -> subprocess.CompletedProcess[str]:
        """Run the ``run:`` of the step with this name as a runner does."""
        steps = YAML(typ="safe").load(self.action / "action.yml")["runs"]["steps"]
        script = next(step["run"] for step in steps if step["name"] == name)
        names = ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")
        return subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
            cwd=self.directory,
            env={
                **os.environ,
                **{name: str(self.temporary / name) for name in names},
                "GITHUB_ACTION_PATH": str(self.action),
                "GITHUB_WORKSPACE": str(self.directory),
                "RUNNER_TEMP": str(self.temporary),
                "PYTHON": "",
                **inputs,
            },
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A workspace with every kind of settings file, in which the first step has set up the load test."""
    directory = tmp_path_factory.mktemp("gateway")
    for name, text in SURROUNDINGS.items():
        (directory / name).write_text(text)
    (directory / "mcpgateway").mkdir()
    (directory / "mcpgateway" / "__init__.py").write_text("")
    action = directory / "load-test"
    action.mkdir()
    for name in (*COPIED, "action.yml"):
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, action / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, action)
    versions = action / "loadtest" / "versions"
    (versions / f"{VERSION}.lock").write_text(IDNA)
    (versions / f"{VERSION}.toml").write_text(f'version = "{VERSION}"\npython = ">=3.11"\n')
    shutil.copy(versions / f"{OLDEST}.contract.json", versions / f"{VERSION}.contract.json")
    made = Workspace(directory, action, tmp_path_factory.mktemp("runner"))
    done = made.run(SET_UP)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "seconds=" in (made.temporary / "GITHUB_OUTPUT").read_text()
    return made


@pytest.mark.parametrize("gateway", [VERSION, "path:."])
def test_settings_of_the_repository_do_not_affect_the_action(workspace: Workspace, gateway: str) -> None:
    done = workspace.run(
        "Run the load test", INPUT_GATEWAY=gateway, INPUT_PROFILE="light", INPUT_REPORTS_DIR="reports"
    )
    shown = done.stdout + done.stderr
    assert done.returncode == 3, shown
    assert "could not be installed" not in shown
    assert "resolved freely" not in shown
    pattern = f"{VERSION}-*" if gateway == VERSION else "checkout-*"
    (ready,) = (workspace.temporary / "contextforge-loadtest" / "gateways").glob(f"{pattern}/.ready")
    names = {path.name for path in ready.parent.glob("lib/python*/site-packages/*.dist-info")}
    assert "idna-3.10.dist-info" in names
    if gateway != VERSION:
        assert "mcp_contextforge_gateway-0.0.2.dist-info" in names

    reported = workspace.run("Show the verdict and set the outputs", INPUT_REPORTS_DIR="reports")
    assert reported.returncode == 0, reported.stdout + reported.stderr
    outputs = (workspace.temporary / "GITHUB_OUTPUT").read_text()
    assert re.findall(r"^verdict=(.*)$", outputs, re.MULTILINE)[-1] == "inconclusive"
    assert not list(workspace.directory.glob("*.egg-info"))
