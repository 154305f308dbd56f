"""Custom scenarios: validated before anything is booted, and a part of the run like built-in ones."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from bench import Job, StubGateway, started
from supported import NEWEST

from loadtest.app.scenarios.custom import check_sources
from loadtest.core.errors import UsageError
from loadtest.scenarios.source import read_sources

EXAMPLE = Path(__file__).parent / "examples" / "custom"
GOOD = (EXAMPLE / "stub.py").read_text()
BACKEND = (Path(__file__).parents[2] / "support" / "words_backend.py").read_text()
KNOWN = """
[[known]]
operation = "GET /ready"
problem = "content"
message = "expected status to be 'known'"
reason = "the stub says ready"
owner = "tests"
expires = 2099-12-31
"""
FIXTURE = """
[[fixture]]
name = "word"
create = "POST /gateways"
body = { name = "{{name}}", url = "{{backend:words}}/mcp" }
delete = "DELETE /gateways/{gateway_id}"
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "mine"
    shutil.copytree(EXAMPLE, folder, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


WRONG = {
    '"GET /version"': (
        '"GET /versions"',
        "mine/stub.py:18: unknown operation GET /versions, expected GET /version",
    ),
    '"VersionMetaUser"': (
        '"VersionMetaUsr"',
        "mine/stub.py:8: StubVersionUser replaces VersionMetaUsr, which does not exist, expected VersionMetaUser",
    ),
    "class StubVersionUser": (
        "class HealthUser",
        "mine/stub.py:8: the class HealthUser is also defined in loadtest/users/",
    ),
    '"GET /ready", check': (
        'f"GET /{self.area}", check',
        "mine/stub.py:25: this operation is assembled at run time",
    ),
    "from .words import WORD": (
        "from .words import WORDS",
        "mine/stub.py:5: ImportError: cannot import name",
    ),
    "import GatewayUser, checks, task": (
        "import GatewayUser, checks\nfrom locust import task as job, task",
        "--scenarios mine: StubVersionUser.wrong is not in the plan",
    ),
}


@pytest.mark.parametrize(
    ("old", "new", "words"), [(old, *rest) for old, rest in WRONG.items()], ids=list(WRONG)
)
def test_a_mistake_is_one_line_that_names_the_place(folder: Path, old: str, new: str, words: str) -> None:
    changed = GOOD.replace(old, new)
    if "locust" in new:
        changed = changed.replace("@task", "@job", 1)
    (folder / "stub.py").write_text(changed)
    with pytest.raises(UsageError, match=f"^{re.escape(words)}") as error:
        check_sources(read_sources(["mine"]), NEWEST)
    assert "\n" not in str(error.value)


WRONG_BACKENDS = {
    "it cannot be imported": (
        "words.py",
        "\nimport nothing\n",
        "mine/backends/words.py:2: ModuleNotFoundError: ",
    ),
    "it is no backend": ("words.py", "", "mine/backends/words.py: defines no running(), expected "),
    "its name is taken": (
        "mcp.py",
        BACKEND,
        "mine/backends/mcp.py: the backend mcp exists already, expected ",
    ),
}


@pytest.mark.parametrize(("name", "text", "words"), WRONG_BACKENDS.values(), ids=WRONG_BACKENDS)
def test_a_mistake_in_a_backend_is_one_line(folder: Path, name: str, text: str, words: str) -> None:
    (folder / "backends").mkdir()
    (folder / "backends" / name).write_text(text)
    with pytest.raises(UsageError, match=f"^{re.escape(words)}") as error:
        check_sources(read_sources(["mine"]), NEWEST)
    assert "\n" not in str(error.value)


def test_a_fixture_names_a_backend_that_exists(folder: Path) -> None:
    (folder / "backends").mkdir()
    (folder / "backends" / "words.py").write_text(BACKEND)
    (folder / "fixtures.toml").write_text(FIXTURE)
    check_sources(read_sources(["mine"]), NEWEST)
    (folder / "fixtures.toml").write_text(FIXTURE.replace("backend:words", "backend:word"))
    with pytest.raises(
        UsageError, match=r"fixture 'word': body: there is no backend 'word', expected one of a2a, "
    ):
        check_sources(read_sources(["mine"]), NEWEST)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("words", "word", "mine/stub.py:25: there is no backend 'word', expected a2a or "),
        ("mcp", "mpc", "mine/stub.py:27: there is no backend 'mpc', expected a2a or "),
        ("thing", "think", "mine/stub.py:28: there is no fixture 'think', expected thing"),
    ],
)
def test_a_scenario_asks_for_backends_and_fixtures_that_exist(
    folder: Path, old: str, new: str, words: str
) -> None:
    (folder / "backends").mkdir()
    (folder / "backends" / "words.py").write_text(BACKEND)
    (folder / "fixtures.toml").write_text(FIXTURE.replace('"word"', '"thing"'))
    asking = (
        'self.backend("words")',
        'self.backend(f"{self.area}")',
        'self.backend("mcp")',
        'self.entity("thing")',
    )
    call = '        self.call("GET /ready"'
    stub = GOOD.replace(call, "".join(f"        {one}\n" for one in asking) + call)
    (folder / "stub.py").write_text(stub)
    check_sources(read_sources(["mine"]), NEWEST)
    (folder / "stub.py").write_text(stub.replace(f'("{old}")', f'("{new}")'))
    with pytest.raises(UsageError, match=f"^{re.escape(words)}"):
        check_sources(read_sources(["mine"]), NEWEST)


def test_a_fixture_of_none(folder: Path) -> None:
    (folder / "stub.py").write_text(GOOD.replace("WORD)", 'self.entity("word"))'))
    with pytest.raises(
        UsageError, match="there is no fixture 'word', expected a fixture beside the scenarios"
    ):
        check_sources(read_sources(["mine"]), NEWEST)


def test_the_operations_of_a_fixture_exist(folder: Path) -> None:
    (folder / "fixtures.toml").write_text(FIXTURE.replace("{{backend:words}}", "").replace("/{g", "s/{g"))
    with pytest.raises(UsageError, match=r"^mine/fixtures\.toml:6: unknown operation DELETE /gatewayss/"):
        check_sources(read_sources(["mine"]), NEWEST)


def test_the_scenarios_are_valid(folder: Path) -> None:
    check_sources(read_sources(["mine"]), NEWEST)


def test_an_operation_of_a_checkout_is_compared_when_its_contract_is_known(folder: Path) -> None:
    (folder / "stub.py").write_text(GOOD.replace("GET /version", "GET /new"))
    check_sources(read_sources(["mine"]), None)
    with pytest.raises(UsageError, match="unknown operation GET /new"):
        check_sources(read_sources(["mine"]), NEWEST)


def test_they_are_a_part_of_the_run_and_of_its_reports(folder: Path, tmp_path: Path) -> None:
    (folder / "known-failures.toml").write_text(KNOWN)
    (folder / "backends").mkdir()
    (folder / "backends" / "words.py").write_text(BACKEND)
    arguments = ("-u", "4", "-r", "4", "-t", "3s", "--processes", "2", "--scenarios", "mine")
    job = Job.on(StubGateway, tmp_path, arguments=arguments, users=("StubVersionUser", "HealthUser"))
    with started(job):
        assert job.wait() == 1, job.output
    run = job.run
    assert run is not None
    assert run.settings.scenarios == ("mine",)
    assert {"mcp", "words"} <= {one.name for one in run.backends if one.up}
    scenario = next(one for one in run.plan if one.name == "StubVersionUser.wrong")
    assert (scenario.file, scenario.line, scenario.tags) == ("mine/stub.py", 15, ("stub",))
    assert {one.name for one in run.plan} >= {"StubVersionUser.wrong", "HealthUser.probes"}
    assert {one.scenario for one in run.failures} == {"StubVersionUser.wrong", "StubVersionUser.also_wrong"}
    assert not job.left()
    annotations = (job.reports / "annotations.txt").read_text().splitlines()
    assert [line for line in annotations if line.startswith("::error file=mine/stub.py,line=18,")]
    assert "GET /ready" not in "".join(line for line in annotations if "new failure" in line)
