"""``junit.xml``: the run as test cases.

The file uses only what all common readers interpret the same way: flat suites with unique names, every time present,
at most one outcome per case, text in every ``skipped``, no character that XML 1.0 forbids. Characters outside ASCII
are written as references, because some readers guess the encoding.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterable
from functools import lru_cache
from urllib.parse import urlsplit

from junit_xml import TestCase, TestSuite

from loadtest.judge.coverage import CoverageState
from loadtest.judge.verdict import Verdict
from loadtest.reports.cases import COVERAGE, Case, CaseOutcome, cases
from loadtest.reports.text import block, no_commands, one_line
from loadtest.results.run import Run

FILENAME = "junit.xml"

_BRACKETS = {ord("<"): 0x2039, ord(">"): 0x203A}

NAME = "contextforge-loadtest"
LONGEST_BODY = 32 * 1024
"""Bytes of text per case; some readers do not truncate and fail."""
LARGEST_FILE = 24 * 1024 * 1024
"""Bytes; GitLab rejects 30 MB."""


def render(run: Run, verdict: Verdict) -> str:
    """Return the JUnit XML of ``run``."""
    suites: dict[str, list[Case]] = {}
    total = not_passed = 0
    for case in cases(run, verdict):
        suites.setdefault(_name(case.suite, 100), []).append(case)
        total += 1
        not_passed += case.outcome is not CaseOutcome.PASSED
    longest = min(LONGEST_BODY, LARGEST_FILE // 4 // max(not_passed, 1))
    started = _timestamp(run)
    root = ET.Element(
        "testsuites", {"name": NAME, "tests": str(total)} | ({"timestamp": started} if started else {})
    )
    properties = {f"operations {state.label}": str(verdict.coverage.count(state)) for state in CoverageState}
    changed = run.gateway.changed if run.gateway else {}
    properties |= {
        no_commands(one_line(f"gateway setting {name}")): no_commands(one_line(value))
        for name, value in sorted(changed.items())
    }
    notes = run.gateway.notes if run.gateway else ()
    properties |= {
        f"gateway note {number}": no_commands(one_line(note, 1000)) for number, note in enumerate(notes, 1)
    }
    root.extend(
        _suite(name, members, run, longest, properties if name == COVERAGE else None)
        for name, members in suites.items()
    )
    for key in ("failures", "errors", "skipped"):
        root.set(key, str(sum(int(suite.get(key, "0")) for suite in root)))
    root.set("time", f"{sum(float(suite.get('time', '0')) for suite in root):.3f}")
    ET.indent(root)
    text = ET.tostring(root, encoding="unicode").encode("ascii", "xmlcharrefreplace").decode()
    return f'<?xml version="1.0" encoding="utf-8"?>\n{text}\n'


def _suite(
    name: str, members: list[Case], run: Run, longest: int, properties: dict[str, str] | None
) -> ET.Element:
    """Return a suite as junit-xml builds it, with the attributes that it omits."""
    names = _unique(_name(case.name, 300) for case in members)
    suite: ET.Element = TestSuite(
        name,
        [_test_case(name, own, case, longest) for own, case in zip(names, members, strict=True)],
        hostname=_host(run),
        timestamp=_timestamp(run),
        properties=properties,
    ).build_xml_doc()
    suite.attrib.pop("disabled", None)
    seconds = [f"{case.seconds:.3f}" for case in members]
    for element, time in zip(suite.iter("testcase"), seconds, strict=True):
        element.set("time", time)
    suite.set("time", f"{sum(map(float, seconds)):.3f}")
    return suite


def _test_case(suite: str, name: str, case: Case, longest: int) -> TestCase:
    place = case.place
    built = TestCase(
        name,
        classname=suite,
        file=_file(place.file) if place else None,
        line=place.line if place else None,
    )
    if case.outcome is CaseOutcome.PASSED:
        return built
    message = _message(case)
    body = _body(message, case, longest)
    match case.outcome:
        case CaseOutcome.FAILURE:
            built.add_failure_info(message, body, _name(case.kind, 60) or "failure")
        case CaseOutcome.ERROR:
            built.add_error_info(message, body, _name(case.kind, 60) or "error")
        case CaseOutcome.SKIPPED:
            built.add_skipped_info(message, body)
    return built


def _message(case: Case) -> str:
    """Return one line that is never empty: junit-xml writes a failure without a message as passed."""
    return no_commands(one_line(case.message, 500)) or f"{case.outcome.value} without a message"


def _body(message: str, case: Case, longest: int) -> str:
    """Return the text of a case. It starts with the message, because some readers show only the text."""
    below = block(case.body, longest)
    text = no_commands(below if below.partition("\n")[0] == message else f"{message}\n{below}").rstrip()
    data = text.encode()
    if len(data) <= longest:
        return text
    return data[: longest - 16].decode(errors="ignore") + "\n… (cut)"


@lru_cache(maxsize=1024)
def _file(path: str) -> str:
    return no_commands(one_line(path))


def _name(text: str, longest: int) -> str:
    """Return a name without angle brackets, because some readers write names as raw HTML."""
    name = no_commands(one_line(text, longest))
    # Replacing in every name takes longer than looking for what few have.
    return (name.translate(_BRACKETS) if "<" in name or ">" in name else name) or "unnamed"


def _unique(names: Iterable[str]) -> list[str]:
    """Return ``names`` with duplicates numbered, so that test histories can tell them apart."""
    seen: set[str] = set()
    unique = []
    for name in names:
        own, number = name, 2
        while own in seen:
            own, number = f"{name} ({number})", number + 1
        seen.add(own)
        unique.append(own)
    return unique


def _timestamp(run: Run) -> str | None:
    """Return the start as JUnit writes it, without fractions and time zone; None if unknown."""
    found = re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", run.started, re.ASCII)
    return found[0] if found else None


def _host(run: Run) -> str:
    try:
        return one_line(urlsplit(run.settings.host).hostname or "") or "localhost"
    except ValueError:
        return "localhost"
