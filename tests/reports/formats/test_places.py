"""Annotations and test cases are at the route handler of a checkout, failures first."""

from junit_file import rendered
from msgspec.structs import replace
from sample_runs import CONTRACT, TODAY, failures

from loadtest.judge.categories import load_categories
from loadtest.judge.criteria.criterion import parse
from loadtest.judge.verdict import judge
from loadtest.reports.formats import annotations
from loadtest.versions.data import VersionData

HANDLERS = {"POST /tools": "mcpgateway/main.py:120", "POST /rpc": "mcpgateway/main.py:7898"}


def lines_of(*, version: VersionData | None = None) -> list[str]:
    here = replace(failures(), handlers=HANDLERS, contract=(*CONTRACT, "GET /unplanned"))
    criteria = [parse("p95 < 1ms"), parse("GET /tools: max < 1ms, min-samples 1")]
    verdict = judge(here, categories=load_categories(), version_data=version, criteria=criteria, today=TODAY)
    return annotations.render(here, verdict).splitlines()


def test_a_failure_is_annotated_at_its_handler() -> None:
    (found,) = (line for line in lines_of() if "Internal Server Error" in line and "POST /tools" in line)
    assert found.startswith("::error file=mcpgateway/main.py,line=120,title=new failure%3A POST /tools::")
    assert found.endswith("; called by ToolsUser.lifecycle")


def test_other_failures_are_annotated_at_their_call() -> None:
    assert any(
        line.startswith("::error file=loadtest/users/registry/tools.py,line=12,") for line in lines_of()
    )


def test_failures_come_before_checks() -> None:
    errors = [line for line in lines_of() if line.startswith("::error")]
    failed = ["title=new failure" in line for line in errors]
    assert failed == sorted(failed, reverse=True)
    assert set(failed) == {True, False}


def test_a_case_is_at_its_handler() -> None:
    root = rendered(replace(failures(), handlers=HANDLERS))
    cases = {one.get("name"): (one.get("file"), one.get("line")) for one in root.iter("testcase")}
    assert cases["POST /tools"] == ("mcpgateway/main.py", "120")
    assert cases["POST /rpc tools/call"] == ("mcpgateway/main.py", "7898")
    assert cases["GET /tools"] == ("loadtest/users/registry/tools.py", "12")


def test_an_operation_without_a_scenario_is_annotated_at_its_handler() -> None:
    handlers = HANDLERS | {"GET /unplanned": "mcpgateway/routers/unplanned.py:7"}
    here = replace(failures(), handlers=handlers, contract=(*CONTRACT, "GET /unplanned"))
    for required, kind in ((False, "warning"), (True, "error")):
        verdict = judge(here, categories=load_categories(), today=TODAY, require_scenarios=required)
        (found,) = (
            line for line in annotations.render(here, verdict).splitlines() if "GET /unplanned" in line
        )
        assert found.startswith(f"::{kind} file=mcpgateway/routers/unplanned.py,line=7,")
