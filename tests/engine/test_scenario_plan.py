"""The plan is read from the source of the user classes."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from loadtest.core.errors import UsageError
from loadtest.engine import scenario_plan
from loadtest.engine.scenario_plan import discover_scenarios, select_scenarios, with_generated
from loadtest.results.run import GENERATED
from loadtest.versions import data as versions

SOURCE = '''
from loadtest.users.base import GatewayUser, task

READS = ("GET /a", "GET /b")


def helper(user):
    user.call("GET /from-function")


class Base(GatewayUser):
    area = "things"

    def shared(self):
        self.call("DELETE /shared/{id}")

    @task
    def inherited(self):
        self.call("GET /inherited")


class ThingsUser(Base):
    @task(3)
    def story(self):
        """GET /not a call: a docstring has more words."""
        for operation in READS:
            self.call(operation)
        with self.created("POST /things/", delete="DELETE /things/{id}") as not_a_scenario:
            self.shared(not_a_scenario)
        helper(self)
        self.rpc("POST /rpc tools/call")

    def not_a_scenario(self):
        self.call("GET /never")
'''


HELPERS = """
from loadtest.users.tables import MORE


@contextmanager
def shared(user):
    with user.created("POST /shared", delete="DELETE /shared/{id}"):
        yield
    for operation in MORE:
        user.call(operation)


class SharingUser(GatewayUser):
    abstract = True

    def shares(self):
        with shared(self):
            pass

    def thing(self):
        self.call("GET /not-this")
"""
ELSEWHERE = """
from loadtest.users.sharing import SharingUser, shared as shared_entity


class InheritingUser(SharingUser):
    area = "things"

    @task
    def by_method(self):
        self.shares()


class UsingUser(SharingUser):
    area = "things"

    @task
    def by_function(self):
        with shared_entity(self) as thing:
            self.call("GET /thing/{id}", id=thing.id)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "things.py").write_text(SOURCE)
    return tmp_path


def test_a_scenario_calls_what_it_and_its_helpers_spell(folder: Path) -> None:
    scenarios = {scenario.name: scenario for scenario in discover_scenarios(folder)}
    assert set(scenarios) == {"Base.inherited", "ThingsUser.inherited", "ThingsUser.story"}
    story = scenarios["ThingsUser.story"]
    assert {call.operation for call in story.calls} == {
        "GET /a",
        "GET /b",
        "POST /things/",
        "DELETE /things/{id}",
        "GET /things/{id}",
        "DELETE /shared/{id}",
        "GET /from-function",
        "POST /rpc tools/call",
    }
    assert (story.area, story.file) == ("things", "loadtest/users/things.py")


def test_helpers_of_other_modules_are_followed(tmp_path: Path) -> None:
    (tmp_path / "tables.py").write_text('MORE = ("GET /more",)\n')
    (tmp_path / "sharing.py").write_text(HELPERS)
    (tmp_path / "elsewhere.py").write_text(ELSEWHERE)
    by_method, by_function = discover_scenarios(tmp_path)
    shared = {"POST /shared", "DELETE /shared/{id}", "GET /shared/{id}", "GET /more"}
    assert {call.operation for call in by_method.calls} == shared
    assert {call.operation for call in by_function.calls} == shared | {"GET /thing/{id}"}
    for scenario in (by_method, by_function):
        assert scenario.file == "loadtest/users/elsewhere.py"
        for call in scenario.calls:
            line = ELSEWHERE.splitlines()[call.line - 1]
            assert call.operation in line or line == f"    def {scenario.name.partition('.')[2]}(self):"


def test_scenarios_that_hold_streams_run_in_a_soak_only(folder: Path) -> None:
    streams = "class HoldingUser(Base):\n    holds_streams = True\n"
    source = streams + '    @task\n    def hold(self):\n        self.call("GET /a")\n'
    (folder / "things.py").write_text(SOURCE + "\n\n" + source)
    usual = {scenario.name for scenario in discover_scenarios(folder)}
    assert usual == {"Base.inherited", "ThingsUser.inherited", "ThingsUser.story"}
    assert {one.name for one in discover_scenarios(folder, soak=True)} - usual == {
        "HoldingUser.hold",
        "HoldingUser.inherited",
    }


def test_the_tasks_of_an_abstract_class_are_scenarios_of_its_subclasses(folder: Path) -> None:
    abstract = SOURCE.replace('    area = "things"\n', '    abstract = True\n    area = "things"\n', 1)
    (folder / "things.py").write_text(abstract)
    assert {one.name for one in discover_scenarios(folder)} == {"ThingsUser.inherited", "ThingsUser.story"}


def test_the_plan_contains_the_line_of_each_call(folder: Path) -> None:
    story = next(s for s in discover_scenarios(folder) if s.name == "ThingsUser.story")
    line = next(call.line for call in story.calls if call.operation == "POST /rpc tools/call")
    assert 'self.rpc("POST /rpc tools/call")' in SOURCE.splitlines()[line - 1]


@pytest.mark.parametrize("version", versions.available())
def test_what_a_version_skips_is_a_scenario(version: str) -> None:
    skipped = {name for one in versions.load(version).skipped for name in one.scenarios}
    assert not skipped - {scenario.name for scenario in discover_scenarios(deep=True)}


def test_only_selected_scenarios_are_planned(folder: Path) -> None:
    names = [
        scenario.name
        for scenario in select_scenarios(["ThingsUser.story", "Unknown.story"], discover_scenarios(folder))
    ]
    assert names == ["ThingsUser.story"]


def test_generated_calls_are_planned_when_the_contract_is_known() -> None:
    scenarios = discover_scenarios()
    (planned,) = [one for one in with_generated(scenarios, ["GET /b", "GET /a"]) if one.name == GENERATED]
    assert [call.operation for call in planned.calls] == ["GET /a", "GET /b"]
    assert GENERATED not in {one.name for one in with_generated(scenarios, [])}


def test_every_scenario_of_ours_is_in_an_area_and_calls_something() -> None:
    scenarios = discover_scenarios(soak=True)
    assert len(scenarios) > len(discover_scenarios())
    for scenario in scenarios:
        assert scenario.area, scenario.name
        assert scenario.calls or scenario.name == GENERATED, scenario.name


@pytest.mark.parametrize(
    "spelled",
    [
        'f"GET /things/{name}"',
        'f"{method} /things"',
        '"GET /things/%s" % name',
        '"GET /things/" + name',
        '"GET /things/{}".format(name)',
    ],
)
def test_an_operation_assembled_at_run_time_is_refused_by_its_place(folder: Path, spelled: str) -> None:
    """It would be missing from the plan, from the coverage and from annotations."""
    text = SOURCE + f"\n    def more(self, name, method):\n        self.call({spelled})\n"
    (folder / "things.py").write_text(text)
    with pytest.raises(
        UsageError, match=rf"^loadtest/users/things\.py:{len(text.splitlines())}: .*assembled"
    ):
        discover_scenarios(folder)


@pytest.mark.parametrize("place", ["other.py", "deep/other.py"])
def test_two_classes_of_one_name_are_refused_by_both_places(folder: Path, place: str) -> None:
    other = folder / place
    other.parent.mkdir(exist_ok=True)
    other.write_text("class ThingsUser(GatewayUser):\n    area = 'others'\n")
    line = SOURCE.splitlines().index("class ThingsUser(Base):") + 1
    with pytest.raises(UsageError) as error:
        discover_scenarios(folder)
    assert f"loadtest/users/{place}:1" in str(error.value)
    assert f"loadtest/users/things.py:{line}" in str(error.value)


def test_modules_in_folders_are_part_of_the_plan(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "sharing.py").write_text(HELPERS)
    (tmp_path / "tables.py").write_text('MORE = ("GET /more",)\n')
    (tmp_path / "elsewhere.py").write_text(ELSEWHERE.replace("users.sharing", "users.deep.sharing"))
    assert {call.operation for call in discover_scenarios(tmp_path)[0].calls} == {
        "POST /shared",
        "DELETE /shared/{id}",
        "GET /shared/{id}",
        "GET /more",
    }


ALIASES = """
from loadtest.users.sharing import SharingUser
from loadtest.users.elsewhere import UsingUser


class AliasUser(SharingUser):
    area = "aliases"
    renamed: ClassVar = {"/shared": "/renamed", "/th": "/never"}

    by_function = UsingUser.by_function
    weight = UsingUser.weight
    size = numbers.large


class InheritingAliasUser(AliasUser):
    pass
"""


def test_a_scenario_of_another_class_calls_its_operations_by_their_other_name(tmp_path: Path) -> None:
    (tmp_path / "tables.py").write_text('MORE = ("GET /more",)\n')
    (tmp_path / "sharing.py").write_text(HELPERS)
    (tmp_path / "elsewhere.py").write_text(ELSEWHERE)
    (tmp_path / "names.py").write_text(ALIASES)
    scenarios = {one.name: one for one in discover_scenarios(tmp_path)}
    for name in ("AliasUser.by_function", "InheritingAliasUser.by_function"):
        assert {call.operation for call in scenarios[name].calls} == {
            "POST /renamed",
            "DELETE /renamed/{id}",
            "GET /renamed/{id}",
            "GET /more",
            "GET /thing/{id}",
        }
        assert (scenarios[name].area, scenarios[name].file) == ("aliases", "loadtest/users/elsewhere.py")
    assert "POST /shared" in {call.operation for call in scenarios["UsingUser.by_function"].calls}
    assert not [name for name in scenarios if name.endswith((".weight", ".size"))]


def test_a_class_that_borrows_a_scenario_has_the_methods_it_uses() -> None:
    modules = scenario_plan._modules_below(scenario_plan.USERS)
    classes = {one.name: one for module in modules.values() for one in module.classes}
    borrowed = 0
    for found in classes.values():
        own = scenario_plan._inherited(found, classes)
        for target, (owner, name) in found.borrowed.items():
            theirs = scenario_plan._inherited(classes[owner], classes)
            used = {
                attribute
                for definition in scenario_plan._closure(theirs[name], theirs, modules)
                for attribute in definition.own
            }
            assert used & theirs.keys() <= own.keys(), f"{found.name}.{target}"
            borrowed += 1
    assert borrowed > 10


def test_the_plan_is_the_same_in_every_process() -> None:
    """The order of a set of names differs between processes; lines in reports must not."""
    code = (
        "from loadtest.engine.scenario_plan import discover_scenarios; print(discover_scenarios(deep=True))"
    )
    plans = {
        subprocess.run(
            [sys.executable, "-c", code],
            env=os.environ | {"PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(plans) == 1
