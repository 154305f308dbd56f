"""``python -m loadtest.backends`` from its caller."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator

import pytest
import requests

from loadtest.backends import COMMAND, Ready, read_ready


@pytest.fixture
def process() -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield process
        process.kill()


def ready(process: subprocess.Popen[str]) -> Ready:
    assert process.stdout is not None
    line = process.stdout.readline()
    found = read_ready(line)
    assert found is not None, line
    return found


def test_they_print_their_addresses_and_end_with_their_input(process: subprocess.Popen[str]) -> None:
    start = time.monotonic()
    where = ready(process)
    assert time.monotonic() - start < 15
    assert where.failed == {}
    assert "mcp" in where.urls
    assert requests.get(where.urls["mcp"], timeout=5).status_code in (400, 406)
    assert process.stdin is not None
    process.stdin.close()
    assert process.wait(10) == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_they_end_in_good_order_on_a_signal(process: subprocess.Popen[str], number: signal.Signals) -> None:
    ready(process)
    os.kill(process.pid, number)
    assert process.wait(10) == 0


@pytest.mark.parametrize("output", ["", '{"urls":{}}', "warning: x\n", 'warning\n{"urls":'])
def test_a_line_that_is_not_there_yet(output: str) -> None:
    assert read_ready(output) is None


def test_the_line_among_others() -> None:
    assert read_ready('warning: x\n{"urls":{"mcp":"http://x"}}\nmore\n') == Ready(urls={"mcp": "http://x"})
