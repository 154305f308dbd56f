import html as stdlib
import re

import msgspec
import pytest
from markdown_it import MarkdownIt
from msgspec.structs import replace
from sample_runs import (
    HOSTILE,
    KNOWN,
    TODAY,
    VERSION,
    clean,
    failure,
    failures,
    hostile,
    operation,
    run,
)

from loadtest.judge.categories import load_categories
from loadtest.judge.known import entries
from loadtest.judge.verdict import Verdict, judge
from loadtest.reports.formats import annotations, html, summary, verdict_json
from loadtest.results.failures import Example
from loadtest.results.run import Run
from loadtest.versions.data import KnownFailure

CATEGORIES = load_categories()


def verdict(here: Run, listed: tuple[KnownFailure, ...] = ()) -> Verdict:
    return judge(
        here,
        known=entries(listed, "known-failures.toml"),
        categories=CATEGORIES,
        version_data=VERSION,
        today=TODAY,
    )


def rendered(here: Run, listed: tuple[KnownFailure, ...] = ()) -> str:
    return summary.render(here, verdict(here, listed))


def big(kinds: int) -> Run:
    example = Example(at=0.0, curl="curl " + "x" * 9_999, answer="<" * 9_999, log=("`" * 999,) * 50)
    names = [f"GET /{'a' * 200}/{{x{n}}}" for n in range(kinds)]
    one = operation("x", 1, 1)
    return run(
        contract=tuple(names),
        operations=tuple(replace(one, name=name, area=f"area{n}") for n, name in enumerate(names)),
        failures=tuple(failure(name, "#" * 300, examples=(example,)) for name in names),
    )


@pytest.mark.parametrize(
    ("kinds", "share"), [(1, 1), (40, 1), (150, 20), pytest.param(3_000, 1, marks=pytest.mark.nightly)]
)
def test_never_larger_than_github_shows(monkeypatch: pytest.MonkeyPatch, kinds: int, share: int) -> None:
    monkeypatch.setattr(summary, "LARGEST", summary.LARGEST // share)
    text = rendered(big(kinds))
    assert len(text.encode()) < 1024 * 1024 // share
    assert text.startswith("## :x: FAIL")


@pytest.mark.parametrize(
    ("largest", "first"), [(900, "new failures"), (1_500, "findings"), (2_000, "known failures")]
)
def test_whole_sections_are_left_out_with_a_note(
    monkeypatch: pytest.MonkeyPatch, largest: int, first: str
) -> None:
    monkeypatch.setattr(summary, "LARGEST", largest)
    text = rendered(failures(), KNOWN)
    assert len(text.encode()) < largest + 200, "the note alone may exceed it"
    assert f"Omitted to limit the size: {first}, " in text


def test_hostile_text_makes_no_markup() -> None:
    text = rendered(hostile())
    page = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).render(text)
    for tag in ("<script", "<h1", "<a ", "<img"):
        assert tag not in page
    assert page.count("<details>") == page.count("</details>") == text.count("<details>")
    assert page.count("<pre>") == page.count("</pre>") == text.count("<pre>")
    outside = re.sub(r"(?s)<pre>.*?</pre>|^#+ ", "", text)
    assert not re.search(r"[@#]\w", stdlib.unescape(outside))
    assert "\x00" not in text


def test_the_summary_contains_what_matters() -> None:
    text = rendered(failures(), KNOWN)
    for words in (
        "### New failures (2)",
        "curl -X POST http://127.0.0.1:4444/tools",
        "KeyError: &#39;name&#39;",
        "### Known failures (3)",
        "fixed in the next release",
        "### Stale known failures (1)",
        "6/6 operations called, 4 correct, 1 failing, 1 known to fail.",
        "### Slowest operations",
        "the sweeper was faster",
        "boot 6.2 s",
        "entities leaked",
    ):
        assert words in text


def test_custom_scenarios_are_named() -> None:
    here = replace(clean(), settings=replace(clean().settings, scenarios=("tests/load", "acme.scenarios")))
    for text in (summary.render(here, verdict(here)), html.render(here, verdict(here))):
        assert "tests/load" in text
        assert "acme.scenarios" in text


def test_a_clean_run_has_no_section_of_failures() -> None:
    assert "failures" not in rendered(clean()).replace("no new failures", "").lower()


def test_annotations_are_few_and_one_line_each() -> None:
    here = replace(clean(), failures=tuple(failure("GET /tools", f"kind {'x' * n}") for n in range(30)))
    lines = annotations.render(here, verdict(here)).splitlines()
    assert len(lines) == annotations.MOST
    *shown, last = lines
    assert all(
        line.startswith("::error file=loadtest/users/registry/tools.py,line=12,title=") for line in shown
    )
    assert last.endswith(
        f"::and {30 - len(shown)} more (all checks in verdict.json, all failures in run.json)"
    )


def test_known_failures_are_not_annotated() -> None:
    text = annotations.render(failures(), verdict(failures(), KNOWN))
    assert text.count("::error") == 2
    assert "slow query" not in text


def test_annotations_escape_what_github_reads() -> None:
    text = annotations.render(hostile(), verdict(hostile()))
    for line in text.splitlines():
        assert line.startswith(("::error ", "::warning "))
        properties = line.split("::")[1].partition(" ")[2]
        for part in properties.split(","):
            assert part.partition("=")[0] in ("file", "line", "title")
        assert len(line) < 4096
    assert "%3A%3Aerror%3A%3A" in text
    assert "\x00" not in text


def test_a_percent_sign_is_escaped_first() -> None:
    here = replace(clean(), failures=(failure("GET /tools", "a%0Ab"),))
    assert "a%250Ab" in annotations.render(here, verdict(here))


def test_the_machine_readable_form_has_the_same_content() -> None:
    document = msgspec.json.decode(
        verdict_json.render(failures(), verdict(failures(), KNOWN)), type=verdict_json.VerdictJson
    )
    assert document.verdict == "fail"
    assert document.exit_code == 1
    assert [f.fingerprint for f in document.new_failures] == [
        j.failure.fingerprint for j in verdict(failures(), KNOWN).failures[:2]
    ]
    assert (document.operations_succeeded, document.operations_total) == (3, 6)
    assert document.counts == {
        "new": 1,
        "expired": 1,
        "known": 1,
        "category": 2,
        "stale": 1,
        "inconclusive": 0,
    }
    assert document.requests == sum(o.requests for o in failures().operations)


def test_the_machine_form_survives_hostile_text() -> None:
    text = verdict_json.render(hostile(), verdict(hostile()))
    assert "\\\\ud800" in text
    assert HOSTILE not in text
