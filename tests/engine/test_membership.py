"""Who came late, went, was lost or came back stands in the record with the time, and nothing counts twice."""

from loadtest.engine.membership import Membership
from loadtest.recording.aggregator import WorkerTotals
from loadtest.results.run import Worker

ONE, TWO, TWIN = (f"{machine}_{digit * 32}" for machine, digit in (("one", "1"), ("two", "a"), ("two", "b")))
START = 1000.0


def roster(*present: str) -> Membership:
    made = Membership()
    made.begin(present, START)
    return made


def record(made: Membership, worker: int = 0, **counted: WorkerTotals) -> Worker:
    return made.records({f"{name}_{'1' * 32}": one for name, one in counted.items()}, START)[worker]


def test_who_stays_has_nothing_to_tell() -> None:
    made = roster(ONE)
    made.heard(ONE, 1005.0)
    assert made.compare({ONE}, 1006.0) == ((), ())
    counted = WorkerTotals(merged=7, claimed=7, last_report=1004.5)
    assert record(made, one=counted) == Worker(name="one", requests=7, last_report=4.5)


def test_who_falls_silent_is_lost_since_the_last_sign_of_life_and_told_once() -> None:
    made = roster(ONE, TWO)
    made.heard(TWO, 1012.0)
    assert made.compare({ONE}, 1016.0) == ((TWO,), ())
    assert made.compare({ONE}, 1017.0) == ((), ())
    assert made.away() == {TWO}
    lost = record(made, 1)
    assert (lost.name, lost.lost, lost.left_at) == ("two", True, 12.0)


def test_who_comes_back_is_not_lost() -> None:
    made = roster(ONE)
    made.heard(ONE, 1010.0)
    made.compare(set(), 1014.0)
    assert made.compare({ONE}, 1020.0) == ((), (ONE,))
    back = record(made)
    assert (back.lost, back.left_at, back.back_at) == (False, 10.0, 20.0)
    made.heard(ONE, 1021.0)
    assert made.compare(set(), 1025.0) == ((ONE,), ())
    assert record(made).left_at == 21.0
    assert record(made).back_at is None


def test_who_comes_late_says_when() -> None:
    made = roster(ONE)
    made.heard(TWO, 1030.0)
    assert record(made, 1) == Worker(name="two", joined_at=30.0)


def test_who_leaves_with_a_word_is_not_lost_and_who_never_took_part_is() -> None:
    made = roster(ONE, TWO)
    made.left(ONE, 1010.0, "it was stopped")
    made.left(TWO, 1001.0, "cannot take part: refused", silent=True)
    assert made.compare(set(), 1015.0) == ((), ())
    one, two = made.records({}, START)
    assert (one.lost, one.left_at, one.detail) == (False, 10.0, "it was stopped")
    assert (two.lost, two.detail) == (True, "cannot take part: refused")


def test_who_goes_when_the_load_is_over_is_not_missed() -> None:
    made = roster(ONE)
    made.close()
    made.left(ONE, 1060.0, "it was stopped")
    assert made.compare(set(), 1061.0) == ((), ())
    assert record(made) == Worker(name="one")


def test_requests_of_reports_that_went_astray_are_known_to_be_missing() -> None:
    counted = WorkerTotals(merged=90, claimed=100, last_report=1009.0)
    assert record(roster(ONE), one=counted).unreported == 10


def test_workers_of_one_machine_are_told_apart() -> None:
    made = roster(ONE, TWO, TWIN)
    assert [one.name for one in made.records({}, START)] == ["one", "two_aaaa", "two_bbbb"]


def test_a_new_load_begins_with_a_clean_sheet() -> None:
    made = roster(ONE)
    made.compare(set(), 1010.0)
    made.begin({TWO}, 2000.0)
    assert made.records({}, 2000.0) == (Worker(name="two"),)


def test_a_clock_that_is_off_is_told_and_the_delay_of_a_message_is_not() -> None:
    made = roster(ONE, TWO)
    assert made.clock(ONE, 999.0, 1001.0) == 0.0
    assert made.clock(TWO, 1091.0, 1001.0) == 90.0
    assert [one.clock_ahead for one in made.records({}, START)] == [0.0, 90.0]
