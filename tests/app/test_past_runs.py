"""Earlier runs are found below a directory; the page shows their figures over time."""

import datetime as dt
from pathlib import Path

import pytest
from msgspec.structs import replace
from sample_runs import clean, failures

from loadtest.app import past_runs
from loadtest.app.judging import JudgingOptions, check_options, judge_run
from loadtest.app.past_runs import read_past_runs
from loadtest.core.errors import UsageError
from loadtest.judge.history import history, past_run
from loadtest.reports.formats import html, verdict_json
from loadtest.results.run import Run, write_run

TODAY = dt.date(2026, 3, 1)


def at(day: int, run: Run) -> Run:
    return replace(run, started=f"2026-02-{day:02}T04:00:00+00:00")


@pytest.fixture
def earlier(tmp_path: Path) -> Path:
    """Two runs in directories of their own, one beside them, and files that are none."""
    for day, run in ((2, failures()), (1, clean())):
        directory = tmp_path / f"night-{day}"
        directory.mkdir()
        write_run(at(day, run), directory / "run.json")
    judged = judge_run(failures(), JudgingOptions(), TODAY)
    (tmp_path / "night-2" / verdict_json.FILENAME).write_text(verdict_json.render(failures(), judged))
    write_run(at(3, clean()), tmp_path / "latest.json")
    (tmp_path / "benchmark.json").write_text("[]")
    (tmp_path / "notes.json").write_text("not json")
    return tmp_path


def test_runs_are_read_oldest_first_with_their_verdicts(earlier: Path) -> None:
    found = read_past_runs(earlier)
    assert [one.started[:10] for one in found] == ["2026-02-01", "2026-02-02", "2026-02-03"]
    assert [one.verdict for one in found] == ["", "fail", ""]
    assert [one.failures > 0 for one in found] == [False, True, False]
    assert found[0].correct == found[0].called == 6


def test_only_the_newest_are_read(earlier: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(past_runs, "MOST", 2)
    assert [one.started[8:10] for one in read_past_runs(earlier)] == ["02", "03"]


def test_the_page_shows_them_with_this_run(earlier: Path) -> None:
    run = at(4, failures())
    verdict = judge_run(run, JudgingOptions(history=earlier), TODAY)
    assert [one.current for one in verdict.history] == [False, False, False, True]
    assert verdict.history[-1].verdict == verdict.result.value
    page = html.render(run, verdict)
    section = page.partition('id="history"')[2].partition("</section>")[0]
    assert section.count("<tr>") == 1 + 4
    assert "over 4 runs" in section
    assert "(this run)" in section.partition("2026-02-03")[0]
    assert 'href="#history"' in page
    assert 'id="history"' not in html.render(run, judge_run(run, JudgingOptions(), TODAY))


def test_a_copy_of_this_run_does_not_count_twice() -> None:
    now = past_run(at(2, clean()), "pass", current=True)
    assert history([past_run(at(2, clean())), past_run(at(1, clean()))], now) == (
        past_run(at(1, clean())),
        now,
    )


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("other.json", "{}", "contains no run, expected"),
        ("run.json", "{", "run.json: is not a run: "),
        (None, "", "is no directory, expected"),
    ],
)
def test_a_wrong_directory_is_refused_before_the_load(
    tmp_path: Path, name: str | None, text: str, expected: str
) -> None:
    directory = tmp_path / "runs"
    if name is not None:
        directory.mkdir()
        (directory / name).write_text(text)
    with pytest.raises(UsageError, match=expected):
        check_options(JudgingOptions(history=directory))
