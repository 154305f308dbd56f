import io
import json

from msgspec.structs import replace
from sample_runs import CONTRACT, HOSTILE, KNOWN, PLAN, TODAY, VERSION, clean, failures, hostile

from loadtest.core.console import Console
from loadtest.judge.categories import load_categories
from loadtest.judge.coverage import Coverage
from loadtest.judge.coverage_diff import contract_coverage, diff_coverage
from loadtest.judge.known import entries
from loadtest.judge.verdict import judge
from loadtest.reports import coverage_table
from loadtest.results.run import Run


def coverage(here: Run) -> Coverage:
    known = entries(KNOWN, "known-failures.toml")
    verdict = judge(here, known=known, categories=load_categories(), version_data=VERSION, today=TODAY)
    return verdict.coverage


def console() -> tuple[Console, io.StringIO]:
    output = io.StringIO()
    return Console(file=output, width=80), output


def printed(here: Coverage) -> str:
    to, output = console()
    coverage_table.print_coverage(here, to)
    return output.getvalue()


def test_one_run() -> None:
    text = printed(coverage(failures()))
    assert text.splitlines()[0].split() == [
        "area",
        "succeeded",
        "contract",
        "mismatch",
        "known",
        "to",
        "fail",
        "failing",
        "excluded",
    ]
    assert "failing: POST /tools: every call failed" in text
    assert text.splitlines()[-1] == "6/6 operations called, 4 correct, 1 failing, 1 known to fail"
    assert printed(coverage(clean())).splitlines()[-1].startswith("coverage: 50 % after 2 s, ")


def test_without_a_contract_no_total_is_claimed() -> None:
    assert "total unknown" in printed(coverage(replace(failures(), contract=None)))


def test_two_runs_side_by_side() -> None:
    to, output = console()
    other = replace(failures(), contract=(*CONTRACT[1:], "GET /new"), operations=failures().operations[1:])
    coverage_table.print_coverage_diff(
        ("3.0.7", "3.0.8"), diff_coverage(coverage(clean()), coverage(other)), to
    )
    lines = output.getvalue().splitlines()
    assert lines[0].split() == ["area", "3.0.7", "3.0.8"]
    assert [" ".join(line.split()) for line in lines[1:4]] == [
        "misc 2/2 0/2 (1 contract mismatch, 1 known to fail)",
        "new 0/1 (1 not called)",
        "rpc 1/1 1/1",
    ]
    assert "only 3.0.7: GET /tools" in lines
    assert "only 3.0.8: GET /new" in lines
    assert "succeeded -> failing: POST /tools: every call failed" in lines


def test_a_contract_without_a_run() -> None:
    to, output = console()
    coverage_table.print_contract_coverage(
        contract_coverage((*CONTRACT[1:], "GET /new"), PLAN, VERSION.excluded), to
    )
    lines = output.getvalue().splitlines()
    assert "not in this version: GET /tools: called by ToolsUser.lifecycle" in lines
    assert "no scenario: GET /new" in lines
    assert lines[-1] == "5/6 operations have a scenario (1 excluded)"


def test_hostile_names_stay_text() -> None:
    to, output = console()
    here = coverage(hostile())
    coverage_table.print_coverage(here, to)
    coverage_table.print_coverage_diff((HOSTILE, HOSTILE), diff_coverage(here, coverage(clean())), to)
    coverage_table.print_contract_coverage(contract_coverage((f"GET /{HOSTILE}",), hostile().plan), to)
    text = output.getvalue()
    assert not {"\x1b", "\x00"} & set(text)
    assert "##[" not in text
    assert not any(line.strip().startswith("::") for line in text.splitlines())


def test_json() -> None:
    one = json.loads(coverage_table.coverage_json(coverage(clean())))
    assert (one["succeeded"], one["total"], one["seconds"]["50"]) == (6, 6, 1.5)
    row = next(row for row in one["operations"] if row["operation"] == "GET /tools")
    assert (row["state"], row["requests"], row["first_success"]) == ("succeeded", 40, 0.4)
    both = json.loads(
        coverage_table.coverage_diff_json(("a", "b"), diff_coverage(coverage(clean()), coverage(failures())))
    )
    assert both["changes"]["POST /tools"] == ["succeeded", "reached"]
    assert both["areas"]["tools"] == [{"succeeded": 3}, {"succeeded": 2, "reached": 1}]
    offered = json.loads(
        coverage_table.contract_coverage_json(
            contract_coverage((*CONTRACT, "GET /new"), PLAN, VERSION.excluded)
        )
    )
    assert offered["unplanned"] == ["GET /new"]
    assert offered["planned"]["GET /tools"] == ["ToolsUser.lifecycle"]
    assert offered["excluded"] == {"GET /_internal/state": "called only by the gateway itself"}
