"""Users with long streams take part only in a soak and are not missed elsewhere. Locust patches the whole process,
so the story runs in one of its own.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from loadtest.client.auth import Credentials
from loadtest.engine.target import Target, target_environment
from loadtest.workload.profiles import size

STORY = """
import argparse, json
from locust.env import Environment
from loadtest import locustfile
from loadtest.engine.scenario_plan import discover_scenarios
from loadtest.engine.coordinator import attach
from loadtest.engine.process import process_of
from loadtest.engine.pacing import holds_streams
from loadtest.users.base import GatewayUser
from loadtest.workload.plan import ArrivalRate

classes = [one for one in vars(locustfile).values() if isinstance(one, type) and issubclass(one, GatewayUser)]
classes.remove(GatewayUser)
options = argparse.Namespace(num_users=36, spawn_rate=5.0, run_time=60, headless=True, stop_timeout=1)
environment = Environment(user_classes=classes, host="http://127.0.0.1:9", parsed_options=options)
runner = environment.create_local_runner()
attach(environment)
load = process_of(environment)
load.scenarios = {
    f"{one.__name__}.{task.__name__}": (one, task) for one in environment.user_classes for task in one.tasks
}
soak = environment.shape_class is not None
rate = ArrivalRate(period=15.0, realistic=0.5, held=60.0) if soak else None
load.pacing.update(rate, started=True, scenarios=load.scenarios)
mix = {load.pacing.mix.next() for _ in range(3000)} if soak else set()
print(json.dumps({
    "missed": sorted({one.name for one in discover_scenarios(soak=soak)} ^ set(load.scenarios)),
    "long_streams": sorted(name for name, (one, _) in load.scenarios.items() if holds_streams(one)),
    "slow": list(load.pacing.slow),
    "left out of the mix": sorted(set(load.scenarios) - mix),
    "sweepers": environment.shape_class.tick() if soak else None,
    "schedules": [load.pacing.schedule(0.0).period] * 2 if soak else load.pacing.schedule(0.0),
}))
"""


def participants(profile: str, reports: str) -> dict[str, Any]:
    asked = size(profile=profile)
    target = Target(
        host="http://127.0.0.1:9",
        credentials=Credentials(email="a@b", jwt_secret="x" * 32),
        soak=asked.soak,
        run_time=asked.run_time,
        reports=reports,
    )
    done = subprocess.run(
        [sys.executable, "-c", STORY],
        env=target_environment(target),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def test_a_load_of_one_size_has_no_long_streams(tmp_path: Path) -> None:
    pr = participants("pr", str(tmp_path))
    assert pr["missed"] == []
    assert pr["long_streams"] == []
    assert pr["sweepers"] is None
    assert pr["schedules"] is None


def test_in_a_soak_everything_takes_part_by_schedule_or_between_two_streams(
    tmp_path: Path,
) -> None:
    soak = participants("soak", str(tmp_path))
    assert soak["missed"] == []
    assert {"HeldStreamsUser.sse", "HeldStreamsUser.server_sse"} < set(soak["long_streams"])
    assert len(soak["slow"]) >= 5
    assert soak["left out of the mix"] == sorted(soak["long_streams"] + soak["slow"])
    assert soak["sweepers"] == [20, 5.0]
    assert soak["schedules"] == [15.0, 15.0]
