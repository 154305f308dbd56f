"""The plan of a soak as a load shape of Locust, in the master or in the only process."""

from __future__ import annotations

from locust import LoadTestShape

from loadtest.core import clock
from loadtest.workload.execution import Execution, UserCount


class SoakShape(LoadTestShape):
    """Follows the execution of a plan, once there is one."""

    use_common_options = True

    def __init__(self, sweeping: UserCount) -> None:
        """Create a shape that runs ``sweeping`` users until the execution of the plan is set."""
        LoadTestShape.__init__(self)
        self.sweeping = sweeping
        self.execution: Execution | None = None
        self.over = False
        """The load has ended, possibly before the plan."""

    def reset_time(self) -> None:
        """Start again if the last load is over; Locust also calls this when a load has just started."""
        LoadTestShape.reset_time(self)
        if self.over:
            self.execution, self.over = None, False

    def tick(self) -> UserCount | None:
        """Return the current number of users and the rate of change; None ends the load."""
        if self.execution is None:
            # The fixture is being created. The value must not change: Locust would start the load again.
            return self.sweeping
        return self.execution.users(clock.now(), self.runner.user_count if self.runner else 0)
