"""An operation that the known version offers and the gateway does not is a failure that names it; nothing else is."""

import json
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from msgspec.structs import replace
from sample_runs import CONTRACT, TODAY, VERSION, clean
from sample_runs import known as known_failure

from loadtest.core.errors import UsageError
from loadtest.judge.categories import load_categories
from loadtest.judge.checks.check import Check, CheckResult, Severity
from loadtest.judge.coverage import CoverageState
from loadtest.judge.criteria.criterion import parse
from loadtest.judge.failures import FailOn
from loadtest.judge.known import entries
from loadtest.judge.known_file import read_baseline
from loadtest.judge.removed import find_removals
from loadtest.judge.verdict import Result, Verdict, judge
from loadtest.reports import terminal
from loadtest.reports.formats import annotations, html, junit, summary, verdict_json
from loadtest.results.failures import ProblemKind
from loadtest.results.run import Run
from loadtest.results.target import Gateway
from loadtest.versions.data import KnownFailure, Removal

UI = tuple(f"GET /admin/page-{number}" for number in range(200))
MANY = (*UI, "POST /oauth/token", "DELETE /oauth/token", "GET /export")

OFFERED = VERSION.version


def gateway(version: str | None = OFFERED, data: str | None = OFFERED, source: str = "path:.") -> Gateway:
    return Gateway(version=version, data=data, source=source, prefix="/v1")


def without(*names: str, new: tuple[str, ...] = (), **more: object) -> Run:
    """Return a clean run whose gateway does not offer ``names``."""
    here = clean()
    return replace(
        here,
        gateway=gateway(),
        contract=tuple(name for name in (*CONTRACT, *new) if name not in names),
        operations=tuple(one for one in here.operations if one.name not in names),
        **more,
    )


def judged(
    run: Run,
    offered: tuple[str, ...] = CONTRACT,
    *,
    known: tuple[KnownFailure, ...] = (),
    intended: tuple[Removal, ...] = (),
    criteria: tuple[str, ...] = (),
    fail_on: FailOn = FailOn.NEW,
) -> Verdict:
    return judge(
        run,
        known=entries(known, "known-failures.toml"),
        categories=load_categories(),
        criteria=[parse(text) for text in criteria],
        version_data=VERSION,
        offered=offered,
        intended=intended,
        today=TODAY,
        fail_on=fail_on,
    )


def compared(verdict: Verdict) -> CheckResult:
    return next(one for one in verdict.checks if one.check is Check.COMPARED)


def test_a_removed_operation_fails_the_run_and_is_named_once() -> None:
    judgement = judged(without("GET /version", new=("GET /v1/version",)))
    assert judgement.result is Result.FAIL
    (one,) = judgement.failing
    assert (one.failure.operation, one.failure.problem) == ("GET /version", ProblemKind.REMOVED)
    assert one.detail == f"{OFFERED} offers it, now at GET /v1/v1/version"
    assert one.failure.scenario == "MiscUser.all"
    assert judgement.headline.startswith("FAIL · 1 operation no longer offered · ")
    assert {o.name: o.state for o in judgement.coverage.operations}["GET /version"] is CoverageState.REMOVED
    # The floor counts it as lost, and must not fail the run for it a second time.
    assert [o.check for o in judgement.findings if o.severity is Severity.FAILURE] == []


def test_a_gateway_that_offers_everything_does_not_fail() -> None:
    judgement = judged(without(new=("GET /more",)))
    assert judgement.failing == ()
    assert compared(judgement).severity is Severity.PASSED
    assert f"6 of 6 operations of {OFFERED} are offered" in compared(judgement).text


@pytest.mark.parametrize(
    ("here", "why"),
    [
        (gateway("0.9"), f"0.9 is older than {OFFERED}"),
        (gateway(f"{OFFERED}rc1"), f"{OFFERED}rc1 is older than {OFFERED}"),
        (gateway(None, None), "version of the gateway is unknown"),
    ],
)
def test_what_a_newer_version_has_added_is_not_removed(here: Gateway, why: str) -> None:
    judgement = judged(replace(without("GET /version"), gateway=here))
    assert judgement.failing == ()
    assert compared(judgement).severity is Severity.NOT_MEASURED
    assert why in compared(judgement).text


@pytest.mark.parametrize("newer", [OFFERED, f"{OFFERED}.post1", "3.0.8", "3.1.0", "4.0.0rc1"])
def test_a_version_that_is_not_older_is_compared(newer: str) -> None:
    assert judged(replace(without("GET /version"), gateway=gateway(newer))).result is Result.FAIL


def test_without_a_contract_or_a_known_version_nothing_is_compared() -> None:
    assert judged(replace(without(), contract=None)).failing == ()
    assert judged(without("GET /version"), ()).failing == ()


@pytest.mark.parametrize(
    ("gone", "now"),
    [
        ("GET /tools/{tool_id}", "GET /tools/{id}"),
        ("GET /_internal/state", "GET /more"),
    ],
)
def test_a_renamed_parameter_and_an_excluded_operation_are_no_removal(gone: str, now: str) -> None:
    assert not judged(without(gone, new=(now,))).removed


@pytest.mark.parametrize(
    ("gone", "new", "words"),
    [
        ("GET /tools", ("GET /v1/tools",), ", now at GET /v1/v1/tools"),
        ("GET /tools", ("GET /api/tools",), ", now at GET /api/tools"),
        ("GET /api/tools", ("GET /tools",), ", now at GET /tools"),
        ("GET /a/{x}", ("GET /b/a/{y}",), ", now at GET /b/a/{y}"),
        ("GET /tools", ("POST /v1/tools",), ""),
        ("GET /tools", ("GET /a/tools", "GET /b/tools"), ""),
        ("GET /", ("GET /a/",), ""),
        ("GET /tools/", ("GET /tools",), "; this gateway offers GET /tools"),
    ],
)
def test_where_an_operation_is_now(gone: str, new: tuple[str, ...], words: str) -> None:
    run = replace(clean(), gateway=gateway(), contract=new)
    assert find_removals(run, OFFERED, (gone,)).removed == {gone: f"{OFFERED} offers it{words}"}


def test_one_line_of_data_declares_a_removal_intended(tmp_path: Path) -> None:
    path = tmp_path / "known-failures.toml"
    path.write_text('removed = [{ operations = "GET /version", reason = "its answer is in /health now" }]\n')
    judgement = judged(without("GET /version"), intended=read_baseline(path).removed)
    assert (judgement.result, judgement.failing) == (Result.PASS, ())
    (row,) = [one for one in judgement.coverage.operations if one.name == "GET /version"]
    assert (row.state, row.reason) == (CoverageState.NOT_IN_VERSION, "removed: its answer is in /health now")
    assert "1 removed intentionally" in compared(judgement).text


def test_a_pattern_matches_many_operations_and_no_others() -> None:
    intended = (Removal(operations="* /admin/*", reason="the UI is gone"),)
    judgement = judged(without(), (*CONTRACT, *MANY), intended=intended)
    assert [one.failure.operation for one in judgement.failing] == [*sorted(MANY[200:])]


def test_an_unused_intended_removal_is_reported() -> None:
    judgement = judged(without(), intended=(Removal(operations="GET /version", reason="gone"),))
    assert judgement.result is Result.PASS
    assert compared(judgement).severity is Severity.WARNING
    assert compared(judgement).items == ("GET /version",)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('removed = [{ operations = "GET /x" }]', "reason"),
        ('removed = [{ operations = "GET /x", reason = " " }]', "expected text"),
        ('removed = [{ operations = "GET /x", reason = "r", until = 1 }]', "until"),
        ('removed = ["GET /x"]', "removed"),
    ],
)
def test_an_error_in_an_intended_removal_is_one_line(tmp_path: Path, text: str, expected: str) -> None:
    path = tmp_path / "known-failures.toml"
    path.write_text(text)
    with pytest.raises(UsageError, match=expected):
        read_baseline(path)


def test_a_known_failure_excuses_it_until_a_date() -> None:
    judgement = judged(
        without("GET /version"), known=(known_failure("GET /version", problem=ProblemKind.REMOVED),)
    )
    assert judgement.result is Result.PASS
    assert "1 known" in judgement.headline
    assert judged(without("GET /version"), known=(known_failure("GET /version"),)).result is Result.FAIL


def test_it_is_no_failed_request() -> None:
    judgement = judged(
        without("GET /version"), criteria=("error-rate < 1%", "failure-rate < 1%", "availability >= 95%")
    )
    assert [one.outcome.value for one in judgement.criteria] == ["met", "met", "met"]


def test_what_comes_after_it_in_its_scenario_is_explained() -> None:
    run = without("GET /version")
    run = replace(run, operations=tuple(one for one in run.operations if one.name != "POST /rpc tools/call"))
    (finding,) = [one for one in judged(run).findings if one.check is Check.REACHED]
    assert finding.severity is Severity.WARNING


@pytest.mark.parametrize("fail_on", FailOn)
@pytest.mark.parametrize("names", [("GET /version",), MANY], ids=["one", "many"])
def test_every_report_counts_them_first_and_names_each(
    names: tuple[str, ...], fail_on: FailOn, capsys: pytest.CaptureFixture[str]
) -> None:
    run = without(*names)
    judgement = judged(run, (*CONTRACT, *names), fail_on=fail_on)
    count = f"{len(names)} operation{'s' if len(names) > 1 else ''} no longer offered"
    assert count in judgement.headline.split(" · ")[1]
    assert "new failure" not in judgement.headline

    page = html.render(run, judgement)
    assert count in page
    text = summary.render(run, judgement)
    assert f"### Operations no longer offered ({len(names)})" in text
    document = json.loads(verdict_json.render(run, judgement))
    root = ET.fromstring(junit.render(run, judgement).encode())  # noqa: S314 - our own output
    failed = {case.get("name") for case in root.iter("testcase") if case.find("failure") is not None}
    assert {one["operation"] for one in document["new_failures"]} == set(names)
    assert failed == set(names)
    for name in names:
        assert f"<code>{name}</code>" in page
        assert name in re.sub(r"&#(\d+);", lambda found: chr(int(found[1])), text)

    lines = annotations.render(run, judgement).splitlines()
    assert len(lines) <= 6
    assert any(count in line or names[0] in line for line in lines)
    terminal.print_verdict(run, judgement)
    printed = capsys.readouterr().out
    assert count in printed
    assert len(printed.splitlines()) < 20
    assert "removed = [{" in printed
