"""Readers of JUnit that can be installed here, over every stored run and a hostile one."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Callable
from html import unescape
from pathlib import Path

import pytest
import test_results_parser
from junitparser import Error, Failure, JUnitXml, Skipped
from sample_runs import KNOWN, TODAY, hostile

from loadtest.judge.categories import load_categories
from loadtest.judge.known import entries
from loadtest.judge.verdict import judge
from loadtest.reports.formats import junit

STORED = sorted((Path(__file__).parents[2] / "data").glob("*.junit.xml"))
WORDS = {Failure: "failure", Error: "error", Skipped: "skipped"}


def written(text: str) -> Counter[str]:
    """Return the number of cases for each outcome, by their elements."""
    root = ET.fromstring(text.encode())  # noqa: S314 - our own output
    return Counter(
        next((child.tag for child in case if child.tag in WORDS.values()), "passed")
        for case in root.iter("testcase")
    )


def by_codecov(text: str) -> Counter[str]:
    words = {"pass": "passed", "skip": "skipped"}
    outcomes = (str(run.outcome) for run in test_results_parser.parse_junit_xml(text.encode()).testruns)
    return Counter(words.get(outcome, outcome) for outcome in outcomes)


def by_junitparser(text: str) -> Counter[str]:
    cases = [case for suite in JUnitXml.fromstring(text.encode()) for case in suite]
    return Counter(WORDS[type(case.result[0])] if case.result else "passed" for case in cases)


@pytest.fixture(params=[*STORED, None], ids=lambda path: path.name if path else "hostile")
def text(request: pytest.FixtureRequest) -> str:
    path: Path | None = request.param
    if path is not None:
        return path.read_text(encoding="utf-8")
    known = entries(KNOWN, "known-failures.toml")
    return junit.render(hostile(), judge(hostile(), known=known, categories=load_categories(), today=TODAY))


@pytest.mark.parametrize("reader", [by_codecov, by_junitparser])
def test_every_reader_counts_what_was_written(text: str, reader: Callable[[str], Counter[str]]) -> None:
    assert reader(text) == written(text)


def test_codecov_finds_the_message_and_the_file(text: str) -> None:
    root = ET.fromstring(text.encode())  # noqa: S314 - our own output
    by_name = {(case.get("classname"), case.get("name")): case for case in root.iter("testcase")}
    for run in test_results_parser.parse_junit_xml(text.encode()).testruns:
        # It keeps character references unresolved.
        case = by_name[unescape(run.classname), unescape(run.name)]
        assert unescape(run.filename or "") == case.get("file", "")
        failed = case.find("failure")  # of an error it keeps no word
        if failed is not None:
            assert unescape(run.failure_message or "").startswith(failed.get("message") or "no message")


def test_names_of_ours_need_no_references(text: str) -> None:
    if "script" not in text:
        names = [run.name for run in test_results_parser.parse_junit_xml(text.encode()).testruns]
        assert [name for name in names if "&" in name or not name.isascii()] == []
