"""Any text at any place of a run gives a file that all can read."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from junit_file import rendered, verdict
from msgspec.structs import replace
from sample_runs import failure, known, operation, run

from loadtest.reports.cases import CaseOutcome, cases
from loadtest.results.failures import Example, ProblemKind
from loadtest.results.measurements import Acceptance
from loadtest.results.run import PlannedCall, Run, Scenario

TEXT = st.text(max_size=40) | st.text(
    alphabet=st.sampled_from("<>&]'\"\n\r\t :\x00\x1b\x7f\x85\ud800\ufffe\U0001fffea"), max_size=20
)
COUNT = st.integers(0, 3)


@st.composite
def runs(draw: st.DrawFn) -> Run:
    names = draw(st.lists(TEXT, max_size=4, unique=True))
    operations = []
    found = []
    for name in names:
        successes, count, drift = draw(COUNT), draw(COUNT), draw(COUNT)
        accepted = (Acceptance(status=404, reason=draw(TEXT), count=1),) if draw(st.booleans()) else ()
        operations.append(
            operation(
                name,
                successes,
                count,
                area=draw(TEXT),
                drift=drift,
                acceptances=accepted,
                scenario=draw(TEXT),
            )
        )
        if count and draw(st.booleans()):
            example = Example(at=0.0, curl=draw(TEXT), answer=draw(TEXT), log=(draw(TEXT),))
            found.append(
                replace(
                    failure(
                        name, count=count, problem=draw(st.sampled_from(ProblemKind)), scenario=draw(TEXT)
                    ),
                    message=draw(TEXT),
                    code=draw(st.none() | TEXT),
                    fingerprint=draw(TEXT),
                    examples=(example,),
                )
            )
    scenario = Scenario(
        name=draw(TEXT),
        area=draw(TEXT),
        file=draw(TEXT),
        line=draw(st.integers(0, 9)),
        calls=(PlannedCall(operation=draw(TEXT), line=1),),
    )
    contract = draw(st.none() | st.lists(TEXT | st.sampled_from([*names, "GET /x"]), max_size=4).map(tuple))
    return run(
        operations=tuple(operations),
        failures=tuple(found),
        plan=(scenario,),
        contract=contract,
        started=draw(TEXT),
        reason=draw(TEXT),
    )


OWN = ("loadtest coverage", "loadtest criteria", "loadtest resources")
"""The suites that are no area."""


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(runs(), st.booleans())
def test_any_text_anywhere_gives_a_file_that_all_can_read(here: Run, excused: bool) -> None:
    listed = tuple(
        known(f.operation, problem=f.problem) for f in here.failures if excused and f.operation.strip()
    )
    judged = verdict(here, listed)
    root = rendered(here, listed)
    failing = {one.failure.operation for one in judged.failing}
    bad = sum(
        case.outcome in (CaseOutcome.FAILURE, CaseOutcome.ERROR)
        for case in cases(here, judged)
        if case.suite not in OWN
    )
    unexplained = {o.name for o in here.operations if o.failures} - {f.operation for f in here.failures}
    assert bad == len(failing | unexplained)
    assert int(root.get("failures", "")) >= len(failing)
