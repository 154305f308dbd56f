"""The JUnit file of a run as strict readers see it, for tests."""

import datetime as dt
import xml.etree.ElementTree as ET
from collections import Counter

from junitparser import JUnitXml
from sample_runs import TODAY, VERSION

from loadtest.judge.categories import load_categories
from loadtest.judge.criteria.criterion import parse
from loadtest.judge.failures import FailOn
from loadtest.judge.known import entries
from loadtest.judge.verdict import Verdict, judge
from loadtest.reports.cases import CaseOutcome, cases
from loadtest.reports.formats import junit
from loadtest.results.run import Run
from loadtest.versions.data import KnownFailure

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
    found: Counter[CaseOutcome] = Counter()
    for suite in root:
        own: Counter[CaseOutcome] = Counter()
        seen = set()
        members = suite.findall("testcase")
        others = [one.tag for one in suite if one.tag != "testcase"]
        assert others == ["properties"] * (suite.get("name") == "loadtest coverage")
        for case in members:
            assert len(case) <= 1
            outcome = CaseOutcome(case[0].tag) if len(case) else CaseOutcome.PASSED
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
        if "timestamp" in suite.attrib:  # left out where the start is not known
            dt.datetime.strptime(suite.attrib["timestamp"], "%Y-%m-%dT%H:%M:%S")
        found += own
        assert [int(suite.get(k, "")) for k in ("tests", "failures", "errors", "skipped")] == [
            len(members),
            own[CaseOutcome.FAILURE],
            own[CaseOutcome.ERROR],
            own[CaseOutcome.SKIPPED],
        ]
    assert found == expected
    read = JUnitXml.fromstring(text.encode())
    assert (read.tests, read.failures, read.errors, read.skipped) == (
        found.total(),
        found[CaseOutcome.FAILURE],
        found[CaseOutcome.ERROR],
        found[CaseOutcome.SKIPPED],
    )
    return root


def outcome(root: ET.Element, name: str) -> str:
    (case,) = root.findall(f".//testcase[@name='{name}']")
    return case[0].tag if len(case) else "passed"


def child(root: ET.Element, name: str) -> ET.Element:
    (case,) = root.findall(f".//testcase[@name='{name}']")
    return case[0]
