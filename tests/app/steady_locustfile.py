"""One user class that reads a list at a steady pace, on the wiring of the load test."""

from locust import constant_pacing, events

from loadtest.engine.coordinator import attach
from loadtest.users.base import GatewayUser, task


class ListUser(GatewayUser):
    area = "realistic"
    wait_time = constant_pacing(0.4)

    @task
    def read(self) -> None:
        self.call("GET /tools")


events.init.add_listener(attach)
