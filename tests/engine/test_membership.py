"""Workers that join late, leave, are lost or come back are recorded with the time, and nothing counts twice."""

from loadtest.engine.membership import Membership
from loadtest.recording.recorder import WorkerTotals
from loadtest.results.run import Worker

ONE, TWO, TWIN = (f"{machine}_{digit * 32}" for machine, digit in (("one", "1"), ("two", "a"), ("two", "b")))
START = 1000.0


def members(*present: str) -> Membership:
    workers = Membership()
    workers.begin(present, START)
    return workers


def record(workers: Membership, worker: int = 0, **counted: WorkerTotals) -> Worker:
    return workers.records({f"{name}_{'1' * 32}": one for name, one in counted.items()}, START)[worker]


def test_a_worker_that_stays_has_an_empty_record() -> None:
    workers = members(ONE)
    workers.seen(ONE, 1005.0)
    assert workers.update({ONE}, 1006.0) == ((), ())
    counted = WorkerTotals(received=7, claimed=7, last_report=1004.5)
    assert record(workers, one=counted) == Worker(name="one", requests=7, last_report=4.5)


def test_a_silent_worker_is_lost_since_its_last_heartbeat_and_reported_once() -> None:
    workers = members(ONE, TWO)
    workers.seen(TWO, 1012.0)
    assert workers.update({ONE}, 1016.0) == ((TWO,), ())
    assert workers.update({ONE}, 1017.0) == ((), ())
    assert workers.away() == {TWO}
    lost = record(workers, 1)
    assert (lost.name, lost.lost, lost.left_at) == ("two", True, 12.0)


def test_a_worker_that_comes_back_is_not_lost() -> None:
    workers = members(ONE)
    workers.seen(ONE, 1010.0)
    workers.update(set(), 1014.0)
    assert workers.update({ONE}, 1020.0) == ((), (ONE,))
    back = record(workers)
    assert (back.lost, back.left_at, back.back_at) == (False, 10.0, 20.0)
    workers.seen(ONE, 1021.0)
    assert workers.update(set(), 1025.0) == ((ONE,), ())
    assert record(workers).left_at == 21.0
    assert record(workers).back_at is None


def test_a_late_worker_has_the_time_it_joined() -> None:
    workers = members(ONE)
    workers.seen(TWO, 1030.0)
    assert record(workers, 1) == Worker(name="two", joined_at=30.0)


def test_a_worker_that_announces_its_end_is_lost_only_if_it_never_took_part() -> None:
    workers = members(ONE, TWO)
    workers.left(ONE, 1010.0, "it was stopped")
    workers.left(TWO, 1001.0, "cannot take part: refused", lost=True)
    assert workers.update(set(), 1015.0) == ((), ())
    one, two = workers.records({}, START)
    assert (one.lost, one.left_at, one.detail) == (False, 10.0, "it was stopped")
    assert (two.lost, two.detail) == (True, "cannot take part: refused")


def test_a_worker_that_leaves_after_the_load_is_not_lost() -> None:
    workers = members(ONE)
    workers.close()
    workers.left(ONE, 1060.0, "it was stopped")
    assert workers.update(set(), 1061.0) == ((), ())
    assert record(workers) == Worker(name="one")


def test_requests_in_lost_reports_count_as_unreported() -> None:
    counted = WorkerTotals(received=90, claimed=100, last_report=1009.0)
    assert record(members(ONE), one=counted).unreported == 10


def test_workers_of_one_machine_have_different_names() -> None:
    workers = members(ONE, TWO, TWIN)
    assert [one.name for one in workers.records({}, START)] == ["one", "two_aaaa", "two_bbbb"]


def test_a_new_load_starts_with_new_records() -> None:
    workers = members(ONE)
    workers.update(set(), 1010.0)
    workers.begin({TWO}, 2000.0)
    assert workers.records({}, 2000.0) == (Worker(name="two"),)


def test_a_wrong_clock_is_reported_and_the_delay_of_a_message_is_not() -> None:
    workers = members(ONE, TWO)
    assert workers.compare_clock(ONE, 999.0, 1001.0) == 0.0
    assert workers.compare_clock(TWO, 1091.0, 1001.0) == 90.0
    assert [one.clock_ahead for one in workers.records({}, START)] == [0.0, 90.0]
