import re
from pathlib import Path
from typing import Literal

import pytest
from bad_runs import BAD
from msgspec.structs import replace
from sample_runs import CONTRACT, PLAN, TODAY, VERSION, clean, failure, known, latency, operation, run

from loadtest.core.units import clock, plural, some
from loadtest.judge.categories import load_categories
from loadtest.judge.checks.base import BASE_CHECKS
from loadtest.judge.checks.check import Check, CheckResult, Severity
from loadtest.judge.known import entries
from loadtest.judge.verdict import judge
from loadtest.results.failures import MAX_FINGERPRINTS
from loadtest.results.measurements import LoadStage, Timeline
from loadtest.results.refusals import Refusals, Standing
from loadtest.results.run import Generator, PlannedCall, Run, Scenario, Settings, Worker
from loadtest.results.target import Gateway
from loadtest.versions.data import KnownFailure

CATEGORIES = load_categories()


def seen(here: Run, check: Check, *listed: KnownFailure) -> CheckResult:
    verdict = judge(
        here, known=entries(listed, "file"), categories=CATEGORIES, version_data=VERSION, today=TODAY
    )
    (found,) = [one for one in verdict.checks if one.check is check]
    return found


def test_a_lost_worker_is_reported_with_what_is_missing() -> None:
    lost = Worker(name="w2", lost=True, joined_at=5.0, left_at=21.5, last_report=19.0)
    finding = seen(replace(clean(), workers=(Worker(name="w1", requests=5), lost)), Check.WORKERS)
    assert finding.items == (
        "w2 joined at 00:05, was lost at 00:21, and its requests after its last report at 00:19 are missing",
    )
    assert not finding.taints


def test_failures_of_a_worker_without_a_network_do_not_count_against_the_gateway() -> None:
    cut = replace(clean(), workers=(Worker(name="w1", left_at=20.0, back_at=35.0),))
    assert seen(cut, Check.WORKERS).taints


def test_the_bound_of_distinct_failures_is_named_where_it_is_reached() -> None:
    few = tuple(failure("GET /tools", message=f"wrong {'x' * number}") for number in range(MAX_FINGERPRINTS))
    here = replace(clean(), operations=(operation("GET /tools", 1, 3 * MAX_FINGERPRINTS),))
    assert "2,000" in seen(replace(here, failures=few), Check.ACCOUNTED).advice
    assert "2,000" not in seen(replace(here, failures=few[1:]), Check.ACCOUNTED).advice


def test_every_check_is_always_reported_and_every_problem_has_advice() -> None:
    verdict = judge(run(), categories=CATEGORIES, today=TODAY)
    assert [one.check for one in verdict.checks] == [one for one in Check if one not in BASE_CHECKS]
    assert all(one.text for one in verdict.checks)
    assert all(one.advice for one in verdict.findings)


@pytest.mark.parametrize(("check", "severity", "here", "words"), BAD)
def test_what_does_not_pass(check: Check, severity: Severity, here: Run, words: str) -> None:
    assert seen(clean(), check).severity in (Severity.PASSED, Severity.NOT_MEASURED)
    found = seen(here, check)
    assert found.severity is severity
    assert words in found.text
    assert found.advice
    cut_off = any(worker.back_at is not None for worker in here.workers)
    assert found.taints is (check in (Check.GATEWAY_UP, Check.BACKENDS_UP) or cut_off)


def test_each_of_them_alone_keeps_a_run_from_passing() -> None:
    for check, severity, here, _ in BAD:
        verdict = judge(here, categories=CATEGORIES, version_data=VERSION, today=TODAY)
        if severity in (Severity.INCONCLUSIVE, Severity.FAILURE):
            assert verdict.exit_code != 0, check


@pytest.mark.parametrize(("workers", "severity"), [(1, Severity.INCONCLUSIVE), (2, Severity.WARNING)])
def test_refusals_without_a_response_are_expected_of_several_workers(
    workers: int, severity: Severity
) -> None:
    gateway = Gateway(version=VERSION.version, source=VERSION.version, workers=workers)
    undecided = Refusals(requests=1, standings={Standing.UNDECIDED: {"POST /mcp/: empty batch": 1}})
    found = seen(replace(clean(), gateway=gateway, refusals=undecided), Check.DECIDED)
    assert (found.severity, found.items) == (severity, ("POST /mcp/: empty batch",))


def test_known_failures_that_are_not_seen_or_not_applied() -> None:
    assert seen(clean(), Check.STALE, known("GET /tools")).severity is Severity.WARNING
    nameless = replace(clean(), gateway=None)
    assert seen(nameless, Check.APPLIED, known("GET /x", gateway="3.0.7")).severity is Severity.WARNING
    assert seen(nameless, Check.APPLIED, known("GET /x")).severity is Severity.PASSED


def test_late_users_of_a_slow_gateway_are_not_a_failure_of_the_schedule() -> None:
    """The users were busy: the times from the intended starts show it, and no result is in doubt."""
    kept = Generator(late=latency(*[5000.0] * 200), scheduling_delay=latency(1.0, 2.0), dropped=1)
    found = seen(replace(clean(), generator=kept), Check.SCHEDULE)
    assert found.severity is Severity.PASSED
    assert re.fullmatch(r"200 scenarios started, 50\d\d ms late \(p99\); 1 dropped", found.text)
    assert seen(clean(), Check.SCHEDULE).severity is Severity.NOT_MEASURED


@pytest.mark.parametrize(
    ("own", "dropped", "stage", "severity"),
    [
        ([1.0] * 100, 2, "plateau", Severity.WARNING),
        ([1.0] * 100, 3, "mix", Severity.PASSED),
        ([1.0] * 100, 4, "mix", Severity.WARNING),
        ([1.0] * 1000, 10, "plateau", Severity.PASSED),
        ([1.0] * 1000, 11, "plateau", Severity.WARNING),
        ([500.0] * 100, 0, "plateau", Severity.INCONCLUSIVE),
        ([500.0] * 100, 0, "mix", Severity.WARNING),
        ([500.0] * 99, 0, "mix", Severity.PASSED),
    ],
)
def test_a_schedule_that_is_not_kept(
    own: list[float], dropped: int, stage: Literal["plateau", "mix"], severity: Severity
) -> None:
    """Too few starts show no delay, and a load may end while some are due."""
    generator = Generator(late=latency(*own), scheduling_delay=latency(*own), dropped=dropped)
    timeline = Timeline(stretches=(LoadStage(name=stage, start=0.0, end=60.0, rate=1.0),))
    found = seen(replace(clean(), generator=generator, timeline=timeline), Check.SCHEDULE)
    assert found.severity is severity


def test_what_a_csv_file_does_not_contain_is_not_measured() -> None:
    here = replace(
        clean(),
        source="csv",
        gateway=None,
        backends=(),
        plan=(),
        contract=None,
        sweep=None,
        generator=None,
        entities=(),
    )
    unmeasured = (
        Check.GATEWAY_UP,
        Check.BACKENDS_UP,
        Check.GENERATOR,
        Check.SWEEP,
        Check.REACHED,
        Check.ENTITIES,
    )
    for check in unmeasured:
        assert seen(here, check).severity is Severity.NOT_MEASURED


def test_an_operation_that_this_gateway_does_not_offer_need_not_be_reached() -> None:
    other = Scenario(
        name="X.y", area="x", file="f", line=1, calls=(PlannedCall(operation="GET /gone", line=2),)
    )
    assert seen(replace(clean(), plan=(*PLAN, other)), Check.REACHED).severity is Severity.PASSED


@pytest.mark.parametrize("settings", [Settings(host="", tags=("x",)), Settings(host="", left_out=1)])
def test_a_part_of_the_load_does_not_judge_operations_without_a_scenario(settings: Settings) -> None:
    here = replace(clean(), contract=(*CONTRACT, "GET /new"), settings=settings)
    assert seen(here, Check.SCENARIOS).severity is Severity.NOT_MEASURED


def test_every_check_is_in_the_documentation_with_what_it_does() -> None:
    words = {
        Severity.INCONCLUSIVE: "inconclusive",
        Severity.FAILURE: "missed",
        Severity.WARNING: "warning",
    }
    text = (Path(__file__).parents[3] / "docs" / "verdict.md").read_text()
    finding = {
        (row[0], row[1].partition(",")[0]) for row in re.findall(r"^\| `(\S+)` \|.*\| (.*) \|$", text, re.M)
    }
    assert {name for name, _ in finding} >= {check.value for check in Check}
    assert {(check.value, words[severity]) for check, severity, *_ in BAD} <= finding


def test_words() -> None:
    assert [clock(s) for s in (-1, 0, 41.9, 61, 3660)] == ["00:00", "00:00", "00:41", "01:01", "61:00"]
    assert [plural(n, "thing") for n in (0, 1, 2)] == ["no things", "1 thing", "2 things"]
    assert some("abc") == "a, b, c"
    assert some("abcde") == "a, b, c and 2 more (all in verdict.json)"
