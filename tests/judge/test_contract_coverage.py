from sample_runs import CONTRACT, PLAN, VERSION

from loadtest.judge.coverage import OperationCoverage
from loadtest.judge.coverage_diff import contract_coverage
from loadtest.results.run import PlannedCall, Scenario


def names(rows: tuple[OperationCoverage, ...]) -> list[str]:
    return [one.name for one in rows]


def test_every_operation_is_in_one_group() -> None:
    gone = Scenario(
        name="X.y", area="x", file="f", line=1, calls=(PlannedCall(operation="GET /gone", line=2),)
    )
    found = contract_coverage((*CONTRACT, "GET /new"), (*PLAN, gone), VERSION.excluded)
    assert names(found.planned) == [
        "DELETE /roots/{uri}",
        "POST /rpc",
        "GET /tools",
        "GET /tools/{tool_id}",
        "POST /tools",
        "GET /version",
    ]
    assert names(found.unplanned) == ["GET /new"]
    assert names(found.excluded) == ["GET /_internal/state"]
    assert names(found.not_offered) == ["GET /gone"]
    assert found.scenarios["GET /gone"] == ("X.y",)
    assert found.areas()["tools"] == (3, 0, 0, 0)
    assert found.areas()["gone"] == (0, 0, 0, 1)
    assert found.line == "6/7 operations have a scenario (1 excluded)"


def test_without_exclusions_everything_needs_a_scenario() -> None:
    assert names(contract_coverage(CONTRACT, PLAN).unplanned) == ["GET /_internal/state"]


def test_without_scenarios_none_is_planned() -> None:
    found = contract_coverage(CONTRACT, (), VERSION.excluded)
    assert (len(found.planned), len(found.unplanned)) == (0, 6)
