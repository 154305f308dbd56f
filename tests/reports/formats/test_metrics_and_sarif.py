"""metrics.prom and findings.sarif are valid and complete."""

import json
import re

import pytest
from junit_file import verdict
from msgspec.structs import replace
from sample_runs import STORED, clean, failures, gateway_died, hostile

from loadtest.reports.formats import metrics_prom, sarif
from loadtest.results.run import Run

LABELS = r'\{(?:[a-z_]+="(?:[^"\\]|\\.)*",?)+\}'
LINE = re.compile(rf"contextforge_loadtest_[a-z_]+(?:{LABELS})? -?[0-9.e+-]+")
META = re.compile(r"# (?:TYPE|UNIT|HELP) contextforge_loadtest_\S+ .+")


def metrics(run: Run) -> list[str]:
    return metrics_prom.render(run, verdict(run)).splitlines()


@pytest.mark.parametrize("made", [*STORED.values(), hostile])
def test_every_line_is_a_sample_or_describes_one(made: object) -> None:
    lines = metrics(made())  # type: ignore[operator]
    assert lines[-1] == "# EOF"
    for line in lines[:-1]:
        assert META.fullmatch(line) or LINE.fullmatch(line), line
    families = [line.split()[2] for line in lines if line.startswith("# TYPE")]
    assert len(families) == len(set(families))
    # The Pushgateway and the node exporter reject a file with a type that only OpenMetrics has.
    types = {line.split()[3] for line in lines if line.startswith("# TYPE")}
    assert types <= {"counter", "gauge", "histogram", "summary"}


def test_the_figures_of_a_run() -> None:
    lines = metrics(failures())
    assert 'contextforge_loadtest_requests_total{operation="GET /tools",area="tools"} 42' in lines
    assert 'contextforge_loadtest_failed_requests_total{operation="POST /tools",area="tools"} 7' in lines
    assert (
        'contextforge_loadtest_latency_seconds{operation="POST /rpc tools/call",area="misc",quantile="0.5"} 0.026111'
        in lines
    )
    assert 'contextforge_loadtest_verdict{verdict="fail"} 1' in lines
    assert "contextforge_loadtest_duration_seconds 60" in lines


def test_a_run_that_is_no_evidence_has_no_figures() -> None:
    assert not [line for line in metrics(gateway_died()) if "requests" in line]


def test_new_failures_have_a_file_and_a_line() -> None:
    run = replace(failures(), handlers={"POST /tools": "mcpgateway/my main.py:120"})
    document = json.loads(sarif.render(run, verdict(run)))
    (only,) = document["runs"]
    places = [one["locations"][0]["physicalLocation"] for one in only["results"]]
    found = [(one["artifactLocation"]["uri"], one["region"]["startLine"]) for one in places]
    assert found[0] == ("mcpgateway/my%20main.py", 120)
    assert ("loadtest/users/registry/tools.py", 12) in found
    rules = {rule["id"] for rule in only["tool"]["driver"]["rules"]}
    assert {one["ruleId"] for one in only["results"]} <= rules
    assert len({one["partialFingerprints"]["contextforgeLoadtest/v1"] for one in only["results"]}) == len(
        found
    )


def test_a_run_without_new_failures_has_no_results() -> None:
    for run in (clean(), gateway_died()):
        assert json.loads(sarif.render(run, verdict(run)))["runs"][0]["results"] == []
