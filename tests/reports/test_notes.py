"""Every report for people and scripts shows the notes on a gateway and its changed settings.

Files of plain figures or plain findings have no place for them.
"""

import html
import re
from urllib.parse import unquote

import pytest
from junit_file import verdict
from msgspec.structs import replace
from sample_runs import HOSTILE, clean

from loadtest.reports.formats import FORMATS, Format, bencher_json, benchmark_json, metrics_prom, sarif
from loadtest.results.run import Run

PLAIN = (bencher_json, benchmark_json, metrics_prom, sarif)
REASON = "gateway 3.1.0 needs Python >=3.12,<3.14, which this machine does not have; using 3.0.7"
LIMIT = "at most 20 requests at once"


REPORTS = pytest.mark.parametrize(
    "one", [one for one in FORMATS if one not in PLAIN], ids=lambda one: str(one.FILENAME)
)


def noted(*notes: str, **changed: str) -> Run:
    gateway = clean().gateway
    assert gateway is not None
    return replace(clean(), gateway=replace(gateway, notes=notes, changed=changed))


@REPORTS
def test_every_report_shows_every_changed_setting(one: Format) -> None:
    run = noted(PLUGINS="false", LIMIT="7531")
    text = html.unescape(one.render(run, verdict(run)))
    assert re.search(r"PLUGINS\W+(?:value=\W+)?false", text)
    assert re.search(r"LIMIT\W+(?:value=\W+)?7531", text)


@REPORTS
def test_every_report_shows_every_note(one: Format) -> None:
    run = noted(REASON, LIMIT)
    text = html.unescape(unquote(one.render(run, verdict(run))))
    assert REASON in re.sub(r"\\(?=[\\&<>])", "", text)
    assert LIMIT in text


@pytest.mark.parametrize("one", FORMATS, ids=lambda one: str(one.FILENAME))
def test_a_note_is_text(one: Format) -> None:
    run = noted(HOSTILE)
    assert HOSTILE not in one.render(run, verdict(run))
