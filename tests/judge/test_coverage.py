import pytest
from msgspec.structs import replace
from sample_runs import CONTRACT, PLAN, VERSION, clean, failures, operation, run

from loadtest.judge.coverage import Coverage, CoverageState, coverage_of
from loadtest.results.measurements import Acceptance, Operation
from loadtest.results.run import CutShort, PlannedCall, Run, Scenario, ScenarioRuns, Settings
from loadtest.versions.data import Drift, Exclusion


def states(coverage: Coverage) -> dict[str, CoverageState]:
    return {one.name: one.state for one in coverage.operations}


def covered(here: Run, excused: frozenset[str] = frozenset()) -> Coverage:
    return coverage_of(here, excused=excused, exclusions=VERSION.excluded, drift=VERSION.drift, required=True)


def test_every_state() -> None:
    plan = (
        *PLAN,
        Scenario(name="X.y", area="x", file="f", line=1, calls=(PlannedCall(operation="GET /gone", line=2),)),
    )
    here = replace(
        failures(),
        contract=(*CONTRACT, "GET /new"),
        plan=plan,
        operations=(*failures().operations, operation("GET /hidden", 1)),
    )
    coverage = covered(here, frozenset({"DELETE /roots/{uri}"}))
    assert states(coverage) == {
        "GET /tools": CoverageState.SUCCEEDED,
        "POST /tools": CoverageState.FAILING,
        "GET /tools/{tool_id}": CoverageState.SUCCEEDED,
        "DELETE /roots/{uri}": CoverageState.KNOWN_FAILURE,
        "GET /version": CoverageState.MISMATCH,
        "POST /rpc": CoverageState.SUCCEEDED,
        "POST /rpc tools/call": CoverageState.SUCCEEDED,
        "GET /_internal/state": CoverageState.EXCLUDED,
        "GET /new": CoverageState.NOT_CALLED,
        "GET /gone": CoverageState.NOT_IN_VERSION,
        "GET /hidden": CoverageState.UNDOCUMENTED,
    }
    assert (coverage.succeeded, coverage.total) == (3, 7)
    assert coverage.unplanned == ("GET /new",)
    assert sum(sum(row.values()) for row in coverage.areas().values()) == 10


def test_reasons() -> None:
    reasons = {one.name: one.reason for one in covered(clean()).operations}
    assert reasons["GET /_internal/state"] == "called only by the gateway itself"
    missed = covered(run(contract=CONTRACT, plan=PLAN))
    reasons = {one.name: one.reason for one in missed.operations}
    assert reasons["GET /tools"] == "never called"
    assert reasons["POST /rpc tools/call"] == "never called"


def test_an_operation_that_was_not_called_names_the_failure_before_it() -> None:
    scenario = next(one for one in PLAN if len(one.calls) > 1)
    first, *others = dict.fromkeys(call.operation for call in scenario.calls)
    cuts = (
        CutShort(operation=first, fingerprint="0" * 12, count=2),
        CutShort(operation=others[-1], fingerprint="1" * 12, count=1),
    )
    ended = ScenarioRuns(name=scenario.name, started=4, completed=1, cut_short=cuts)
    here = run(contract=CONTRACT, plan=PLAN, scenarios=(ended,))
    reasons = {one.name: one.reason for one in covered(here).operations}
    assert {reasons[name] for name in others} == {f"not called, because {first} failed"}
    planned = {call.operation for call in scenario.calls}
    assert {reasons[name] for name in reasons if name not in planned} & set(reasons.values()) >= {
        "never called"
    }


DOCUMENT = (
    Drift(operation="GET /*", reason="moved", status=303),
    Drift(operation="GET /[a", reason="a bracket is a bracket"),
    Drift(operation="GET /a", reason="no JSON", media_type="text/html"),
    Drift(operation="GET /a", reason="not this one", status=201),
    Drift(operation="POST /a", reason="nor this"),
)
GONE = Acceptance(status=404, reason="gone on purpose", count=1)


@pytest.mark.parametrize(
    ("one", "state", "reason"),
    [
        (operation("GET /a", 1, 1, drift=1, acceptances=(GONE,)), CoverageState.SUCCEEDED, ""),
        (operation("GET /a", drift=1, statuses={"303": 1}), CoverageState.MISMATCH, "moved; no JSON"),
        (
            operation("GET /a", 0, 9, drift=1, statuses={"200": 1, "500": 9}),
            CoverageState.MISMATCH,
            "no JSON",
        ),
        (
            operation("HEAD /a", drift=1),
            CoverageState.MISMATCH,
            "correct, but not as the contract documents",
        ),
        (operation("GET /a", acceptances=(GONE,)), CoverageState.ALLOWED, "allowed 404: gone on purpose"),
        (operation("GET /k", 0, 1), CoverageState.KNOWN_FAILURE, "only known failures"),
        (
            operation("GET /k", 0, 1, acceptances=(GONE,)),
            CoverageState.KNOWN_FAILURE,
            "only known failures; allowed 404: gone on purpose",
        ),
        (operation("GET /a", 0, 1), CoverageState.FAILING, "every call failed"),
        (operation("GET /a", refusals=2), CoverageState.NOT_CALLED, "no scenario calls it"),
        (operation("GET /a", 1, refusals=2), CoverageState.SUCCEEDED, ""),
        (operation("GET /a", 0, 1, acceptances=(GONE,)), CoverageState.FAILING, "every call failed"),
    ],
)
def test_only_a_documented_success_is_one(one: Operation, state: CoverageState, reason: str) -> None:
    coverage = coverage_of(run(contract=(one.name,), operations=(one,)), excused={"GET /k"}, drift=DOCUMENT)
    (covered,) = coverage.operations
    assert (covered.state, covered.reason) == (state, reason)
    assert coverage.succeeded == (state is CoverageState.SUCCEEDED)
    assert coverage.answered == (state in (CoverageState.SUCCEEDED, CoverageState.MISMATCH))


def test_the_line_accounts_for_every_operation() -> None:
    names = ("GET /s", "GET /d", "GET /x", "GET /k", "GET /f", "GET /m", "* /_i")
    here = run(
        contract=names,
        operations=(
            operation("GET /s", 1),
            operation("GET /d", drift=1),
            operation("GET /x", acceptances=(GONE,)),
            operation("GET /k", 0, 1),
            operation("GET /f", 0, 1),
        ),
    )
    coverage = coverage_of(
        here, excused={"GET /k"}, exclusions=(Exclusion(operations="[*] /_i", reason="inner"),)
    )
    assert coverage.line == "5/6 operations called, 2 correct, 1 failing, 1 allowed, 1 known to fail"
    nameless = coverage_of(replace(here, contract=None), excused={"GET /k"})
    assert nameless.line == "5 operations called, 2 correct, 1 failing, 1 allowed, 1 known to fail"
    assert covered(clean()).line == "6/6 operations called, 6 correct"


def test_an_operation_called_only_as_its_parts_has_their_state() -> None:
    here = run(
        contract=("POST /rpc",), operations=(operation("POST /rpc a", 0, 1), operation("POST /rpc b", 1))
    )
    assert states(covered(here))["POST /rpc"] is CoverageState.SUCCEEDED
    assert covered(here).total == 1
    here = run(contract=("POST /rpc",), operations=(operation("POST /rpc a", 0, 1),))
    assert states(covered(here))["POST /rpc"] is CoverageState.FAILING


def test_an_excluded_operation_that_succeeds_counts() -> None:
    here = run(contract=CONTRACT, operations=(operation("GET /_internal/state", 1),))
    assert states(covered(here))["GET /_internal/state"] is CoverageState.SUCCEEDED
    assert covered(here).total == 7


def test_without_a_contract_nothing_is_claimed() -> None:
    coverage = covered(run(operations=(operation("GET /a", 1), operation("GET /b", 0, 1))))
    assert not coverage.known
    assert (coverage.succeeded, coverage.total, coverage.unplanned) == (1, 2, ())
    assert not coverage.incomplete


def test_an_operation_without_requests_was_not_called() -> None:
    here = run(contract=("GET /a",), operations=(operation("GET /a", 0),))
    assert states(covered(here)) == {"GET /a": CoverageState.NOT_CALLED}


def paced(*firsts: float | None) -> Coverage:
    names = tuple(f"GET /{number}" for number in range(len(firsts)))
    operations = (operation(n, 1, first_success=f) for n, f in zip(names, firsts, strict=True))
    return coverage_of(run(contract=names, operations=tuple(operations)), excused=())


def test_the_pace_of_coverage() -> None:
    assert paced(*(float(n) for n in range(200, 0, -1))).pace == (
        (50, 100.0),
        (90, 180.0),
        (99, 198.0),
        (100, 200.0),
    )
    assert paced(4.0).pace == ((50, 4.0), (90, 4.0), (99, 4.0), (100, 4.0))
    assert paced(1.0, 2.0, 3.6).pace == ((50, 2.0), (90, 3.6), (99, 3.6), (100, 3.6))
    assert (
        paced(1.0, 2.0, 3.6).pace_line
        == "coverage: 50 % after 2 s, 90 % after 4 s, 99 % after 4 s, 100 % after 4 s"
    )


def test_a_record_without_times_has_no_pace() -> None:
    for coverage in (paced(), paced(1.0, None)):
        assert (coverage.pace, coverage.pace_line) == ((), "")


def test_what_succeeds_through_its_parts_did_so_with_the_first_of_them() -> None:
    here = run(
        contract=("POST /rpc", "GET /a"),
        operations=(
            operation("POST /rpc a", 1, first_success=9.0),
            operation("POST /rpc b", 1, first_success=3.0),
            operation("POST /rpc c", 0, 1),
            operation("GET /a", 0, 1),
        ),
    )
    assert covered(here).pace == ((50, 3.0), (90, 3.0), (99, 3.0), (100, 3.0))


PR = Settings(host="", profile="pr")


RPC = operation("POST /rpc tools/call", 1)


@pytest.mark.parametrize(
    ("one", "lost"),
    [
        (operation("GET /version", 1), False),
        (operation("GET /version", 1, 1), False),
        (operation("GET /version", drift=1), False),
        (operation("GET /version", 0, 1), False),
        (operation("GET /version", 0), True),
        (operation("GET /version", acceptances=(GONE,)), True),
    ],
)
def test_every_planned_operation_must_succeed(one: Operation, lost: bool) -> None:
    here = run(contract=CONTRACT, plan=PLAN, operations=(*clean().operations[:4], one, RPC))
    coverage = covered(here)
    assert [each.name for each in coverage.lost] == (["GET /version"] if lost else [])
    assert coverage.incomplete is lost
    assert not coverage_of(here, excused=()).incomplete, "no version's data applies"


def test_a_contract_mismatch_without_an_entry_is_not_excused() -> None:
    one = operation("GET /version", drift=1)
    here = run(contract=CONTRACT, plan=PLAN, operations=(*clean().operations[:4], one, RPC))
    assert [each.name for each in coverage_of(here, excused=(), required=True).lost] == ["GET /version"]


def test_an_allowed_response_that_is_listed_is_excused() -> None:
    one = operation("GET /version", acceptances=(GONE,))
    here = run(contract=CONTRACT, plan=PLAN, operations=(*clean().operations[:4], one, RPC))
    assert not coverage_of(here, excused=(), required=True, allowed={"GET /version"}).lost


@pytest.mark.parametrize(("interrupting", "lost"), [((), ["GET /version"]), (("DELETE /roots/{uri}",), [])])
def test_operations_after_an_interrupting_failure_are_excused(
    interrupting: tuple[str, ...], lost: list[str]
) -> None:
    scenario = next(one for one in PLAN if {call.operation for call in one.calls} >= {"GET /version"})
    cut = ScenarioRuns(
        name=scenario.name,
        started=1,
        cut_short=(CutShort(operation="DELETE /roots/{uri}", fingerprint="0" * 12, count=1),),
    )
    here = run(
        contract=CONTRACT,
        plan=PLAN,
        operations=(*clean().operations[:3], operation("DELETE /roots/{uri}", 0, 1), RPC),
        scenarios=(cut,),
    )
    coverage = coverage_of(here, excused={"DELETE /roots/{uri}"}, required=True, interrupting=interrupting)
    assert [one.name for one in coverage.lost] == lost


def test_one_interrupting_failure_among_several_is_enough() -> None:
    counts = {"POST /often": 9, "GET /rarely": 1}
    plan = tuple(
        Scenario(
            name=failing,
            area="a",
            file="f.py",
            line=1,
            calls=tuple(PlannedCall(operation=one, line=1) for one in (failing, "GET /version")),
        )
        for failing in counts
    )
    cut = tuple(
        ScenarioRuns(
            name=failing,
            started=count,
            cut_short=(CutShort(operation=failing, fingerprint="0" * 12, count=count),),
        )
        for failing, count in counts.items()
    )
    failed = (operation("POST /often", 0, 9), operation("GET /rarely", 0, 1))
    contract = ("POST /often", "GET /rarely", "GET /version")
    here = run(contract=contract, plan=plan, operations=failed, scenarios=cut)
    excused = {"POST /often", "GET /rarely"}
    lost = coverage_of(here, excused=excused, required=True).lost
    assert [(one.name, one.reason) for one in lost] == [
        ("GET /version", "not called, because POST /often failed")
    ]
    assert not coverage_of(here, excused=excused, required=True, interrupting={"GET /rarely"}).lost


@pytest.mark.parametrize(
    ("settings", "partial"),
    [
        (PR, ""),
        (replace(PR, profile="custom"), ""),
        (replace(PR, tags=("x",)), "the run was limited by tags"),
        (replace(PR, exclude_tags=("x",)), "the run was limited by tags"),
        (replace(PR, left_out=3), "only 2 of 5 scenarios were chosen"),
    ],
)
def test_success_is_required_of_the_whole_load(settings: Settings, partial: str) -> None:
    here = replace(clean(), settings=settings, operations=clean().operations[1:])
    coverage = coverage_of(here, excused=(), required=True)
    assert coverage.partial == partial
    assert coverage.incomplete is (not partial)


def test_unknown_failures_and_unplanned_operations_are_reported_elsewhere() -> None:
    here = replace(failures(), contract=(*CONTRACT, "GET /new"), operations=failures().operations[1:])
    coverage = covered(here, frozenset({"DELETE /roots/{uri}"}))
    assert [one.name for one in coverage.lost] == ["GET /tools"]
    assert coverage.unplanned == ("GET /new",)
