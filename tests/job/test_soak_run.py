"""A soak of a minute on a real gateway: its plan is carried out, streams are held, and in the end all is quiet."""

from __future__ import annotations

from pathlib import Path

import pytest
from command import loadtest

from loadtest.run import RunState, read_run

pytestmark = pytest.mark.real

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
    assert done.returncode == 0, done.stdout + done.stderr
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
    assert 40 <= run.generator.late.count + run.generator.never_begun <= 80
    streams = {stream.operation: stream for stream in run.streams}
    for operation in HELD:
        assert streams[operation].opened >= 1, operation
    # The scenario of the sweep hears where to send and two replies; who holds one hears a further reply at least.
    assert streams["GET /sse"].opened >= 2
    assert streams["GET /sse"].events >= 5

    quiet = run.timeline.stretches[-1].end - 1
    assert not [moment for moment in run.timeline.moments if moment.at > quiet and moment.requests]
    assert sum(minute.requests for minute in run.timeline.minutes) == run.requests
