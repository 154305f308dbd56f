import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from sample_runs import latency, operation, run

from loadtest.core.errors import UsageError
from loadtest.judge.criteria.criterion import CriterionOutcome, CriterionResult, parse
from loadtest.judge.criteria.evaluate import CriteriaInput, judge_criteria
from loadtest.judge.criteria.slo import MinuteCount, budget_of
from loadtest.results.measurements import Minute, Timeline
from loadtest.results.run import Run, total_latency


def minutes(*bad: int, requests: int = 100) -> list[MinuteCount]:
    return [MinuteCount(60.0 * number, requests, count) for number, count in enumerate(bad)]


def load(*durations: tuple[float, ...]) -> Run:
    """A run with one operation; each tuple holds the durations in ms of one minute."""
    every = tuple(duration for minute in durations for duration in minute)
    return run(
        duration=60.0 * len(durations),
        operations=(replace(operation("GET /a", len(every)), latency=latency(*every)),),
        timeline=Timeline(
            minutes=tuple(
                Minute(at=60.0 * number, requests=len(minute), latency=latency(*minute))
                for number, minute in enumerate(durations)
            )
        ),
    )


def one(text: str, here: Run, failures: dict[int, int] | None = None) -> CriterionResult:
    failures = failures or {}
    counts = CriteriaInput({"GET /a": sum(failures.values())}, {}, total_latency(here), failures)
    return judge_criteria(here, [parse(text)], counts)[0]


@pytest.mark.parametrize(
    ("text", "metric", "limit", "threshold", "samples"),
    [
        ("availability >= 99.5%", "availability", 0.995, None, 200),
        ("within 2s >= 99%", "within", 0.99, 2000, 100),
        ("within 250 ms > 90 %", "within", 0.9, 250, 20),
        ("GET /a: availability >= 100%", "availability", 1.0, None, 20),
    ],
)
def test_parsing(text: str, metric: str, limit: float, threshold: float | None, samples: int) -> None:
    parsed = parse(text)
    assert (parsed.metric, parsed.threshold, parsed.min_samples) == (metric, threshold, samples)
    assert parsed.limit == pytest.approx(limit)


@pytest.mark.parametrize(
    "text",
    [
        "availability < 99%",
        "availability >= 0.99",
        "availability >= 101%",
        "within >= 99%",
        "within 2 >= 99%",
        "within 2s >= 99",
        "within 2s <= 99%",
    ],
)
def test_an_invalid_objective_is_reported(text: str) -> None:
    with pytest.raises(UsageError):
        parse(text)


def test_availability_counts_what_is_not_excused() -> None:
    here = load(*[(10.0,) * 100] * 10)
    met = one("availability >= 99%", here, {3: 5})
    assert met.outcome is CriterionOutcome.MET
    assert met.measured == pytest.approx(0.995)
    assert met.text.startswith(
        "availability is 99.5 %, expected >= 99 %; 50% of the error budget, highest burn rate"
    )
    missed = one("availability >= 99%", here, {3: 5, 4: 6})
    assert missed.outcome is CriterionOutcome.MISSED
    assert "1.1 times the error budget" in missed.text


def test_slow_answers_count_by_their_minute() -> None:
    here = load((10.0,) * 100, (10.0,) * 90 + (3000.0,) * 10, (10.0,) * 100)
    result = one("within 2s >= 95%", here)
    assert result.outcome is CriterionOutcome.MET
    assert result.measured == pytest.approx(290 / 300)
    assert result.budget is not None
    assert result.budget.bad == 10
    (burn,) = result.budget.burns
    assert (burn.window, burn.at) == (60.0, 60.0)
    assert burn.rate == pytest.approx(2.0)


def test_an_objective_of_everything_has_no_budget() -> None:
    here = load(*[(10.0,) * 100] * 3)
    assert one("availability >= 100%", here).outcome is CriterionOutcome.MET
    missed = one("availability >= 100%", here, {0: 1})
    assert missed.outcome is CriterionOutcome.MISSED
    assert missed.text.endswith("; no error budget")


def test_a_share_just_below_100_percent_is_not_shown_as_100_percent() -> None:
    here = load(*[(10.0,) * 1000] * 10)
    assert one("availability >= 99%", here, {0: 4}).text.startswith("availability is 99.96 %")


def test_an_operation_has_a_budget_without_windows() -> None:
    result = one("GET /a: availability >= 99%", load(*[(10.0,) * 100] * 10), {3: 5})
    assert result.budget is not None
    assert result.budget.burns == ()
    assert result.budget.spent == pytest.approx(0.5)


def test_too_few_requests_are_never_green() -> None:
    assert one("availability >= 99.9%", load((10.0,) * 999)).outcome is CriterionOutcome.INCONCLUSIVE


def test_a_run_without_distributions_is_not_measured() -> None:
    here = load((10.0,) * 500)
    known = latency(*(10.0,) * 500)
    assert known is not None
    bare = replace(here.operations[0], latency=replace(known, histogram=None))
    assert one("within 2s >= 99%", replace(here, operations=(bare,))).outcome is CriterionOutcome.INCONCLUSIVE


def test_an_outage_burns_fastest_in_the_shortest_window() -> None:
    budget = budget_of(0.99, 12_000, 100, minutes(*[0] * 60, 100, *[0] * 59))
    assert [burn.window for burn in budget.burns] == [60, 300, 1800, 3600]
    assert [burn.rate for burn in budget.burns] == pytest.approx([100, 20, 100 / 30, 100 / 60])
    assert budget.burns[0].at == 3600


def test_windows_with_few_requests_do_not_count() -> None:
    assert budget_of(0.99, 1000, 1, minutes(1, 0, 0, requests=10)).burns == ()


@given(st.lists(st.integers(0, 100), min_size=2, max_size=90), st.floats(0.5, 0.999))
def test_the_shortest_window_burns_fastest(bad: list[int], target: float) -> None:
    budget = budget_of(target, 100 * len(bad), sum(bad), minutes(*bad))
    rates = [burn.rate for burn in budget.burns]
    assert bool(rates) == bool(sum(bad))
    if rates:
        assert rates[0] == max(rates)
        assert rates[0] >= budget.spent * (1 - 1e-9)
