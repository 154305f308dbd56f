"""What the pairs of a run prove, on made-up pairs."""

import math
import random
from collections.abc import Iterable

import pytest
from msgspec.structs import replace

from loadtest.pairs.assess import BaseEvidence, Speed, alarms, assess, evidence_of, fixed
from loadtest.results.failures import Failure, ProblemKind
from loadtest.results.pairs import BaseRun, CallPairs, Measure, PairStage, Trials
from loadtest.results.target import Gateway

GATEWAY = Gateway(version="3.0.7", source="3.0.7")
SLOW, SAME = "POST /slow", "GET /same"


def pairs(stage: PairStage, operation: str, ratio: float, number: int, seed: int = 0) -> CallPairs:
    chance = random.Random(f"{stage}{operation}{seed}")
    base = tuple(chance.uniform(10, 30) for _ in range(number))
    head = tuple(one * ratio * math.exp(chance.gauss(0, 0.1)) for one in base)
    return CallPairs(stage=stage, scenario="S.s", operation=operation, head=head, base=base)


def trials(stage: PairStage, operation: str, runs: int, failed: int, base_failed: int) -> Trials:
    return Trials(
        stage=stage,
        scenario="S.s",
        operation=operation,
        runs=runs,
        head_failed=failed,
        base_failed=base_failed,
        fingerprints=("aaaaaaaaaaaa",) if failed else (),
    )


def base_run(*rows: CallPairs | Trials, failures: Iterable[Failure] = ()) -> BaseRun:
    return BaseRun(
        gateway=GATEWAY,
        pairs=tuple(row for row in rows if isinstance(row, CallPairs)),
        trials=tuple(row for row in rows if isinstance(row, Trials)),
        failures=tuple(failures),
    )


def failure(operation: str = SLOW, status: int = 500, **more: object) -> Failure:
    return Failure(
        fingerprint="aaaaaaaaaaaa",
        operation=operation,
        problem=ProblemKind.STATUS,
        message="Internal Server Error",
        status=status,
        **more,  # type: ignore[arg-type]
    )


def speeds(base: BaseRun) -> dict[str, Speed]:
    return {one.name: one.speed for one in assess(base, [SLOW, SAME]).operations}


def test_an_operation_that_is_slower_twice_is_slower() -> None:
    base = base_run(
        pairs(PairStage.JUDGE, SLOW, 1.5, 40),
        pairs(PairStage.JUDGE, SAME, 1.0, 40),
        pairs(PairStage.CONFIRM, SLOW, 1.5, 40),
    )
    assert alarms(base).slower == {(SLOW, Measure.LATENCY)}
    assert alarms(base).operations == (SLOW,)
    assert speeds(base) == {SLOW: Speed.SLOWER, SAME: Speed.JUDGED}
    (slower,) = assess(base).slower
    assert slower.ratio is not None
    assert slower.ratio.low < 1.5 < slower.ratio.high
    assert slower.ratio.pairs == 40


@pytest.mark.parametrize("ratio", [1.0, 0.7, 1.04])
def test_one_that_is_slower_only_before_the_second_boot_is_unconfirmed(ratio: float) -> None:
    base = base_run(pairs(PairStage.JUDGE, SLOW, 1.5, 40), pairs(PairStage.CONFIRM, SLOW, ratio, 40))
    assert speeds(base)[SLOW] is Speed.UNCONFIRMED


def with_cpu(one: CallPairs, ratio: float) -> CallPairs:
    chance = random.Random(f"{one.stage}{one.operation}")
    cpu = tuple(ratio * math.exp(chance.gauss(0, 0.05)) for _ in one.head)
    return replace(one, head_cpu=cpu, base_cpu=(1.0,) * len(cpu))


@pytest.mark.parametrize(("second", "speed"), [(1.4, Speed.SLOWER), (1.0, Speed.UNCONFIRMED)])
def test_more_cpu_time_is_slower_although_the_latency_scatters(second: float, speed: Speed) -> None:
    base = base_run(
        with_cpu(pairs(PairStage.JUDGE, SLOW, 1.0, 40), 1.4),
        with_cpu(pairs(PairStage.CONFIRM, SLOW, 1.0, 40), second),
    )
    assert alarms(base).slower == {(SLOW, Measure.CPU)}
    (found,) = assess(base).operations
    assert (found.speed, found.measure) == (speed, Measure.CPU)


@pytest.mark.parametrize(
    ("ratio", "number", "speed"),
    [
        (0.6, 20, Speed.FASTER),
        (0.6, 19, Speed.TOO_FEW),
        (0.94, 40, Speed.JUDGED),
        (1.0, 40, Speed.JUDGED),
        (1.6, 40, Speed.UNCONFIRMED),
    ],
)
def test_one_is_faster_if_enough_pairs_are_clearly_faster(ratio: float, number: int, speed: Speed) -> None:
    base = base_run(pairs(PairStage.JUDGE, SLOW, ratio, number), pairs(PairStage.JUDGE, SAME, 1.0, 40))
    assert speeds(base) == {SLOW: speed, SAME: Speed.JUDGED}
    assert not assess(base).slower


def test_less_cpu_time_is_faster() -> None:
    (found,) = assess(base_run(with_cpu(pairs(PairStage.JUDGE, SLOW, 1.0, 40), 0.7))).operations
    assert (found.speed, found.measure) == (Speed.FASTER, Measure.CPU)


def test_the_fastest_comes_first_of_those_that_are_faster() -> None:
    faster = {"GET /a": 0.8, "GET /b": 0.4, "GET /c": 0.6}
    base = base_run(*(pairs(PairStage.JUDGE, name, ratio, 40) for name, ratio in faster.items()))
    assert [one.name for one in assess(base).operations] == ["GET /b", "GET /c", "GET /a"]


def test_another_measure_confirms_nothing() -> None:
    base = base_run(
        with_cpu(pairs(PairStage.JUDGE, SLOW, 1.0, 40), 1.4),
        with_cpu(pairs(PairStage.CONFIRM, SLOW, 1.5, 40), 1.0),
    )
    assert not assess(base).slower


def test_without_a_second_boot_nothing_is_slower() -> None:
    base = base_run(pairs(PairStage.JUDGE, SLOW, 2.0, 40))
    assert speeds(base)[SLOW] is Speed.UNCONFIRMED
    assert not assess(base).slower


@pytest.mark.parametrize(
    ("rows", "speed"),
    [
        ([pairs(PairStage.SCREEN, SLOW, 3.0, 16)], Speed.SCREENED),
        ([pairs(PairStage.SCREEN, SLOW, 3.0, 3)], Speed.TOO_FEW),
        ([pairs(PairStage.JUDGE, SLOW, 3.0, 19)], Speed.TOO_FEW),
        ([pairs(PairStage.JUDGE, SLOW, 1.07, 100), pairs(PairStage.CONFIRM, SLOW, 1.07, 100)], Speed.JUDGED),
        ([], Speed.TOO_FEW),
    ],
)
def test_other_operations(rows: list[CallPairs], speed: Speed) -> None:
    assert speeds(base_run(*rows))[SLOW] is speed


def everything(stage: PairStage, ratio: float, number: int) -> list[CallPairs]:
    return [pairs(stage, f"GET /{one}", ratio, number) for one in range(100)]


@pytest.mark.parametrize(
    ("first", "second", "slower", "unconfirmed"),
    [(1.1, 1.1, True, False), (1.1, 1.0, False, True), (1.03, 1.1, False, False), (0.9, 0.9, False, False)],
)
def test_the_gateway_as_a_whole(first: float, second: float, slower: bool, unconfirmed: bool) -> None:
    base = base_run(*everything(PairStage.SCREEN, first, 4), *everything(PairStage.CONFIRM, second, 1))
    found = assess(base)
    assert (found.overall_slower, found.overall_unconfirmed) == (slower, unconfirmed)
    assert not found.slower


def test_more_cpu_time_everywhere_is_slower_as_a_whole() -> None:
    rows = [*everything(PairStage.SCREEN, 1.0, 4), *everything(PairStage.CONFIRM, 1.0, 1)]
    base = base_run(*(with_cpu(row, 1.1) for row in rows))
    found = assess(base)
    assert alarms(base).overall == {Measure.CPU}
    assert (found.overall_slower, found.overall_measure) == (True, Measure.CPU)
    assert found.overall is not None
    assert 1.08 < math.exp(found.overall.mean) < 1.12


def test_less_cpu_time_everywhere_is_faster_as_a_whole() -> None:
    found = assess(base_run(*(with_cpu(row, 0.9) for row in everything(PairStage.SCREEN, 1.0, 4))))
    assert found.overall is not None
    assert (found.overall.faster, found.overall_measure) == (True, Measure.CPU)
    assert (found.overall_slower, found.overall_unconfirmed) == (False, False)


def test_few_operations_say_nothing_about_the_whole() -> None:
    base = base_run(*everything(PairStage.SCREEN, 2.0, 4)[:10])
    assert assess(base).overall is None


@pytest.mark.parametrize(
    ("replayed", "confirmed", "evidence"),
    [
        ((10, 10, 0), (10, 10, 0), BaseEvidence.NEW),
        ((40, 20, 0), (40, 20, 0), BaseEvidence.NEW),
        ((10, 10, 0), (10, 0, 0), BaseEvidence.UNCONFIRMED),
        ((10, 10, 0), None, BaseEvidence.UNCONFIRMED),
        ((10, 0, 0), None, BaseEvidence.UNCONFIRMED),
        (None, None, BaseEvidence.UNCONFIRMED),
        ((40, 20, 20), (40, 20, 0), BaseEvidence.UNCONFIRMED),
    ],
)
def test_evidence_of_a_failure(
    replayed: tuple[int, int, int] | None, confirmed: tuple[int, int, int] | None, evidence: BaseEvidence
) -> None:
    rows = [trials(PairStage.SCREEN, SLOW, 1, 1, 0)]
    rows += [trials(PairStage.REPLAY, SLOW, *replayed)] if replayed else []
    rows += [trials(PairStage.CONFIRM, SLOW, *confirmed)] if confirmed else []
    base = base_run(*rows)
    assert evidence_of(failure(), base, assess(base)) is evidence


def test_a_failure_that_base_has_is_not_new() -> None:
    row = trials(PairStage.SCREEN, SLOW, 1, 1, 1)
    for other, evidence in (
        (failure(), BaseEvidence.ALSO_ON_BASE),
        (failure(status=409), BaseEvidence.UNCONFIRMED),
    ):
        base = base_run(row, failures=[other])
        assert evidence_of(failure(), base, assess(base)) is evidence


@pytest.mark.parametrize("problem", [ProblemKind.UNAUTHORIZED, ProblemKind.REFUSAL])
def test_another_caller_that_base_lets_in_does_not_excuse_this_one(problem: ProblemKind) -> None:
    outsider = replace(failure(status=200), problem=problem)
    viewer = replace(outsider, fingerprint="b" * 12)
    for other, evidence in ((outsider, BaseEvidence.ALSO_ON_BASE), (viewer, BaseEvidence.NO_TRIALS)):
        base = base_run(failures=[other])
        assert evidence_of(outsider, base, assess(base)) is evidence


def test_a_failure_that_became_more_frequent_is_new() -> None:
    base = base_run(
        trials(PairStage.SCREEN, SLOW, 1, 1, 0),
        trials(PairStage.REPLAY, SLOW, 40, 40, 4),
        trials(PairStage.CONFIRM, SLOW, 40, 40, 4),
        failures=[failure()],
    )
    assert evidence_of(failure(), base, assess(base)) is BaseEvidence.NEW


def test_a_call_that_is_not_made_in_pairs_has_no_trials() -> None:
    base = base_run()
    assert evidence_of(failure(), base, assess(base)) is BaseEvidence.NO_TRIALS


def test_a_failure_of_the_clean_up_after_another_failure_is_no_evidence() -> None:
    base = base_run()
    followed = failure(count=2, after={"GET /other": 2})
    assert evidence_of(followed, base, assess(base)) is BaseEvidence.UNCONFIRMED


@pytest.mark.parametrize(
    ("rows", "number"),
    [
        ([trials(PairStage.SCREEN, SLOW, 2, 0, 2)], 1),
        ([trials(PairStage.SCREEN, SLOW, 2, 0, 1)], 0),
        ([trials(PairStage.SCREEN, SLOW, 2, 1, 2)], 0),
        ([], 0),
    ],
)
def test_what_always_failed_on_base_only_is_fixed(rows: list[Trials], number: int) -> None:
    assert len(fixed(base_run(*rows, failures=[failure()]))) == number


def test_scattered_pairs_are_noisy() -> None:
    chance = random.Random(5)
    head = tuple(20 * math.exp(chance.gauss(0, 0.8)) for _ in range(50))
    wild = CallPairs(stage=PairStage.SCREEN, scenario="S", operation=SAME, head=head, base=(20.0,) * 50)
    assert assess(base_run(wild)).noisy
    assert not assess(base_run(pairs(PairStage.SCREEN, SAME, 1.0, 50))).noisy


def test_the_detectable_effect_needs_judged_pairs() -> None:
    judged = [pairs(PairStage.JUDGE, SAME, 1.0, 60), pairs(PairStage.SCREEN, SAME, 1.0, 8)]
    found = assess(base_run(*judged)).detectable
    assert found.keys() == {Measure.LATENCY}
    assert 1.10 <= found[Measure.LATENCY] < 1.3
    assert assess(base_run(judged[1])).detectable == {}


def test_without_anything_there_is_nothing() -> None:
    found = assess(base_run())
    assert not alarms(base_run())
    assert (found.operations, found.new, found.overall, found.sigma) == ((), frozenset(), None, {})
