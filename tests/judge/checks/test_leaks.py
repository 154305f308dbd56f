import pytest
from msgspec.structs import replace
from sample_runs import TODAY, VERSION, clean, failure, known

from loadtest.judge.categories import load_categories
from loadtest.judge.checks.check import Check, CheckResult, Severity
from loadtest.judge.known import entries
from loadtest.judge.verdict import Result, judge
from loadtest.results.failures import Failure, ProblemKind
from loadtest.results.target import EntityCount

TOOLS = EntityCount(kind="tools", before=3, after=4, deletes="DELETE /tools/{tool_id}")


def result(
    *failures: Failure, entity: EntityCount = TOOLS, generated: dict[str, str] | None = None
) -> tuple[Result, CheckResult]:
    excused = [known(one.operation, problem=one.problem, message=None, status=None) for one in failures]
    run = replace(clean(), entities=(entity,), failures=failures, generated=generated or {})
    verdict = judge(
        run,
        known=entries(excused, "file"),
        categories=load_categories(),
        version_data=VERSION,
        today=TODAY,
    )
    (found,) = [one for one in verdict.checks if one.check is Check.ENTITIES]
    return verdict.result, found


def test_an_entity_that_no_failure_explains_fails_the_run_and_names_its_deletion() -> None:
    verdict, found = result()
    assert (verdict, found.severity) == (Result.FAIL, Severity.FAILURE)
    assert "DELETE /tools/{tool_id} (1 tools left)" in found.text


def test_so_does_one_that_could_be_deleted_after_the_load() -> None:
    _, found = result(entity=replace(TOOLS, after=3, left=2))
    assert found.severity is Severity.FAILURE
    assert "DELETE /tools/{tool_id} (2 tools left)" in found.text


@pytest.mark.parametrize(
    ("operation", "problem"),
    [
        ("POST /tools", ProblemKind.STATUS),
        ("POST /tools/", ProblemKind.CONTENT),
        ("POST /admin/tools/{tool_id}/delete", ProblemKind.REDIRECT),
        ("POST /admin/tools", ProblemKind.CONTENT),
        ("GET /anything", ProblemKind.TIMEOUT),
        ("GET /anything", ProblemKind.CONNECTION),
    ],
)
def test_a_known_failure_that_may_have_left_it_explains_it(operation: str, problem: ProblemKind) -> None:
    _, found = result(failure(operation, problem=problem))
    assert found.severity is Severity.WARNING


@pytest.mark.parametrize(
    ("after", "severity"),
    [(4, Severity.PASSED), (5, Severity.PASSED), (6, Severity.WARNING), (2, Severity.WARNING)],
)
def test_entities_stay_whose_deletion_is_known_to_fail(after: int, severity: Severity) -> None:
    fails = replace(failure("DELETE /tools/{tool_id}", problem=ProblemKind.STATUS), count=2)
    _, found = result(fails, entity=replace(TOOLS, after=after))
    assert found.severity is severity


def test_one_that_was_deleted_after_the_load_does_not_belong_to_them() -> None:
    fails = failure("DELETE /tools/{tool_id}", problem=ProblemKind.STATUS)
    _, found = result(fails, entity=replace(TOOLS, left=1))
    assert found.severity is Severity.WARNING


@pytest.mark.parametrize(
    "operation", ["POST /tools/{tool_id}/toggle", "GET /tools", "DELETE /teams/{team_id}", "POST /toolset"]
)
def test_a_known_failure_elsewhere_does_not(operation: str) -> None:
    _, found = result(failure(operation, problem=ProblemKind.STATUS))
    assert found.severity is Severity.FAILURE


@pytest.mark.parametrize(
    ("generated", "severity"),
    [
        ({"POST /tools": ""}, Severity.WARNING),
        ({"POST /tools": "imports"}, Severity.FAILURE),
        ({"GET /tools": ""}, Severity.FAILURE),
        ({"POST /rpc tools/call": ""}, Severity.FAILURE),
        ({}, Severity.FAILURE),
    ],
)
def test_what_a_generated_call_may_have_created_accuses_no_deletion(
    generated: dict[str, str], severity: Severity
) -> None:
    _, found = result(generated=generated)
    assert found.severity is severity


def test_fewer_entities_than_before_are_no_failed_deletion() -> None:
    _, found = result(entity=replace(TOOLS, after=2))
    assert found.severity is Severity.WARNING


def test_a_run_that_did_not_count_deletions_is_judged_as_before() -> None:
    _, found = result(entity=replace(TOOLS, deletes=""))
    assert found.severity is Severity.WARNING
