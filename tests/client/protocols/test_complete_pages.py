"""HTML that was cut off is found, and complete HTML is not."""

import pytest

from loadtest.client.answer import Answer
from loadtest.client.protocols.pages import page_problem, unclosed

PAGE = """<!DOCTYPE html>
<html><head><script>if (a < b) { x = "<html>"; }</script><meta charset="utf-8"></head>
<body><!-- <html> --><p>One<p>Two<br/><img src="a.png"></body></html>
"""
FRAGMENTS = """<!-- rows -->
<tr><td>1</td></tr>
<tr class="b"><td>2<td>3</tr>
<input type="hidden" name="a">
<div><div>deep</div></div>
"""


@pytest.mark.parametrize("text", [PAGE, FRAGMENTS, "", "Saved.", "a < b", "<br>", "<svg/>", "<DIV>a</div>"])
def test_a_complete_page_has_no_problem(text: str) -> None:
    assert unclosed(text) is None


@pytest.mark.parametrize("text", [PAGE, FRAGMENTS])
def test_a_page_that_was_cut_off_within_an_element_has_a_problem(text: str) -> None:
    last = text.rindex("</")
    opened = text.rindex("<div><div>") if text is FRAGMENTS else text.index("<html>") + len("<html>")
    for end in range(opened + 2, last):
        assert unclosed(text[:end]) is not None, text[:end]


def test_the_problem_shows_the_end() -> None:
    answer = Answer("GET /admin/", 200, {"content-type": "text/html; charset=utf-8"}, b"<div><p>Tools</p>")
    problem = page_problem(answer)
    assert problem is not None
    assert problem.message == "expected an end tag of <div>"
    assert "<p>Tools</p>" in problem.actual


def test_what_is_no_html_is_not_looked_at() -> None:
    assert page_problem(Answer("GET /x", 200, {"content-type": "text/plain"}, b"<div>")) is None
