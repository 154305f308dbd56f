from msgspec.structs import replace
from sample_runs import CONTRACT, VERSION, clean, failures, operation

from loadtest.judge.coverage import Coverage, CoverageState, coverage_of
from loadtest.judge.coverage_diff import diff_coverage
from loadtest.results.run import Run


def covered(here: Run) -> Coverage:
    return coverage_of(here, excused=("DELETE /roots/{uri}",), exclusions=VERSION.excluded)


def test_two_gateways() -> None:
    other = replace(
        failures(),
        contract=(*CONTRACT[1:-1], "GET /new"),
        operations=(*failures().operations[1:], operation("GET /new", 1, area="new")),
    )
    both = diff_coverage(covered(clean()), covered(other))
    # What is excluded on one of them is nothing that the other lacks.
    assert (both.only_left, both.only_right) == (("GET /tools",), ("GET /new",))
    assert [(one.name, one.left.state, one.right.state) for one in both.changes] == [
        ("DELETE /roots/{uri}", CoverageState.SUCCEEDED, CoverageState.KNOWN_FAILURE),
        ("GET /version", CoverageState.SUCCEEDED, CoverageState.MISMATCH),
        ("POST /tools", CoverageState.SUCCEEDED, CoverageState.FAILING),
    ]
    areas = {name: (left, right) for name, left, right in both.areas}
    assert areas["new"][0] is None
    left, right = areas["tools"]
    assert left is not None
    assert right is not None
    assert (left[CoverageState.SUCCEEDED], right[CoverageState.SUCCEEDED]) == (3, 1)


def test_a_run_compared_with_itself() -> None:
    both = diff_coverage(covered(clean()), covered(clean()))
    assert (both.changes, both.only_left, both.only_right) == ((), (), ())
