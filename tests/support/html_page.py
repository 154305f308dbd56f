"""The page of a run, and what a browser would make of it, for tests."""

import re
from html.parser import HTMLParser

from sample_runs import TODAY, VERSION

from loadtest.judge.categories import load_categories
from loadtest.judge.criteria.criterion import parse
from loadtest.judge.known import entries
from loadtest.judge.verdict import Verdict, judge
from loadtest.reports.formats import html
from loadtest.results.run import Run
from loadtest.versions.data import KnownFailure

CATEGORIES = load_categories()
VOID = {"meta", "br", "input", "link", "img", "hr"}


def verdict(here: Run, listed: tuple[KnownFailure, ...] = ()) -> Verdict:
    return judge(
        here,
        known=entries(listed, "known-failures.toml"),
        categories=CATEGORIES,
        criteria=[parse("p95 < 500ms")],
        version_data=VERSION,
        today=TODAY,
    )


def rendered(here: Run, listed: tuple[KnownFailure, ...] = ()) -> str:
    return html.render(here, verdict(here, listed))


class Page(HTMLParser):
    """Checks that elements nest, and keeps what a browser would act on."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: dict[str, int] = {}
        self.attributes: list[tuple[str, str, str]] = []
        self.code: dict[str, str] = {"script": "", "style": ""}
        self.words: list[str] = []
        self.ids: list[str] = []
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] = self.tags.get(tag, 0) + 1
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        self.ids += [value or "" for name, value in attrs if name == "id"]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] in self.code:
            self.code[self.open[-1]] += data
        else:
            self.words.append(data)

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", "".join(self.words))


def inert(page: Page) -> None:
    """Nothing on the page is fetched or run but what it holds itself."""
    assert page.tags["script"] == 1
    assert page.tags["style"] == 1
    assert not set(page.tags) & {"img", "iframe", "object", "embed", "link", "base", "audio", "video"}
    for tag, name, value in page.attributes:
        assert not name.startswith("on"), (tag, name)
        assert name not in ("style", "src", "srcdoc", "action", "formaction")
        if name in ("href", "xlink:href"):
            assert value.startswith("#"), (tag, value)
    assert len(set(page.ids)) == len(page.ids)
