"""One user class that has the name of one of the plan, so that its scenario runs in the first sweep."""

from locust import constant_pacing, events

from loadtest.engine.coordinator import attach
from loadtest.users.base import GatewayUser, task


class ReadOnlyAPIUser(GatewayUser):
    area = "reading"
    wait_time = constant_pacing(0.4)

    @task
    def lists(self) -> None:
        self.call("GET /tools")


events.init.add_listener(attach)
