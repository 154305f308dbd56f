"""The line that shows the state of a load."""

from pathlib import Path

from msgspec.structs import replace
from sample_runs import KNOWN, TODAY, clean, failures

from loadtest.app.judging import FailureCounter, FailureCounts, JudgingOptions, count_all_as_new, judge_run
from loadtest.app.supervision import in_words
from loadtest.judge.categories import load_categories
from loadtest.judge.known_writer import write_known
from loadtest.results.run import Sweep


def test_remaining_time_and_failures() -> None:
    run = replace(failures(), duration=20.0, sweep=Sweep(planned=9, done=4))
    words = in_words(run, FailureCounts(new=2, known=18))
    assert words == "00:40 left · 99 requests · 2 new failures, 18 known · 4 operations correct · sweep 4/9"


def test_after_the_run_time_it_is_finishing() -> None:
    assert in_words(clean(), FailureCounts(0, 0)).startswith(
        "finishing · 99 requests · no new failures, 0 known"
    )


def test_an_unfinished_sweep_extends_the_load() -> None:
    late = replace(clean(), duration=100.0, sweep=Sweep(planned=9, done=4))
    assert in_words(late, FailureCounts(0, 0)).startswith(
        "up to 07:20 left for the first sweep · 99 requests"
    )
    assert in_words(replace(late, duration=541.0), FailureCounts(0, 0)).startswith("finishing")
    assert in_words(replace(late, sweep=Sweep(planned=9, done=9)), FailureCounts(0, 0)).startswith(
        "finishing"
    )


def test_without_a_run_time_none_is_left() -> None:
    endless = replace(clean(), settings=replace(clean().settings, run_time=None))
    assert in_words(endless, FailureCounts(1, 0)).startswith("99 requests · 1 new failure, 0 known")


def test_what_the_gateways_log_decides_is_not_counted_as_new() -> None:
    """Of each built-in category that reads the log, before and after its lines are there."""
    count = FailureCounter(JudgingOptions(), TODAY)
    excusing = [one for one in load_categories(()) if one.excuses and one.gateway is None]
    logged = [(one, example) for one in excusing for example in one.examples if example.log]
    assert logged
    for category, example in logged:
        after = example.failure()
        before = replace(after, examples=())
        assert count(replace(clean(), failures=(before,))) == FailureCounts(0, 0, 1), category.name
        assert count(replace(clean(), failures=(after,))) == FailureCounts(0, 1, 0), category.name
    words = in_words(clean(), FailureCounts(0, 2, 1))
    assert "no new failures, 2 known, 1 undecided until the log is read · " in words


def test_known_failures_are_counted_apart(tmp_path: Path) -> None:
    run = failures()
    assert count_all_as_new(run) == FailureCounts(5, 0)
    own = tmp_path / "known.toml"
    write_known(own, KNOWN)
    count = FailureCounter(JudgingOptions(known_failures=(own,)), TODAY)
    # The entry of a 409 has expired, and a category excuses the failure of a peer.
    assert count(run).known + count(run).new == 5
    assert count(run).known > count_all_as_new(run).known
    verdict = judge_run(run, JudgingOptions(known_failures=(own,)), TODAY)
    assert count(run) == FailureCounts(len(verdict.failing), len(verdict.excused))
