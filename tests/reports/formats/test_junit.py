import xml.etree.ElementTree as ET

import pytest
from junit_file import child, outcome, rendered, verdict
from msgspec.structs import replace
from sample_runs import (
    KNOWN,
    clean,
    did_not_boot,
    empty,
    failure,
    failures,
    gateway_died,
    hostile,
    operation,
    run,
)

from loadtest.judge.failures import FailOn
from loadtest.reports.formats import junit
from loadtest.results.failures import Example
from loadtest.results.run import PlannedCall, Scenario


def test_clean() -> None:
    root = rendered(clean())
    assert root.get("failures") == "0"
    assert outcome(root, "GET /tools") == "passed"
    assert outcome(root, "POST /rpc") == "passed"
    assert root.find(".//testcase[@name='GET /_internal/state']") is None
    assert outcome(root, "gateway up") == "passed"
    case = root.find(".//testcase[@name='GET /tools']")
    assert case is not None
    assert (case.get("file"), case.get("line")) == ("loadtest/users/registry/tools.py", "12")


def test_failures() -> None:
    root = rendered(failures(), KNOWN)
    failed = child(root, "POST /tools")
    assert failed.tag == "failure"
    assert failed.get("type") == "status"
    assert (
        failed.get("message")
        == "[status 500] Internal Server Error (5 times) (and 1 more failures: all in run.json)"
    )
    assert failed.text is not None
    for evidence in (
        "curl -X POST",
        "Traceback (most recent call last):",
        "name taken",
        "expired on 2026-02-01",
    ):
        assert evidence in failed.text
    assert child(root, "GET /tools").get("message", "").startswith("known: fixed in the next release")
    assert child(root, "DELETE /roots/{uri}").tag == "skipped"
    assert child(root, "GET /version").get("message") == "contract mismatch: answers with HTML, too"
    assert child(root, "entities cleaned up").get("message", "").startswith("warning: entities leaked")
    assert child(root, "GET /gone: p95 below 1s").tag == "error"


def test_the_coverage_suite_counts_the_operations_in_each_state() -> None:
    found = rendered(failures(), KNOWN).findall("./testsuite[@name='loadtest coverage']/properties/property")
    counts = {one.get("name"): one.get("value") for one in found}
    assert counts["operations succeeded"] == "3"
    assert counts["operations contract mismatch"] == counts["operations known to fail"] == "1"
    assert counts["operations not called"] == "0"


def test_excluded_operations_are_counted_but_are_no_cases() -> None:
    root = rendered(clean())
    (count,) = root.findall(".//property[@name='operations excluded']")
    assert count.get("value") == "1"
    assert not [one for one in root.iter("testcase") if "_internal" in one.get("name", "")]


def test_the_times_add_up_to_the_duration_of_the_load() -> None:
    slow, fast = operation("GET /slow", 10), operation("GET /fast", 10)
    assert slow.latency is not None
    slow = replace(slow, latency=replace(slow.latency, mean=fast.latency.mean * 3 if fast.latency else 0.0))
    root = rendered(run(operations=(slow, fast), duration=60.0, contract=None, plan=()))
    times = {one.get("name"): float(one.get("time", "nan")) for one in root.iter("testcase")}
    assert (times["GET /slow"], times["GET /fast"]) == (45.0, 15.0)
    assert sum(times.values()) == float(root.get("time", "nan")) == 60.0
    assert all(float(one.get("time", "nan")) == 0 for one in rendered(empty()).iter("testcase"))


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


def test_a_gateway_that_did_not_boot_is_reported_with_its_log() -> None:
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


@pytest.mark.parametrize("share", [20, pytest.param(1, marks=pytest.mark.nightly)])
def test_the_whole_file_is_bounded(monkeypatch: pytest.MonkeyPatch, share: int) -> None:
    monkeypatch.setattr(junit, "LARGEST_FILE", junit.LARGEST_FILE // share)
    example = Example(at=0.0, answer="ü" * 20_000, log=("y" * 999,) * 60)
    names = [f"GET /{n}" for n in range(2_000 // share)]
    one = operation("x", 0, 1)
    here = run(
        operations=tuple(replace(one, name=name) for name in names),
        failures=tuple(failure(name, examples=(example,)) for name in names),
    )
    assert len(junit.render(here, verdict(here)).encode()) < 30_000_000 // share


@pytest.mark.parametrize("message", ["", "\x00", "\n", " "])
def test_a_failure_without_a_message_is_a_failure(message: str) -> None:
    here = replace(clean(), failures=(replace(failure("GET /tools", count=1), message=message),))
    assert outcome(rendered(here), "GET /tools") == "failure"


def failed_once(file: str = "loadtest/users/registry/tools.py") -> ET.Element:
    """Return the case of an operation with one kind of failure."""
    name = "GET /tools"
    plan = Scenario(name="A.b", area="tools", file=file, line=1, calls=(PlannedCall(operation=name, line=2),))
    here = run(
        operations=(operation(name, 0, 1, scenario="A.b"),),
        failures=(failure(name, scenario="A.b"),),
        plan=(plan,),
    )
    root = ET.fromstring(junit.render(here, verdict(here)))  # noqa: S314 - our own output
    (case,) = (case for case in root.iter("testcase") if case.get("name") == name)
    return case


def test_the_message_of_one_kind_of_failure_occurs_once() -> None:
    broken = failed_once().find("failure")
    assert broken is not None
    lines = (broken.text or "").splitlines()
    assert lines[0] == broken.get("message")
    assert lines[1] != lines[0]


def test_a_file_is_no_workflow_command_in_the_log_of_a_reader_that_prints_it() -> None:
    assert failed_once("::error::x").get("file") == ": :error::x"
