"""Print which scenarios take part in the load that the environment configures, and how a soak schedules them."""

import argparse
import json
from typing import Any

from locust.env import Environment

from loadtest import locustfile
from loadtest.engine.coordinator import attach
from loadtest.engine.pacing import holds_streams
from loadtest.engine.process import process_of
from loadtest.engine.scenario_plan import discover_scenarios
from loadtest.users.base import GatewayUser
from loadtest.workload.plan import ArrivalRate


def main() -> None:
    members = vars(locustfile).values()
    classes: list[Any] = [one for one in members if isinstance(one, type) and issubclass(one, GatewayUser)]
    options = argparse.Namespace(num_users=36, spawn_rate=5.0, run_time=60, headless=True, stop_timeout=1)
    environment = Environment(user_classes=classes, host="http://127.0.0.1:9", parsed_options=options)
    environment.create_local_runner()
    attach(environment)
    load = process_of(environment)
    user_classes: list[Any] = list(environment.user_classes)
    load.scenarios = {
        f"{one.__name__}.{task.__name__}": (one, task) for one in user_classes for task in one.tasks
    }
    shape = environment.shape_class
    rate = ArrivalRate(period=15.0, realistic=0.5, held=60.0) if shape else None
    load.pacing.update(rate, started=True, scenarios=load.scenarios)
    mix = {load.pacing.mix.next() for _ in range(3000)} if shape else set()
    schedule = load.pacing.schedule(0.0)
    report = {
        "missed": sorted(
            {one.name for one in discover_scenarios(soak=shape is not None)} ^ set(load.scenarios)
        ),
        "long_streams": sorted(name for name, (one, _) in load.scenarios.items() if holds_streams(one)),
        "slow": list(load.pacing.slow),
        "left out of the mix": sorted(set(load.scenarios) - mix),
        "sweepers": shape.tick() if shape else None,
        "schedules": [schedule.period] * 2 if schedule else None,
    }
    print(json.dumps(report))


if __name__ == "__main__":
    main()
