import datetime as dt
import xml.etree.ElementTree as ET
from collections import Counter

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from junitparser import JUnitXml
from msgspec.structs import replace
from sample_runs import (
    KNOWN,
    TODAY,
    VERSION,
    clean,
    did_not_boot,
    empty,
    failure,
    failures,
    gateway_died,
    hostile,
    known,
    operation,
    run,
)

from loadtest.failures import Example, ProblemKind
from loadtest.judge.categories import load_categories
from loadtest.judge.criteria import parse
from loadtest.judge.known import entries
from loadtest.judge.verdict import FailOn, Verdict, judge
from loadtest.measured import Acceptance
from loadtest.plan import Call, Scenario
from loadtest.reports import junit
from loadtest.reports.cases import Outcome, cases
from loadtest.run import Run
from loadtest.versions import KnownFailure

CATEGORIES = load_categories()


def verdict(here: Run, listed: tuple[KnownFailure, ...] = (), fail_on: FailOn = FailOn.NEW) -> Verdict:
    return judge(
        here,
        known=entries(listed, "known-failures.toml"),
        categories=CATEGORIES,
        criteria=[parse("p95 < 500ms"), parse("GET /gone: p95 < 1s")],
        version_data=VERSION,
        today=TODAY,
        fail_on=fail_on,
    )


def rendered(here: Run, listed: tuple[KnownFailure, ...] = (), fail_on: FailOn = FailOn.NEW) -> ET.Element:
    """Return the file as strict readers see it, checked in all that holds for every run."""
    judged = verdict(here, listed, fail_on)
    text = junit.render(here, judged)
    assert text.isascii()
    root = ET.fromstring(text.encode())  # noqa: S314 - our own output
    expected = Counter(case.outcome for case in cases(here, judged))
    assert root.tag == "testsuites"
    names = [suite.get("name") for suite in root]
    assert all(names)
    assert len(set(names)) == len(names)
    found: Counter[Outcome] = Counter()
    for suite in root:
        own: Counter[Outcome] = Counter()
        seen = set()
        members = suite.findall("testcase")
        others = [one.tag for one in suite if one.tag != "testcase"]
        assert others == ["properties"] * (suite.get("name") == "loadtest coverage")
        for case in members:
            assert len(case) <= 1
            outcome = Outcome(case[0].tag) if len(case) else Outcome.PASSED
            own[outcome] += 1
            if len(case):
                message, body = case[0].get("message"), case[0].text
                assert message
                assert body
                assert "\n" not in message
                assert body.splitlines()[0] == message
                assert len(body.encode()) <= junit.LONGEST_BODY
                assert not any(line.strip().startswith("::") for line in body.splitlines())
            assert case.get("name")
            assert not set("<>") & set(case.get("name", ""))
            assert case.get("classname") == suite.get("name")
            seen.add(case.get("name"))
            assert len(case.get("time", "").partition(".")[2]) == 3
        assert len(seen) == len(members)
        assert suite.get("time")
        dt.datetime.strptime(suite.get("timestamp", ""), "%Y-%m-%dT%H:%M:%S")
        found += own
        assert [int(suite.get(k, "")) for k in ("tests", "failures", "errors", "skipped")] == [
            len(members),
            own[Outcome.FAILURE],
            own[Outcome.ERROR],
            own[Outcome.SKIPPED],
        ]
    assert found == expected
    read = JUnitXml.fromstring(text.encode())
    assert (read.tests, read.failures, read.errors, read.skipped) == (
        found.total(),
        found[Outcome.FAILURE],
        found[Outcome.ERROR],
        found[Outcome.SKIPPED],
    )
    return root


def outcome(root: ET.Element, name: str) -> str:
    (case,) = root.findall(f".//testcase[@name='{name}']")
    return case[0].tag if len(case) else "passed"


def child(root: ET.Element, name: str) -> ET.Element:
    (case,) = root.findall(f".//testcase[@name='{name}']")
    return case[0]


def test_clean() -> None:
    root = rendered(clean())
    assert root.get("failures") == "0"
    assert outcome(root, "GET /tools") == "passed"
    assert outcome(root, "POST /rpc") == "passed"
    assert outcome(root, "GET /_internal/state") == "skipped"
    assert outcome(root, "gateway up") == "passed"
    case = root.find(".//testcase[@name='GET /tools']")
    assert case is not None
    assert (case.get("file"), case.get("line")) == ("loadtest/users/tools.py", "12")


def test_failures() -> None:
    root = rendered(failures(), KNOWN)
    failed = child(root, "POST /tools")
    assert failed.tag == "failure"
    assert failed.get("type") == "status"
    assert (
        failed.get("message") == "[status 500] Internal Server Error (5 times) (and 1 more kinds of failure)"
    )
    assert failed.text is not None
    for evidence in (
        "curl -X POST",
        "Traceback (most recent call last):",
        "name taken",
        "expired on 2026-02-01",
    ):
        assert evidence in failed.text
    assert child(root, "GET /tools").get("message", "").startswith("known: mended in the next release")
    assert child(root, "DELETE /roots/{uri}").tag == "skipped"
    assert child(root, "GET /version").get("message") == (
        "drift: answered right, and not as the contract documents"
    )
    assert child(root, "entities cleaned up").get("message", "").startswith("warning: ENTITY LEAK")
    assert child(root, "GET /gone: p95 below 1s").tag == "error"


def test_the_coverage_suite_says_how_many_operations_are_in_which_state() -> None:
    found = rendered(failures(), KNOWN).findall("./testsuite[@name='loadtest coverage']/properties/property")
    counts = {one.get("name"): one.get("value") for one in found}
    assert counts["operations succeeded"] == "3"
    assert counts["operations drift"] == counts["operations excused"] == "1"
    assert counts["operations missed"] == "0"


def test_known_failures_fail_where_any_failure_does() -> None:
    assert outcome(rendered(failures(), KNOWN, FailOn.ANY), "GET /tools") == "failure"


def test_a_dead_gateway_is_an_error_not_a_failure() -> None:
    root = rendered(gateway_died())
    assert root.get("failures") == "0"
    assert child(root, "GET /tools").tag == "error"
    assert "gateway died at 00:41" in child(root, "GET /tools").get("message", "")
    assert child(root, "gateway up").tag == "error"
    assert child(root, "POST /tools").tag == "skipped"
    assert "gateway died" in child(root, "POST /tools").get("message", "")


def test_a_gateway_that_did_not_boot_is_told_with_its_log() -> None:
    up = child(rendered(did_not_boot()), "gateway up")
    assert up.tag == "error"
    assert "ImportError" in (up.text or "")


def test_no_requests_are_skipped_with_a_reason_and_an_error() -> None:
    root = rendered(empty())
    assert outcome(root, "GET /tools") == "skipped"
    assert outcome(root, "requests made") == "error"
    assert not [
        c for c in root.findall(".//testcase") if len(c) == 0 and c.get("name", "").startswith("GET ")
    ]


def test_failures_without_a_cause_are_never_a_pass() -> None:
    here = replace(clean(), operations=(operation("GET /tools", 5, 3),))
    assert outcome(rendered(here), "GET /tools") == "error"


def test_a_failure_of_an_operation_that_is_not_listed_is_a_case() -> None:
    assert outcome(rendered(replace(clean(), failures=(failure("TASK x"),))), "TASK x") == "failure"


def test_hostile_text_stays_text() -> None:
    rendered(hostile())


def test_the_whole_file_is_bounded() -> None:
    example = Example(at=0.0, answer="ü" * 100_000, log=("y" * 999,) * 60)
    names = [f"GET /{n}" for n in range(2_000)]
    one = operation("x", 0, 1)
    here = run(
        operations=tuple(replace(one, name=name) for name in names),
        failures=tuple(failure(name, examples=(example,)) for name in names),
    )
    assert len(junit.render(here, verdict(here)).encode()) < 30_000_000


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
        calls=(Call(operation=draw(TEXT), line=1),),
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
        case.outcome in (Outcome.FAILURE, Outcome.ERROR)
        for case in cases(here, judged)
        if case.suite not in OWN
    )
    unexplained = {o.name for o in here.operations if o.failures} - {f.operation for f in here.failures}
    assert bad == len(failing | unexplained)
    assert int(root.get("failures", "")) >= len(failing)


@pytest.mark.parametrize("message", ["", "\x00", "\n", " "])
def test_a_failure_without_a_word_is_still_one(message: str) -> None:
    here = replace(clean(), failures=(replace(failure("GET /tools", count=1), message=message),))
    assert outcome(rendered(here), "GET /tools") == "failure"


def failed_once(file: str = "loadtest/users/tools.py") -> ET.Element:
    """Return the case of an operation with one kind of failure."""
    name = "GET /tools"
    plan = Scenario(name="A.b", area="tools", file=file, line=1, calls=(Call(operation=name, line=2),))
    here = run(
        operations=(operation(name, 0, 1, scenario="A.b"),),
        failures=(failure(name, scenario="A.b"),),
        plan=(plan,),
    )
    root = ET.fromstring(junit.render(here, verdict(here)))  # noqa: S314 - our own output
    (case,) = (case for case in root.iter("testcase") if case.get("name") == name)
    return case


def test_the_message_of_one_kind_of_failure_stands_once() -> None:
    broken = failed_once().find("failure")
    assert broken is not None
    lines = (broken.text or "").splitlines()
    assert lines[0] == broken.get("message")
    assert lines[1] != lines[0]


def test_a_file_is_no_workflow_command_in_the_log_of_a_reader_that_prints_it() -> None:
    assert failed_once("::error::x").get("file") == ": :error::x"
