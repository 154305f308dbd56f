"""The admin UI of a real gateway in a browser: every tab, signed in, without an error of the page."""

import re
from collections.abc import Iterator

import pytest
from booted_versions import BOOTED_OLDEST_NIGHTLY
from playwright.sync_api import BrowserContext, ConsoleMessage, Error, Page, Request, Response, expect

from loadtest.core import settings
from loadtest.gateway.boot import booted
from loadtest.gateway.install.source import parse_source
from loadtest.gateway.running import RunningGateway

pytestmark = [pytest.mark.real, pytest.mark.nightly]

TAB = re.compile(r"^#[a-z0-9-]+$")
QUIET = 500
"""Milliseconds without a request after which a tab is complete."""
KNOWN = re.compile(r"/admin/(?:tags|servers/(?:ids|search)|logs/stream)\b")
"""Addresses that are known failures of the gateway (docs/gateway-faults.md)."""

KNOWN_ERRORS = re.compile(
    # The tab of traces: the parser of the page does not understand its expressions.
    r"CSP Parser Error: |Undefined variable: "
    # 1.1.0: this style sheet is not in the package, and the response is JSON.
    r"|Refused to apply style from '\S+/static/css/auth-animations\.css'"
    # 1.1.0: when the tab of traces is left, admin_ui/tabs.js:357 uses window.chartRegistry, which is
    # Admin.chartRegistry: no other tab opens until the page is loaded again. Another cause has a message of its own.
    r"|reading 'destroyByPrefix'|Error: Failed to switch to \S+ tab$"
)
"""Errors of the page that are faults of the gateway."""

LEFT_BY_LOADING = "#observability"
"""The tab that cannot be left in 1.1.0."""

LIBRARIES = {
    "https://cdn.tailwindcss.com": "tailwind",
    "https://cdn.jsdelivr.net/npm/chart.js": "Chart",
    "https://cdn.jsdelivr.net/npm/marked": "marked",
    "https://cdn.jsdelivr.net/npm/dompurify": "DOMPurify",
    "https://cdnjs.cloudflare.com/ajax/libs/codemirror": "CodeMirror",
    "https://unpkg.com/htmx.org": "htmx",
    "https://cdn.jsdelivr.net/npm/alpinejs": "Alpine",
}
"""Scripts that older pages load from other hosts, and the global variable that each defines."""


@pytest.fixture(scope="module", params=BOOTED_OLDEST_NIGHTLY)
def gateway(request: pytest.FixtureRequest) -> Iterator[RunningGateway]:
    with booted(parse_source(request.param), home=settings.home()) as running:
        yield running


def outside(gateway: RunningGateway, url: str) -> bool:
    """Return whether an address is not on this machine: there, libraries of the page may be unreachable."""
    return not url.startswith(gateway.host)


def signed_in(page: Page, gateway: RunningGateway) -> None:
    page.goto(f"{gateway.host}/admin/login")
    page.fill("input[name=email]", gateway.credentials.email)
    page.fill("input[name=password]", gateway.credentials.password or "")
    page.click("button[type=submit]")
    page.wait_for_url(re.compile(r"/admin/?(#.*)?$"))


def test_every_tab_opens_without_an_error(context: BrowserContext, gateway: RunningGateway) -> None:
    """A variable of a library is missing where its host cannot be reached; that is no error of the gateway."""
    page = context.new_page()
    errors: list[str] = []
    failed: list[str] = []
    missing: set[str] = set()

    def answered(response: Response) -> None:
        if response.status >= 400 and not outside(gateway, response.url) and not KNOWN.search(response.url):
            failed.append(f"{response.request.method} {response.url}: {response.status}")

    def unanswered(request: Request) -> None:
        missing.update(name for url, name in LIBRARIES.items() if request.url.startswith(url))

    def raised(error: Error) -> None:
        errors.append(f"{page.url}: {error.message}")

    def written(message: ConsoleMessage) -> None:
        # The browser reports each failed request on the console as well; they are counted above.
        if message.type == "error" and not message.text.startswith("Failed to load resource"):
            errors.append(f"{page.url}: console: {message.text}")

    page.on("pageerror", raised)
    page.on("console", written)
    page.on("response", answered)
    page.on("requestfailed", unanswered)
    signed_in(page, gateway)
    links = page.eval_on_selector_all("a[href^='#']", "all => all.map(one => one.getAttribute('href'))")
    tabs = sorted({link for link in links if TAB.match(link)})
    assert len(tabs) > 10, tabs
    for before, tab in zip(("", *tabs), tabs, strict=False):
        page.evaluate("tab => { window.location.hash = tab }", tab)
        page.wait_for_timeout(QUIET)
        if before == LEFT_BY_LOADING:
            page.reload()
            page.wait_for_timeout(QUIET)
        expect(page.locator(f"{tab}-panel")).to_be_visible()
    undefined = re.compile(rf"\b(?:{'|'.join(missing) or '(?!)'}) is not defined\b")
    unexplained = {one for one in errors if not KNOWN_ERRORS.search(one) and not undefined.search(one)}
    complaints = sorted({*unexplained, *failed})
    assert not complaints, "\n".join(complaints)
