import io
from collections.abc import Callable

import pytest
from sample_runs import (
    KNOWN,
    STORED,
    TODAY,
    VERSION,
    clean,
    did_not_boot,
    empty,
    failures,
    gateway_died,
    hostile,
)

from loadtest.core.console import Console
from loadtest.judge.categories import load_categories
from loadtest.judge.known import entries
from loadtest.judge.verdict import Verdict, judge
from loadtest.reports.commands import Commands
from loadtest.reports.terminal import next_step, print_verdict
from loadtest.results.run import Run


def verdict(here: Run) -> Verdict:
    return judge(
        here,
        known=entries(KNOWN, "known-failures.toml") if here != clean() else (),
        categories=load_categories(),
        version_data=VERSION,
        today=TODAY,
    )


def printed(here: Run, terminal: bool | None = None, commands: Commands | None = None) -> str:
    output = io.StringIO()
    console = Console(file=output, width=80, terminal=terminal)
    print_verdict(here, verdict(here), console, commands)
    return output.getvalue()


@pytest.mark.parametrize("made", [*STORED.values(), hostile])
def test_the_headline_is_the_last_line_and_whole(made: Callable[[], Run]) -> None:
    last = printed(made()).splitlines()[-1]
    assert last.split(" · ")[0] in ("PASS", "FAIL", "INCONCLUSIVE", "INTERRUPTED")
    if made is not hostile:
        assert last == verdict(made()).headline


def test_failures_are_above_the_headline() -> None:
    text = printed(failures())
    assert "POST /tools  [status 500] Internal Server Error" in text
    assert f"Next: reproduce it: loadtest repro {failures().failures[0].fingerprint}" in text
    assert "slow query" not in text


def test_colours_only_where_they_can_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert "\x1b[" not in printed(failures())
    assert "\x1b[31m\x1b[1m" in printed(failures(), terminal=True)
    monkeypatch.setenv("NO_COLOR", "1")
    assert "31m" not in printed(failures(), terminal=True)


def test_hostile_text_is_neither_colour_nor_command() -> None:
    text = printed(hostile())
    assert "\x1b" not in text
    assert "\x00" not in text
    assert "##[" not in text
    assert not any(line.strip().startswith("::") for line in text.splitlines())


def test_the_pace_of_coverage_is_above_the_headline() -> None:
    pace = "coverage: 50 % after 2 s, 90 % after 12 s, 99 % after 12 s, 100 % after 12 s"
    assert pace in printed(clean()).splitlines()
    assert "coverage: " not in printed(gateway_died())


def test_the_cpu_shares_are_above_the_headline() -> None:
    assert "CPU: backends 1.0 s (20%), load generator 4.0 s (80%)" in printed(clean()).splitlines()


def test_the_last_lines_name_the_report_and_how_to_accept_new_failures() -> None:
    report, opened, headline = printed(clean(), commands=Commands()).splitlines()[-3:]
    assert report == "Report: reports/report.html"
    assert opened == "Open it: xdg-open reports/report.html"
    assert headline.startswith("PASS · 6/6 operations called, 6 correct · nothing new")
    again, accept, _ = printed(failures(), commands=Commands("x/loadtest")).splitlines()[-3:]
    assert again == f"Reproduce: x/loadtest repro {verdict(failures()).failed[0].failure.fingerprint}"
    assert (
        accept
        == "Accept new failures: x/loadtest baseline accept --reason '…' --owner '…' --expires YYYY-MM-DD"
    )


def test_passed_checks_are_listed_by_name() -> None:
    lines = printed(clean()).splitlines()
    assert "passed: generator-not-saturated: load generator used 4.0 s CPU of 60 s" in lines


def test_one_thing_to_do_next() -> None:
    assert next_step(clean(), verdict(clean())) == ""
    for made in (gateway_died(), did_not_boot()):
        assert "gateway.log" in next_step(made, verdict(made))
    assert "--fail" not in next_step(empty(), verdict(empty()))
    assert next_step(empty(), verdict(empty())).startswith("Check the host")
