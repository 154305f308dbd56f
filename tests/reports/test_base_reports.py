"""The comparison with a base in every report."""

import json
import math
import random
import xml.etree.ElementTree as ET

import pytest
from msgspec.structs import replace
from sample_runs import TODAY, clean

from loadtest.judge.categories import load_categories
from loadtest.judge.verdict import Verdict, judge
from loadtest.reports import against_base
from loadtest.reports.formats import FORMATS, annotations, html, junit, summary, verdict_json
from loadtest.results.failures import Failure, ProblemKind
from loadtest.results.pairs import BaseRun, CallPairs, ContractChange, PairStage, Trials
from loadtest.results.run import Run
from loadtest.results.target import Gateway

SLOW, SAME, FAST = "POST /slow", "GET /same", "GET /fast"


def pairs(stage: PairStage, operation: str, ratio: float) -> CallPairs:
    chance = random.Random(f"{stage}{operation}")
    head = tuple(20 * ratio * math.exp(chance.gauss(0, 0.1)) for _ in range(40))
    return CallPairs(stage=stage, scenario="S.s", operation=operation, head=head, base=(20.0,) * 40)


@pytest.fixture
def compared() -> tuple[Run, Verdict]:
    base = BaseRun(
        gateway=Gateway(version="3.0.7", source="3.0.7", changed={"CACHE_TYPE": "memory"}),
        commit="1a2b3c4d5e",
        confirmed=True,
        pairs=(
            pairs(PairStage.JUDGE, SLOW, 1.6),
            pairs(PairStage.CONFIRM, SLOW, 1.6),
            pairs(PairStage.JUDGE, SAME, 1.0),
            pairs(PairStage.JUDGE, FAST, 0.6),
            pairs(PairStage.SCREEN, SAME, 1.0),
        ),
        trials=(
            Trials(stage=PairStage.SCREEN, scenario="S.s", operation="GET /fixed", runs=2, base_failed=2),
        ),
        failures=(
            Failure(
                fingerprint="ab", operation="GET /fixed", problem=ProblemKind.STATUS, message="was <500>"
            ),
        ),
        breaking=(ContractChange(operation="GET /gone", what="removed", removal=True),),
        added=("GET /fresh",),
    )
    handlers = {"GET /fresh": "mcpgateway/main.py:7", SLOW: "mcpgateway/main.py:9"}
    run = replace(clean(), base=base, handlers=handlers)
    return run, judge(run, categories=load_categories(), today=TODAY)


def test_every_report_names_the_slower_operation(compared: tuple[Run, Verdict]) -> None:
    run, verdict = compared
    for one in (summary, html, junit, verdict_json, annotations):
        assert SLOW in one.render(run, verdict), one.__name__


def test_the_reports_for_people_say_what_became_faster(compared: tuple[Run, Verdict]) -> None:
    for one in (summary, html):
        assert "% faster (95 % CI" in one.render(*compared), one.__name__


def test_an_annotation_names_the_handler_of_the_slower_operation(compared: tuple[Run, Verdict]) -> None:
    lines = annotations.render(*compared).splitlines()
    (found,) = [line for line in lines if "slower than the base" in line]
    assert found.startswith("::error file=mcpgateway/main.py,line=9,title=slower than the base::POST /slow 6")


def test_the_first_line_is_the_comparison(compared: tuple[Run, Verdict]) -> None:
    _, verdict = compared
    assert verdict.headline.startswith("FAIL vs 1a2b3c4 with CACHE_TYPE=memory: ")
    assert "1 operation removed: GET /gone" in verdict.headline
    assert "POST /slow 6" in verdict.headline
    assert "1 fixed" in verdict.headline


def test_junit_has_a_suite(compared: tuple[Run, Verdict]) -> None:
    root = ET.fromstring(junit.render(*compared))  # noqa: S314 - our own file
    (suite,) = [one for one in root if one.get("name") == "against-base"]
    failed = {case.get("name") for case in suite if case.find("failure") is not None}
    assert failed == {"no breaking changes", "not slower than base", SLOW}
    assert SAME in {case.get("name") for case in suite}
    assert "against-base" not in junit.render(
        clean(), judge(clean(), categories=load_categories(), today=TODAY)
    )


def test_the_machine_readable_form(compared: tuple[Run, Verdict]) -> None:
    found = json.loads(verdict_json.render(*compared))["against_base"]
    assert [one["operation"] for one in found["slower"]] == [SLOW]
    assert [one["operation"] for one in found["judged"]] == [SAME]
    assert found["breaking"] == ["GET /gone: removed"]
    assert found["fixed"] == ["GET /fixed"]
    assert "latency" in found["detectable"]


def test_the_page_plots_each_pair(compared: tuple[Run, Verdict]) -> None:
    page = html.render(*compared)
    assert page.count("<circle") == 120
    assert "Compared with 1a2b3c4 with CACHE_TYPE=memory" in page
    assert "mcpgateway/main.py:7" in page
    assert "was &lt;500&gt;" in page
    assert '<span class="word fail">FAIL</span>' in page


def test_points_stay_within_the_plot(compared: tuple[Run, Verdict]) -> None:
    _, verdict = compared
    assert verdict.against is not None
    for row in against_base.rows(verdict.against):
        assert all(0 <= x <= against_base.WIDTH and 0 <= y <= against_base.HEIGHT for x, y in row.points)
        assert row.interval[0] <= row.interval[1]


def test_a_run_without_a_base_mentions_none() -> None:
    verdict = judge(clean(), categories=load_categories(), today=TODAY)
    for one in FORMATS:
        text = one.render(clean(), verdict)
        assert "against_base" not in text
        assert "Compared with" not in text
