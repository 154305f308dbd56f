"""The page in a real browser, opened from a file, as after a download."""

import re
from collections.abc import Callable
from dataclasses import replace as with_
from itertools import pairwise
from pathlib import Path

import pytest
from msgspec.structs import replace
from playwright.sync_api import Browser, expect
from sample_runs import KNOWN, TODAY, VERSION, failure, failures, hostile, operation, run
from watched import Watched

from loadtest.judge.categories import load_categories
from loadtest.judge.comparison import compare
from loadtest.judge.known import entries
from loadtest.judge.verdict import judge
from loadtest.reports.formats import html
from loadtest.results.measurements import Moment, ResourceSample, Timeline
from loadtest.results.run import Run

pytestmark = pytest.mark.browser

Opened = Callable[[Run], Watched]
GATEWAY = failures().gateway
assert GATEWAY is not None
TITLE = f"FAIL: load test of gateway {GATEWAY.version}"


def with_times(run: Run) -> Run:
    moments = tuple(
        Moment(at=float(n), requests=n, failures=n % 7 == 0, users=20, p50=10.0, p95=20.0 + n, p99=40.0)
        for n in range(60)
    )
    samples = tuple(
        ResourceSample(at=float(n), rss=300_000_000, cpu=n * 0.5, descriptors=40, threads=8, processes=1)
        for n in range(60)
    )
    return replace(run, timeline=Timeline(moments=moments), resources=samples)


@pytest.fixture
def opened(watched: Watched, tmp_path: Path) -> Opened:
    def open_it(run: Run) -> Watched:
        judged = judge(
            run,
            known=entries(KNOWN, "known-failures.toml"),
            categories=load_categories(),
            version_data=VERSION,
            today=TODAY,
        )
        path = tmp_path / "report.html"
        path.write_text(html.render(run, with_(judged, comparison=compare(run, run))))
        watched.page.goto(path.as_uri())
        return watched

    return open_it


def names(watched: Watched) -> list[str]:
    row = "#operations-table tbody tr:visible > td:first-child"
    shown = watched.page.locator(f"{row} > code, {row} > details > summary > code")
    return [str(name) for name in shown.all_inner_texts()]


def test_it_opens_from_a_file_and_sends_no_request(opened: Opened) -> None:
    watched = opened(with_times(failures()))
    expect(watched.page).to_have_title(TITLE)
    expect(watched.page.locator("h1")).to_contain_text("FAIL")
    assert watched.requests == [watched.page.url]
    assert watched.complaints == []


def test_what_a_gateway_answered_stays_text(opened: Opened) -> None:
    watched = opened(with_times(hostile()))
    for summary in watched.page.locator("details > summary").all():
        if summary.is_visible():
            summary.click()
    assert watched.requests == [watched.page.url]
    assert watched.complaints == []
    assert watched.page.locator("script").count() == 1
    assert watched.page.get_by_text("<script>alert(1)</script>").count() > 3


def test_script_from_elsewhere_does_not_run(opened: Opened) -> None:
    """The policy holds even where the escaping would not."""
    watched = opened(failures())
    watched.page.evaluate(
        """() => {
            const script = document.createElement("script");
            script.textContent = "document.title = 'taken over'";
            document.body.append(script);
            const image = document.createElement("img");
            image.setAttribute("onerror", "document.title = 'taken over'");
            image.src = "http://127.0.0.1:9/x.png";
            document.body.append(image);
        }"""
    )
    expect(watched.page).to_have_title(TITLE)
    assert len(watched.complaints) >= 2
    assert all("Content Security Policy" in one for one in watched.complaints)


def test_operations_are_sorted_by_any_column(opened: Opened) -> None:
    watched = opened(failures())
    before = names(watched)
    assert before[0] == "POST /tools"
    watched.page.get_by_role("button", name="operation").click()
    assert names(watched) == sorted(before)
    requests = watched.page.get_by_role("columnheader", name="requests")
    requests.get_by_role("button").click()
    assert requests.get_attribute("aria-sort") == "descending"
    assert names(watched)[0] == "GET /tools"
    requests.get_by_role("button").press("Enter")
    assert requests.get_attribute("aria-sort") == "ascending"
    assert names(watched)[-1] == "GET /tools"
    assert watched.page.locator("th[aria-sort]").count() == 1


def test_operations_are_filtered(opened: Opened) -> None:
    watched = opened(failures())
    page = watched.page
    page.get_by_label("Search").fill("post tools")
    assert names(watched) == ["POST /tools", "POST /rpc tools/call"]
    expect(page.locator("output[name=shown]")).to_have_text("2 of 6")
    page.get_by_label("Search").fill("")
    page.get_by_role("combobox", name="Area").select_option("misc")
    assert set(names(watched)) == {"DELETE /roots/{uri}", "GET /version", "POST /rpc tools/call"}
    page.get_by_label("with failures").check()
    assert set(names(watched)) == {"DELETE /roots/{uri}", "POST /rpc tools/call"}


def test_an_operation_opens_to_its_distribution(opened: Opened) -> None:
    page = opened(failures()).page
    row = page.locator("#operations-table tbody tr").first
    distribution = row.get_by_role("img", name="Latency of POST /tools")
    expect(distribution).to_be_hidden()
    row.locator("summary").press("Enter")
    expect(distribution).to_be_visible()
    box = distribution.bounding_box()
    assert box
    assert box["width"] > 300


def test_a_failure_opens_to_its_evidence(opened: Opened) -> None:
    page = opened(failures()).page
    first = page.locator("details.failure").first
    expect(first).to_have_attribute("open", "")
    expect(first.locator("pre.curl")).to_be_visible()
    first.locator("summary").first.click()
    expect(first.locator("pre.curl")).to_be_hidden()
    known = page.get_by_text("slow query", exact=False).first
    expect(known).to_be_hidden()
    page.get_by_role("heading", name="3 known failures", exact=True).click()
    expect(known).to_be_visible()


def test_a_link_to_a_failure_opens_it(opened: Opened) -> None:
    watched = opened(failures())
    known = watched.page.locator("details.failure.known").first
    name = known.get_attribute("id")
    watched.page.goto(f"{watched.page.url}#{name}")
    expect(known.locator(".evidence")).to_be_visible()


def test_both_themes(browser: Browser, opened: Opened) -> None:
    watched = opened(failures())
    page = watched.page

    def background() -> str:
        return str(page.evaluate("getComputedStyle(document.body).backgroundColor"))

    light = background()
    page.emulate_media(color_scheme="dark")
    dark = background()
    assert light != dark
    button = page.get_by_role("button", name="Theme")
    button.click()
    expect(button).to_have_text("Theme: light")
    assert background() == light
    button.click()
    expect(button).to_have_text("Theme: dark")
    page.emulate_media(color_scheme="light")
    assert background() == dark
    assert watched.complaints == []


def test_a_pointer_shows_the_figures_of_its_time(opened: Opened) -> None:
    watched = opened(with_times(failures()))
    page = watched.page
    panel = page.locator("svg.panel").first
    panel.scroll_into_view_if_needed()
    box = panel.bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] * 30.5 / 60, box["y"] + 20)
    expect(page.locator("#readout")).to_have_text("00:30")
    expect(page.locator(".key.requests output")).to_have_text("30")
    expect(page.locator(".key.p95 output")).to_have_text("50")
    assert page.locator("line.pointer[visibility=visible]").count() == page.locator("svg.panel").count()
    page.mouse.move(0, 0)
    expect(page.locator("#readout")).to_have_text("")


@pytest.mark.parametrize("width", [320, 390])
def test_nothing_is_wider_than_a_phone(opened: Opened, width: int) -> None:
    watched = opened(with_times(failures()))
    page = watched.page
    page.set_viewport_size({"width": width, "height": 700})
    for summary in page.locator("summary").all():
        if summary.is_visible():
            summary.click()
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_keyboard_reaches_everything(opened: Opened) -> None:
    page = opened(failures()).page
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the report")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Theme")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_role("navigation").get_by_role("link").first).to_be_focused()


def test_it_reads_without_script(browser: Browser, opened: Opened) -> None:
    url = opened(with_times(failures())).page.url
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(url)
    expect(page.locator("#operations-table tbody tr")).to_have_count(6)
    expect(page.get_by_label("Search")).to_be_hidden()
    expect(page.get_by_role("button", name="Theme")).to_be_hidden()
    page.locator("#operations-table summary").first.click()
    expect(page.get_by_role("img", name="Latency of POST /tools")).to_be_visible()
    context.close()


def many(count: int) -> Run:
    """Return a run with ``count`` operations in ten areas, every hundredth of which fails."""
    names = [f"GET /area-{n % 10}/thing-{n}/{{id}}" for n in range(count)]
    operations = tuple(
        operation(name, 3, 2 if n % 100 == 0 else 0, area=f"area-{n % 10}") for n, name in enumerate(names)
    )
    return run(
        operations=operations,
        failures=tuple(failure(name, count=2) for name in names[::100]),
        contract=None,
        plan=(),
    )


def test_an_operation_and_its_failures_link_to_each_other(opened: Opened) -> None:
    page = opened(failures()).page
    first = page.locator("details.failure").first
    first.get_by_role("link", name="operation").click()
    row = page.locator("#operations-table tbody tr", has_text="POST /tools").first
    expect(row.locator("ul.links a")).to_have_count(2)
    expect(row.locator("ul.links a").first).to_be_visible()
    row.locator("ul.links a").nth(1).click()
    expect(page.locator("details.failure.expired .evidence")).to_be_visible()
    assert page.locator(":target").count() == 1


def test_every_row_and_every_failure_has_a_visible_anchor(opened: Opened) -> None:
    page = opened(failures()).page
    page.get_by_role("heading", name="3 known failures", exact=True).click()
    for selector in ("#operations-table tbody tr", ".failure-item"):
        for one in page.locator(selector).all():
            anchor = one.locator("a.anchor").first
            expect(anchor).to_be_visible()
            target = str(anchor.get_attribute("href"))
            assert page.locator(target).count() == 1


def test_one_search_filters_everything_and_is_kept_in_the_address(opened: Opened) -> None:
    watched = opened(failures())
    page = watched.page
    page.get_by_label("Search").fill("slow query")
    expect(page.locator("output[name=found]")).to_have_text("no operations, 1 failure, no checks")
    expect(page.locator(".failure-item:visible")).to_have_count(1)
    page.get_by_label("Search").fill("entities")
    expect(page.locator("#checks-list > li:visible")).to_have_count(1)
    page.get_by_label("Search").fill("post tools")
    page.get_by_label("with failures").check()
    assert page.url.endswith("#q=post+tools&failed=1")
    address = page.url
    page.goto("about:blank")
    page.goto(address)
    assert names(watched) == ["POST /tools", "POST /rpc tools/call"]
    expect(page.get_by_label("with failures")).to_be_checked()
    page.get_by_label("Search").fill("")
    expect(page.locator("output[name=found]")).to_have_text("")
    assert watched.complaints == []


def test_rows_are_rendered_on_demand(opened: Opened) -> None:
    watched = opened(many(1_000))
    page = watched.page
    assert len(names(watched)) == 60
    expect(page.locator("output[name=shown]")).to_have_text("1000 of 1000")
    page.get_by_role("button", name="Show 60 more of 940").click()
    assert len(names(watched)) == 120
    page.get_by_label("Search").fill("thing-999")
    assert names(watched) == ["GET /area-9/thing-999/{id}"]
    row = page.locator("#operations-table tbody tr").first
    anchor = row.get_attribute("id")
    page.goto(f"{page.url.partition('#')[0]}#{anchor}")
    assert names(watched)[0] == "GET /area-9/thing-999/{id}"
    cells = page.locator("#operations-table tbody tr").first.locator("td").all_inner_texts()
    assert cells[1:4] == ["area-9", "3", ""]


def test_a_later_row_has_its_details_and_stays_text(browser: Browser, opened: Opened) -> None:
    name = 'GET /last/<img src=x onerror=alert(1)></noscript><tr id="x">'
    run = many(200)
    watched = opened(replace(run, operations=(*run.operations, operation(name, 3, area="last"))))
    page = watched.page
    assert name not in names(watched)
    page.get_by_label("Search").fill("onerror")
    assert names(watched) == [name]
    page.locator("#operations-table tbody summary").click()
    expect(page.get_by_role("img", name=f"Latency of {name}")).to_be_visible()
    assert page.locator("main img, #x").count() == 0
    page.get_by_label("Search").fill("")
    page.get_by_role("button", name="requests").click()
    assert len(names(watched)) == 60
    assert (watched.requests, watched.complaints) == ([page.url.partition("#")[0]], [])
    context = browser.new_context(java_script_enabled=False)
    plain = context.new_page()
    plain.goto(page.url.partition("#")[0])
    assert plain.locator("table.operations tbody tr").count() == 201
    expect(plain.locator("table.operations code", has_text="onerror")).to_have_text(name)
    context.close()


STEPS = """
async (actions) => {
  const frame = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
  const times = {};
  for (const [name, selector, value] of Array(6).fill(actions).flat()) {
    const one = document.querySelector(selector);
    await frame();
    const began = performance.now();
    if (value === null) one.click();
    else {
      one.value = value;
      one.dispatchEvent(new Event("input", { bubbles: true }));
    }
    document.body.getBoundingClientRect();
    const took = performance.now() - began;
    (times[name] ??= []).push(took);
  }
  const median = (all) => all.sort((a, b) => a - b)[Math.floor((all.length - 1) / 2)];
  return Object.fromEntries(Object.entries(times).map(([name, all]) => [name, median(all)]));
}
"""


def test_ten_thousand_rows_are_searched_and_sorted_without_delay(opened: Opened) -> None:
    page = opened(many(10_000)).page
    expect(page.locator("output[name=shown]")).to_have_text("10000 of 10000")
    # Most of the time to open a page is spent on its elements.
    assert page.evaluate("document.getElementsByTagName('*').length") < 10_000
    took = page.evaluate(
        STEPS,
        [
            ["a letter", "#search input", "a"],
            ["a word", "#search input", "area-7 thing"],
            ["nothing", "#search input", "no such thing"],
            ["all again", "#search input", ""],
            ["an area", "#filter select", "area-3"],
            ["every area", "#filter select", ""],
            ["by name", "th[data-key=name] button", None],
            ["by latency", "th[data-key=p95] button", None],
            ["more rows", "#more button", None],
        ],
    )
    assert {name: round(ms) for name, ms in took.items() if ms >= 100} == {}
    assert page.locator("#operations-table tbody tr").count() <= 60 * 2


@pytest.mark.parametrize("width", range(320, 1601, 40))
def test_no_width_scrolls_sideways(opened: Opened, width: int) -> None:
    page = opened(with_times(failures())).page
    page.set_viewport_size({"width": width, "height": 700})
    for group in page.locator("details.group > summary").all():
        if group.is_visible():
            group.click()
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_phone_page_of_a_large_run_is_short(browser: Browser, opened: Opened) -> None:
    url = opened(many(573)).page.url
    context = browser.new_context(viewport={"width": 390, "height": 844})
    page = context.new_page()
    page.goto(url)
    assert page.evaluate("document.documentElement.scrollHeight") < 12_000
    context.close()


def test_headings_are_in_order(opened: Opened) -> None:
    page = opened(with_times(failures())).page
    levels = page.evaluate(
        "[...document.querySelectorAll('h1,h2,h3,h4,h5')].map((one) => Number(one.tagName[1]))"
    )
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_it_prints_on_a_few_pages(opened: Opened) -> None:
    page = opened(many(573)).page
    printed = page.pdf(format="A4")
    assert len(re.findall(rb"/Type\s*/Page\b", printed)) <= 12
