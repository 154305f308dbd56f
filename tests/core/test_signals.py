"""Signals are noted, wake what waits, and end a command once."""

from __future__ import annotations

import os
import signal
import threading
import time

import pytest

from loadtest.core.signals import SIGNALS, Stopped, StopRequest, listening, stop_request


@pytest.mark.parametrize("number", SIGNALS)
def test_each_ends_the_next_pause_with_its_code(number: signal.Signals) -> None:
    with listening() as stop:
        os.kill(os.getpid(), number)
        with pytest.raises(Stopped, match=number.name) as caught:
            stop.pause(60)
    assert caught.value.exit_code == 128 + number


def test_a_wait_is_woken_at_once() -> None:
    with listening() as stop:
        began = time.monotonic()
        threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT)).start()
        stop.sleep(60)
        assert time.monotonic() - began < 30
        assert stop.signal == signal.SIGINT


def test_any_number_of_signals_raises_once() -> None:
    with listening() as stop:
        for number in (signal.SIGINT, signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            os.kill(os.getpid(), number)
        with pytest.raises(Stopped, match="SIGINT"):
            stop.pause(0)
        os.kill(os.getpid(), signal.SIGTERM)
        stop.pause(0)
        stop.check()


def test_once_it_is_handled_nothing_raises() -> None:
    with listening() as stop:
        stop.handle()
        os.kill(os.getpid(), signal.SIGTERM)
        stop.pause(0)
        assert stop.signal == signal.SIGTERM


def test_a_signal_that_is_forwarded_too_is_one_and_a_later_one_is_urgent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = iter((10.0, 10.9, 11.0))
    monkeypatch.setattr("loadtest.core.signals.time.monotonic", lambda: next(clock))
    stop = StopRequest()
    stop.note(signal.SIGTERM)
    stop.note(signal.SIGTERM)
    assert not stop.urgent
    stop.note(signal.SIGTERM)
    assert stop.urgent


def test_nested_blocks_get_the_same_signals_and_restore_the_handlers() -> None:
    before = {number: signal.getsignal(number) for number in SIGNALS}
    with listening() as outer:
        with listening() as inner:
            assert inner is outer is stop_request()
        os.kill(os.getpid(), signal.SIGTERM)
        assert outer.signal == signal.SIGTERM
    assert {number: signal.getsignal(number) for number in SIGNALS} == before
    assert stop_request().signal is None


def test_what_nohup_ignores_stays_ignored() -> None:
    usual = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with listening() as stop:
            os.kill(os.getpid(), signal.SIGHUP)
            stop.check()
            assert stop.signal is None
    finally:
        signal.signal(signal.SIGHUP, usual)
