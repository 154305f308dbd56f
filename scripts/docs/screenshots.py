"""Take the screenshots of ``report.html`` for the documentation: ``python scripts/docs/screenshots.py RUN DIRECTORY``.

RUN is a run.json. Uses the installed Chromium or Chrome.
"""

import datetime as dt
import shutil
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from loadtest.app.judging import JudgingOptions, judge_run
from loadtest.openapi.contracts import with_areas
from loadtest.reports.formats import html
from loadtest.results.run import read_run

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-sync",
)


def take_screenshots(page: Page, url: str, directory: Path) -> None:
    """Take the screenshots: the top of the page in both themes, the sections below, and the page on a phone."""
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        page.set_viewport_size({"width": 1200, "height": 800})
        page.goto(url)
        page.screenshot(path=directory / f"report-{scheme}.png")
    page.emulate_media(color_scheme="light")
    known = page.locator("#failures > details.group")
    if known.count():
        known.first.evaluate("group => { group.open = true }")  # a short list is open already
        known.locator("details.failure").first.evaluate("failure => { failure.open = true }")
        page.set_viewport_size({"width": 1200, "height": 720})
        page.evaluate("document.getElementById('failures').scrollIntoView()")
        page.screenshot(path=directory / "report-failure.png")
    page.locator("#operations-table summary").first.click()
    parts = [("time", 1060), ("operations", 620), ("coverage", 760)]
    if page.locator("#endurance").count():
        parts.append(("endurance", 800))
    for part, height in parts:
        page.set_viewport_size({"width": 1200, "height": height})
        page.evaluate("part => document.getElementById(part).scrollIntoView()", part)
        page.screenshot(path=directory / f"report-{part}.png")
    page.set_viewport_size({"width": 390, "height": 780})
    page.goto(url)
    page.screenshot(path=directory / "report-phone.png")


def main() -> int:
    """Take the screenshots of the run given on the command line."""
    if len(sys.argv) != 3:
        print("usage: screenshots.py RUN DIRECTORY", file=sys.stderr)
        return 2
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if program is None:
        print(f"no browser: none of {', '.join(PROGRAMS)} is installed", file=sys.stderr)
        return 1
    run = with_areas(read_run(Path(sys.argv[1])))
    directory = Path(sys.argv[2])
    directory.mkdir(parents=True, exist_ok=True)
    verdict = judge_run(run, JudgingOptions(), dt.datetime.now(dt.UTC).date())
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        path = Path(folder) / html.FILENAME
        path.write_text(html.render(run, verdict), encoding="utf-8")
        browser = playwright.chromium.launch(executable_path=program, args=list(FLAGS))
        take_screenshots(browser.new_page(), path.as_uri(), directory)
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
