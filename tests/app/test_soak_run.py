"""A soak of a minute on a real gateway: its plan is carried out, streams are held."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from command import loadtest

from loadtest.core.errors import ExitCode
from loadtest.results.run import RunState, read_run

pytestmark = [pytest.mark.real, pytest.mark.load, pytest.mark.nightly]

HELD = (
    "GET /sse",
    "GET /servers/{server_id}/sse",
    "GET /mcp/",
    "GET /admin/events",
    "POST /resources/subscribe",
)


def test_a_short_soak(tmp_path: Path) -> None:
    done = loadtest(
        "run", "--profile", "soak", "--rate", "1", "-t", "60s", "--reports-dir", str(tmp_path), timeout=500
    )
    # One minute is too short to measure growth, so that no other verdict is right.
    assert done.returncode == ExitCode.INCONCLUSIVE, done.stdout + done.stderr
    verdict = json.loads((tmp_path / "verdict.json").read_text())
    assert verdict["new_failures"] == []
    unsure = {found["check"] for found in verdict["findings"] if found["severity"] == "inconclusive"}
    assert "no-growth" in unsure
    assert unsure <= {"no-growth", "recovered-from-spike"}, verdict["findings"]
    run = read_run(tmp_path / "run.json")
    assert run.state is RunState.COMPLETE
    assert [one.name for one in run.timeline.stretches] == [
        *("ramp-up", "plateau", "spike", "recovery", "cool-down")
    ]
    assert run.sweep is not None
    assert run.sweep.done == run.sweep.planned
    assert run.settings.left_out == 0
    assert {entity.kind for entity in run.entities if entity.before != entity.after} == set()

    assert run.generator is not None
    assert run.generator.late is not None
    # 60 s at 1/s, less ramp-up and cool-down, more in the spike.
    assert 40 <= run.generator.late.count + run.generator.dropped <= 80
    streams = {stream.operation: stream for stream in run.streams}
    for operation in HELD:
        assert streams[operation].opened >= 1, operation
    # The scenario of the sweep receives the endpoint and two replies; a long stream at least one reply more.
    assert streams["GET /sse"].opened >= 2
    assert streams["GET /sse"].events >= 5

    # A call that takes long may end in the short cool-down of a minute; that it is quiet otherwise shows in
    # test_open_loop.py.
    assert sum(minute.requests for minute in run.timeline.minutes) == run.requests
