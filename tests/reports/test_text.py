import html as stdlib
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from sample_runs import HOSTILE

from loadtest.reports.text import block, html, markdown, no_commands, one_line, printable

NASTY = st.text() | st.text(alphabet=st.sampled_from("<>&|`*_~[]()!#@:/$\\\"'w. \n\r\t\x00\ud800\ufffe​‮-+1"))
XML_FORBIDS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


@given(NASTY)
def test_printable_leaves_nothing_unseen(text: str) -> None:
    shown = printable(text)
    assert shown.isprintable()
    assert not XML_FORBIDS.search(shown)
    assert printable(shown) == shown
    shown.encode()


@given(NASTY, st.integers(2, 50))
def test_one_line_is_one_line_and_no_longer(text: str, longest: int) -> None:
    line = one_line(text, longest)
    assert len(line) <= longest
    assert "\n" not in line
    assert line.isprintable()


def test_a_truncated_line_is_marked() -> None:
    assert one_line("a" * 10, 10) == "a" * 10
    assert one_line("a" * 11, 10) == "a" * 9 + "…"
    assert one_line(" " * 90 + "a", 10) == "…"
    assert one_line("a\tb \r\n c") == "a b c"


@given(NASTY)
def test_a_block_keeps_lines_and_nothing_unseen(text: str) -> None:
    shown = block(text)
    assert shown.replace("\n", "").replace("\t", "").isprintable()
    assert len(block(text * 10, 20)) <= 20 + len("\n… (cut)")


@given(NASTY)
def test_no_line_is_a_command(text: str) -> None:
    for shown in (no_commands(block(text)), no_commands(one_line(text))):
        assert not any(line.strip().startswith("::") for line in shown.splitlines())
        assert "##[" not in shown


@pytest.mark.parametrize(
    "text", ["::error::x", "  ::error::x", "a\n\t::error::x", "##[error]x", "a ##[group]b"]
)
def test_workflow_commands_are_visible_and_inert(text: str) -> None:
    assert no_commands(text) != text


@given(NASTY)
def test_markdown_shows_the_text_itself_in_a_table_and_in_a_line(text: str) -> None:
    seen = stdlib.escape(one_line(text), quote=False).replace("&#x27;", "'").replace('"', "&quot;")
    parser = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    table = parser.render(f"| a | b |\n|---|---|\n| {markdown(text)} | end |\n").replace("\u2060", "")
    assert f"<td>{seen.strip()}</td>\n<td>end</td>" in table.replace(
        "<td></td>\n<td>end", "<td></td>\n<td>end"
    )
    line = parser.render(f"- **x** {markdown(text)}.").replace("\u2060", "")
    assert line == f"<ul>\n<li><strong>x</strong> {seen}.</li>\n</ul>\n"


@given(NASTY)
def test_html_comes_back_as_it_was(text: str) -> None:
    assert stdlib.unescape(html(printable(text))) == stdlib.unescape(stdlib.escape(printable(text)))
    assert not set("<>\"'") & set(html(text))


def test_mentions_and_references_are_inert() -> None:
    shown = markdown(f"@all #1 https://x.org www.x.org :smile: $x$ {HOSTILE}")
    for active in ("@", "#1", "://", "www.", ":s", "$", "<", "`", "|"):
        assert active not in re.sub(r"&#\d+;", "", shown)
    assert not re.search(r"[@#]\w", stdlib.unescape(shown))
