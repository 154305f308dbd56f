"""The log of a load whose users end by themselves while Locust stops them."""

from __future__ import annotations

import logging

import gevent
import pytest
from locust import User, task
from locust.env import Environment

from loadtest.core.log_filter import drop_messages_on_ended_users


class EndingUser(User):
    @task
    def nothing(self) -> None: ...


@pytest.fixture
def locust_log() -> logging.Logger:
    """Locust's logger without the filters of this process."""
    logger = logging.getLogger("locust.runners")
    for found in list(logger.filters):
        logger.removeFilter(found)
    return logger


@pytest.mark.parametrize("dropped", [False, True], ids=["as Locust does it", "with the filter"])
def test_a_user_that_has_just_ended_is_no_error(
    caplog: pytest.LogCaptureFixture, locust_log: logging.Logger, dropped: bool
) -> None:
    """The first case fails when Locust no longer reports such users; the filter is not needed then."""
    if dropped:
        drop_messages_on_ended_users()
        drop_messages_on_ended_users()
        assert len(locust_log.filters) == 1
    environment = Environment(user_classes=[EndingUser])
    runner = environment.create_local_runner()
    runner.spawn_users({EndingUser.__name__: 1})
    ended = gevent.spawn(int, 1)
    ended.join()
    runner.user_greenlets.greenlets.add(ended)
    locust_log.warning("another message")
    runner.stop_users({EndingUser.__name__: 2})
    runner.user_greenlets.greenlets.discard(ended)
    messages = [record.getMessage() for record in caplog.records if record.name == locust_log.name]
    assert any("another message" in one for one in messages)
    assert any("proper args" in one for one in messages) is not dropped
