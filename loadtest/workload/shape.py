"""The plan of a soak as Locust's own load shape, which also its workers follow.

It lives in the master, or in the only process.
"""

from __future__ import annotations

import time

from locust import LoadTestShape

from loadtest.workload.execution import Execution, UserCount


class SoakShape(LoadTestShape):
    """Asks the execution of the plan once a second, as soon as there is one."""

    use_common_options = True

    def __init__(self, sweeping: UserCount) -> None:
        """Let as many users sweep as ``sweeping`` says."""
        LoadTestShape.__init__(self)
        self.sweeping = sweeping
        self.execution: Execution | None = None
        self.over = False
        """The load has ended, be it in the middle of the plan."""

    def reset_time(self) -> None:
        """Begin anew if the last load is over; Locust calls this also when one has just begun."""
        LoadTestShape.reset_time(self)
        if self.over:
            self.execution, self.over = None, False

    def tick(self) -> UserCount | None:
        """Return how many users there shall be now and how fast they come or go; None ends the load."""
        if self.execution is None:
            # The stage is being set. The answer must not change: Locust would begin the load once more.
            return self.sweeping
        return self.execution.users(time.time(), self.runner.user_count if self.runner else 0)
