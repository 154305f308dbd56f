"""A locustfile without this package: requests, failures and exceptions, until its CSV files contain all of them."""

from typing import Any

import gevent
from locust import FastHttpUser, HttpUser, constant, events, task
from locust.env import Environment
from locust.stats import CSV_STATS_INTERVAL_SEC


def end_when_complete(environment: Environment, **_: Any) -> None:
    # Locust writes its files once per interval: end two writes after everything has happened.
    def watch() -> None:
        runner = environment.runner
        assert runner is not None
        while len(environment.stats.errors) < 3 or not runner.exceptions:
            gevent.sleep(0.05)
        gevent.sleep(3 * CSV_STATS_INTERVAL_SEC)
        runner.quit()

    gevent.spawn(watch)


events.init.add_listener(end_when_complete)


class Buyer(HttpUser):
    wait_time = constant(0.05)

    @task
    def buy(self) -> None:
        self.client.get("/missing", name="/missing")
        with self.client.get("/", name="/ with, comma", catch_response=True) as response:
            response.failure('said "no",\nand left <b>')

    @task
    def crash(self) -> None:
        raise KeyError("id")


class Fast(FastHttpUser):
    wait_time = constant(0.05)

    @task
    def fast(self) -> None:
        self.client.get("/missing", name="/fast-missing")
