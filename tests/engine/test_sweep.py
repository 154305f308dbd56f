"""The first sweep deals everything once, whatever happens to those who hold a scenario."""

import gevent
from hypothesis import given
from hypothesis import strategies as st

from loadtest.engine.sweep import ATTEMPTS, SweepClient, SweepQueue, sweep_order, sweep_repeats
from loadtest.results.run import PlannedCall, Scenario

NAMES = st.lists(st.text(min_size=1, max_size=4), unique=True, max_size=20)


def scenario(name: str, *operations: str) -> Scenario:
    calls = tuple(PlannedCall(operation=operation, line=1) for operation in operations)
    return Scenario(name=name, area="a", file="f.py", line=1, calls=calls)


def test_slow_ones_come_first_then_those_that_call_the_most() -> None:
    scenarios = [
        scenario("few", "GET /a"),
        scenario("many", "GET /a", "GET /b", "GET /c"),
        scenario("slow", "GET /a"),
        scenario("also few", "GET /b", "GET /b"),
    ]
    assert sweep_order(scenarios, frozenset({"slow"})) == ("slow", "many", "also few", "few")


def test_what_is_a_matter_of_chance_is_dealt_again_behind_the_others() -> None:
    scenarios = [
        scenario("sure", "GET /a"),
        scenario("lucky", "GET /a", "GET /b"),
        scenario("as lucky", "GET /b", "GET /b"),
    ]
    assert sweep_repeats(scenarios, frozenset({"GET /b"})) == ("as lucky", "lucky") * (ATTEMPTS - 1)
    assert sweep_repeats(scenarios, frozenset()) == ()


def test_two_workers_can_hold_the_same_scenario() -> None:
    deck = SweepQueue(["a", "a"])
    deck.deal("w1")
    deck.deal("w2")
    deck.done("a", "w1", 1.0)
    assert deck.lost("w1") == ()
    assert deck.lost("w2") == ("a",)
    assert deck.record().done == 1


@given(NAMES, st.lists(st.sampled_from(["w1", "w2", "w3"]), min_size=1))
def test_every_scenario_is_dealt_once(names: list[str], workers: list[str]) -> None:
    deck = SweepQueue(names)
    dealt = []
    for turn in range(len(names) + 3):
        worker = workers[turn % len(workers)]
        name = deck.deal(worker)
        if name is not None:
            dealt.append(name)
            deck.done(name, worker, float(turn))
    assert dealt == names
    assert deck.record().done == len(names)
    assert deck.record().unfinished == ()


@given(NAMES, st.integers(min_value=0, max_value=20))
def test_what_a_lost_worker_held_is_dealt_again(names: list[str], held: int) -> None:
    deck = SweepQueue(names)
    taken = [name for name in (deck.deal("lost") for _ in range(held)) if name is not None]
    assert deck.lost("lost") == tuple(taken)
    sweep_repeats = []
    while (name := deck.deal("other")) is not None:
        sweep_repeats.append(name)
    assert sweep_repeats == names


def test_the_sweep_ends_when_the_last_held_scenario_is_done() -> None:
    deck = SweepQueue(["a", "b"])
    deck.deal("w1")
    deck.deal("w2")
    deck.done("b", "w2", 3.0)
    assert deck.finished_at is None
    assert deck.record().unfinished == ("a",)
    deck.done("a", "w1", 5.0)
    assert deck.finished_at == 5.0
    deck.done("a", "w1", 9.0)
    assert deck.record().done == 2
    assert deck.finished_at == 5.0


def hand_of(*answers: tuple[str | None, bool]) -> tuple[SweepClient, list[int], list[str]]:
    """Return a hand to which ``answers`` are dealt in turn, and what it asked and told."""
    left, asked, told = list(answers), list[int](), list[str]()

    def ask(ticket: int) -> None:
        asked.append(ticket)
        hand.deal(ticket, *left.pop(0))

    hand = SweepClient(ask, told.append)
    return hand, asked, told


def test_a_hand_takes_what_its_ticket_got_until_the_sweep_is_over() -> None:
    hand, asked, told = hand_of(("one", False), (None, True))
    assert hand.take() == "one"
    hand.done("one")
    assert hand.take() is None
    assert hand.take() is None
    assert asked == [1, 2]
    assert told == ["one"]
    assert not hand.deal(1, "too late", over=True)


def test_a_hand_asks_again_while_others_are_not_done() -> None:
    hand, asked, _ = hand_of((None, False), ("left by a lost worker", False))
    assert hand.take() == "left by a lost worker"
    assert asked == [1, 2]


def test_a_hand_does_not_wait_for_ever() -> None:
    hand, asked, _ = hand_of((None, False))
    assert hand.take(patience=0) is None
    assert not hand.over
    assert asked == [1]


def test_a_hand_that_waits_for_an_answer_goes_on_when_the_load_ends() -> None:
    hand = SweepClient(ask=lambda ticket: gevent.spawn(hand.end) and None, tell_done=lambda name: None)
    with gevent.Timeout(5):
        assert hand.take() is None
    assert hand.over
