"""Whatever text a run holds, the page nests, fetches nothing and runs nothing but its own script."""

import base64
import hashlib
from dataclasses import replace as with_

import pytest
from html_page import Page, inert, rendered, verdict
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from sample_runs import HOSTILE, KNOWN, STORED, clean, failure, failures, hostile, operation

from loadtest.judge.comparison import compare
from loadtest.reports.formats import html
from loadtest.results.failures import Example
from loadtest.results.measurements import Stream


@pytest.mark.parametrize("name", STORED)
def test_it_is_one_page_that_fetches_nothing(name: str) -> None:
    page = Page(rendered(STORED[name](), KNOWN))
    inert(page)
    assert "url(" not in page.code["style"]
    assert "@import" not in page.code["style"]


def test_the_policy_names_what_the_page_holds_and_nothing_else() -> None:
    page = Page(rendered(failures(), KNOWN))
    (policy,) = [v for t, n, v in page.attributes if n == "content" and "default-src" in v]
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    assert rules["default-src"] == rules["base-uri"] == rules["form-action"] == "'none'"
    for kind in ("script", "style"):
        digest = base64.b64encode(hashlib.sha256(page.code[kind].encode()).digest()).decode()
        assert rules[f"{kind}-src"] == f"'sha256-{digest}'"
    assert "unsafe" not in policy


def test_hostile_text_stays_text() -> None:
    here = replace(
        hostile(),
        streams=(Stream(operation=HOSTILE, opened=1, events=1, ended=1),),
        reason=HOSTILE,
    )
    judged = with_(verdict(here), comparison=compare(here, here))
    page = Page(html.render(here, judged))
    inert(page)
    assert "<script>alert(1)</script>" in page.text
    assert "\\x00\\ud800\\ufffe\\x1b[31m" in page.text
    assert page.tags.get("h1") == 1
    assert max(map(len, page.words)) < 10_000
    html.render(here, judged).encode()


@settings(max_examples=40)
@given(st.text(max_size=60), st.text(max_size=60))
def test_any_text_gives_a_page_that_nests(one: str, other: str) -> None:
    example = Example(at=0.0, curl=one, answer=other, log=(one, f"  {other}", "Traceback x"))
    here = replace(
        clean(),
        operations=(operation(f"GET /{one}", 1, 1, area=other, scenario=one),),
        failures=(failure(f"GET /{one}", other, scenario=other, examples=(example, example)),),
    )
    inert(Page(rendered(here)))
