"""The first sweep runs every scenario once, whatever happens to the workers."""

from collections import Counter
from collections.abc import Callable

import gevent
from hypothesis import given
from hypothesis import strategies as st

from loadtest.engine.sweep import ATTEMPTS, SweepClient, SweepQueue, covers, sweep_order, sweep_repeats
from loadtest.results.run import PlannedCall, Scenario

NAMES = st.lists(st.text(min_size=1, max_size=4), unique=True, max_size=20)


def scenario(name: str, *operations: str) -> Scenario:
    calls = tuple(PlannedCall(operation=operation, line=1) for operation in operations)
    return Scenario(name=name, area="a", file="f.py", line=1, calls=calls)


def ordered(
    scenarios: list[Scenario],
    slow: frozenset[str] = frozenset(),
    deep: frozenset[str] = frozenset(),
    known: tuple[str, ...] = (),
) -> tuple[str, ...]:
    return sweep_order(scenarios, covers(scenarios, deep=deep), slow, deep, known)


def test_slow_scenarios_follow_those_that_call_what_no_other_has_called() -> None:
    scenarios = [
        scenario("few", "GET /a"),
        scenario("many", "GET /a", "GET /b", "GET /c"),
        scenario("as many", "GET /b", "GET /c", "GET /d"),
        scenario("slow", "GET /a"),
        scenario("one more", "GET /e"),
    ]
    assert ordered(scenarios, slow=frozenset({"slow"})) == ("as many", "few", "one more", "slow", "many")


def test_slow_scenarios_that_call_what_no_other_calls_come_first() -> None:
    scenarios = [
        scenario("quick", "GET /a"),
        scenario("slow", "GET /a", "GET /b", "GET /b"),
        scenario("slow again", "GET /a"),
    ]
    slow = frozenset({"slow", "slow again"})
    assert ordered(scenarios, slow=slow) == ("slow", "quick", "slow again")


def test_known_scenarios_come_before_the_cover_of_what_they_do_not_call() -> None:
    scenarios = [
        scenario("few", "GET /a", "GET /c"),
        scenario("known", "GET /a"),
        scenario("best", "GET /a", "GET /b"),
        scenario("known, too", "GET /a", "GET /a"),
    ]
    order = ordered(scenarios, known=("known, too", "of another load", "known"))
    assert order == ("known, too", "known", "best", "few")


def test_deep_scenarios_follow_those_that_call_what_no_other_has_called() -> None:
    scenarios = [
        scenario("few", "GET /a"),
        scenario("many", "GET /a", "GET /b"),
        scenario("again", "GET /a", "GET /b"),
        scenario("deep", "GET /a", "GET /b", "GET /c", "GET /d"),
        scenario("alone", "GET /c"),
    ]
    order = ordered(scenarios, deep=frozenset({"deep"}))
    assert order == ("again", "alone", "deep", "many", "few")


def test_the_scenario_with_the_largest_share_of_new_operations_comes_first() -> None:
    scenarios = [
        scenario("long", "GET /a", "GET /b", "GET /a", "GET /a", "GET /a"),
        scenario("short", "GET /d", "GET /e", "GET /g"),
        scenario("half", "GET /d", "GET /f"),
    ]
    assert ordered(scenarios) == ("short", "half", "long")


@given(st.lists(st.frozensets(st.integers(0, 9), max_size=4), max_size=12))
def test_scenarios_after_the_cover_call_nothing_new(calls: list[frozenset[int]]) -> None:
    scenarios = [scenario(f"s{n}", *(f"GET /{one}" for one in ones)) for n, ones in enumerate(calls)]
    order = ordered(scenarios)
    assert sorted(order) == sorted(one.name for one in scenarios)
    added, covered = [], set[int]()
    for name in order:
        added.append(len(calls[int(name[1:])] - covered))
        covered |= calls[int(name[1:])]
    assert 0 not in added[: sum(map(bool, added))]


def test_scenarios_that_depend_on_chance_are_repeated_at_the_end() -> None:
    scenarios = [
        scenario("sure", "GET /a"),
        scenario("lucky", "GET /a", "GET /b"),
        scenario("as lucky", "GET /b", "GET /b"),
    ]
    assert sweep_repeats(scenarios, frozenset({"GET /b"})) == ("as lucky", "lucky") * (ATTEMPTS - 1)
    assert sweep_repeats(scenarios, frozenset()) == ()


def test_two_workers_can_run_the_same_scenario() -> None:
    queue = SweepQueue(["a", "a"])
    queue.next("w1")
    queue.next("w2")
    queue.done("a", "w1", 1.0)
    assert queue.requeue("w1") == ()
    assert queue.requeue("w2") == ("a",)
    assert queue.record().done == 1


@given(NAMES, st.lists(st.sampled_from(["w1", "w2", "w3"]), min_size=1))
def test_every_scenario_runs_once(names: list[str], workers: list[str]) -> None:
    queue = SweepQueue(names)
    dealt = []
    for turn in range(len(names) + 3):
        worker = workers[turn % len(workers)]
        name = queue.next(worker)
        if name is not None:
            dealt.append(name)
            queue.done(name, worker, float(turn))
    assert dealt == names
    assert queue.record().done == len(names)
    assert queue.record().unfinished == ()


@given(NAMES, st.integers(min_value=0, max_value=20))
def test_scenarios_of_a_lost_worker_run_again(names: list[str], number: int) -> None:
    queue = SweepQueue(names)
    taken = [name for name in (queue.next("lost") for _ in range(number)) if name is not None]
    assert queue.requeue("lost") == tuple(taken)
    repeated = []
    while (name := queue.next("other")) is not None:
        repeated.append(name)
    assert repeated == names


def test_a_scenario_that_calls_an_operation_without_a_success_comes_before_those_that_add_nothing() -> None:
    scenarios = [
        scenario("ends early", "GET /a", "GET /b", "GET /c"),
        scenario("second", "GET /d", "GET /e"),
        scenario("adds nothing", "GET /a", "GET /d"),
        scenario("again", "GET /c"),
        scenario("slow", "GET /g"),
        scenario("refusals", "GET /f"),
    ]
    slow, deep = frozenset({"slow"}), frozenset({"refusals"})
    order = ordered(scenarios, slow, deep)
    assert order == ("slow", "ends early", "second", "refusals", "adds nothing", "again")
    queue = SweepQueue(order, covers(scenarios, deep=deep))
    assert queue.next("w") == "slow"
    assert queue.next("w") == "ends early"
    # What a running scenario calls counts as covered.
    assert queue.next("w") == "second"
    queue.done("ends early", "w", 1.0)
    assert queue.next("w", frozenset({"GET /a", "GET /b"})) == "again"
    assert queue.next("w", frozenset({"GET /a", "GET /b"})) == "refusals"
    assert queue.next("w", frozenset({"GET /a", "GET /b"})) == "adds nothing"
    assert queue.next("w") is None


@given(st.lists(st.frozensets(st.integers(0, 9), max_size=4), max_size=12))
def test_without_failures_the_order_is_that_of_the_greedy_cover(calls: list[frozenset[int]]) -> None:
    scenarios = [scenario(f"s{n}", *(f"GET /{one}" for one in ones)) for n, ones in enumerate(calls)]
    order = ordered(scenarios)
    queue = SweepQueue(order, covers(scenarios))
    succeeded, taken = frozenset[str](), []
    while (name := queue.next("w", succeeded)) is not None:
        taken.append(name)
        queue.done(name, "w", 1.0)
        succeeded |= {f"GET /{one}" for one in calls[int(name[1:])]}
    assert tuple(taken) == order


def test_the_sweep_ends_with_its_last_running_scenario() -> None:
    queue = SweepQueue(["a", "b"])
    queue.next("w1")
    queue.next("w2")
    queue.done("b", "w2", 3.0)
    assert queue.finished_at is None
    assert queue.record().unfinished == ("a",)
    queue.done("a", "w1", 5.0)
    assert queue.finished_at == 5.0
    queue.done("a", "w1", 9.0)
    assert queue.record().done == 2
    assert queue.finished_at == 5.0


def client_with(*replies: tuple[str | None, bool]) -> tuple[SweepClient, list[int], list[str]]:
    """Return a client that receives ``replies``, its requests and what it reported as done."""
    left, asked, reported = list(replies), list[int](), list[str]()

    def request(ticket: int) -> None:
        asked.append(ticket)
        name, over = left.pop(0)
        client.receive(ticket, name, over=over)

    client = SweepClient(request, reported.append)
    return client, asked, reported


def test_a_client_returns_the_reply_to_its_request_until_the_sweep_is_over() -> None:
    client, asked, reported = client_with(("one", False), (None, True))
    assert client.next() == "one"
    client.done("one")
    assert client.next() is None
    assert client.next() is None
    assert asked == [1, 2]
    assert reported == ["one"]
    assert not client.receive(1, "too late", over=True)


def test_a_client_asks_again_while_others_are_running() -> None:
    client, asked, _ = client_with((None, False), ("requeued", False))
    assert client.next() == "requeued"
    assert asked == [1, 2]


def test_a_client_stops_asking_after_its_timeout() -> None:
    client, asked, _ = client_with((None, False))
    assert client.next(timeout=0) is None
    assert not client.over
    assert asked == [1]


def test_a_client_that_waits_for_a_reply_continues_when_the_load_ends() -> None:
    client = SweepClient(
        request=lambda ticket: gevent.spawn(client.stop) and None, report_done=lambda name: None
    )
    with gevent.Timeout(5):
        assert client.next() is None
    assert client.over


def for_breadth(
    scenarios: list[Scenario],
    offered: Callable[[str], bool] = lambda _: True,
    slow: frozenset[str] = frozenset(),
    deep: frozenset[str] = frozenset(),
) -> SweepQueue:
    operations_of = covers(scenarios, offered, deep)
    return SweepQueue(sweep_order(scenarios, operations_of, slow, deep), operations_of, breadth=True)


@given(
    st.lists(st.frozensets(st.integers(0, 9), max_size=4), max_size=12),
    st.sets(st.integers(0, 9)),
    st.sets(st.integers(0, 11)),
    st.integers(min_value=1, max_value=3),
)
def test_a_sweep_for_breadth_ends_once_every_operation_was_called(
    calls: list[frozenset[int]], failing: set[int], ending_early: set[int], users: int
) -> None:
    scenarios = [scenario(f"s{n}", *(f"GET /{one}" for one in ones)) for n, ones in enumerate(calls)]
    queue = for_breadth(scenarios, lambda name: name != "GET /0", frozenset({"s1", "s4"}))
    planned = queue.record().planned
    # A scenario need not make all of the calls that it contains.
    made = [ones - {max(ones)} if n in ending_early and ones else ones for n, ones in enumerate(calls)]
    times: Counter[int] = Counter()
    taken, running = list[str](), list[str]()
    while not queue.finished:
        called = frozenset(f"GET /{one}" for one in times)
        covered = frozenset(f"GET /{one}" for one in times.keys() - failing)
        while len(running) < users and (name := queue.next("w", covered, called)) is not None:
            running.append(name)
        if running:
            taken.append(name := running.pop(0))
            queue.done(name, "w", float(len(taken)))
            times.update(made[int(name[1:])])
    ran = [calls[int(name[1:])] for name in taken]
    for one in frozenset[int]().union(*made) - {0}:
        assert times[one] >= 1
        if one in failing:
            assert sum(one in ones for ones in ran) >= min(ATTEMPTS, sum(one in ones for ones in calls))
    assert all(calls[int(name[1:])] - {0} for name in taken)
    assert sorted((*taken, *queue.dropped)) == sorted(one.name for one in scenarios)
    if not failing and not ending_early:
        assert len(taken) == planned
    record = queue.record()
    assert (record.planned, record.done, record.unfinished) == (len(taken), len(taken), ())
    assert record.finished_at == (float(len(taken)) if taken else None)


def test_a_sweep_for_breadth_begins_with_slow_scenarios_only_if_it_needs_them() -> None:
    scenarios = [
        scenario("slow and needed", "GET /a", "GET /a", "GET /a", "GET /b"),
        scenario("slow", "GET /a", "GET /a", "GET /a"),
        scenario("quick", "GET /a", "GET /c"),
        scenario("refusals", "GET /d"),
    ]
    slow, deep = frozenset({"slow", "slow and needed"}), frozenset({"refusals"})
    queue = for_breadth(scenarios, slow=slow, deep=deep)
    assert queue.record().planned == 2
    assert queue.next("w") == "slow and needed"
    assert queue.next("w") == "quick"
    assert queue.next("w") is None
    assert not queue.finished
    queue.done("slow and needed", "w", 1.0)
    queue.done("quick", "w", 2.0)
    assert queue.next("w", frozenset({"GET /a", "GET /b", "GET /c"})) is None
    assert queue.finished
    assert set(queue.dropped) == {"slow", "refusals"}
    assert queue.finished_at == 2.0


def test_a_scenario_of_a_lost_worker_runs_again_in_a_sweep_for_breadth() -> None:
    scenarios = [scenario("one", "GET /a"), scenario("two", "GET /a")]
    queue = for_breadth(scenarios)
    assert queue.next("lost") == "one"
    assert queue.next("other") is None
    queue.requeue("lost")
    assert queue.next("other") == "one"
