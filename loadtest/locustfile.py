"""The one file that Locust loads: every user class of :mod:`loadtest.users`, and the wiring to the recorder.

Plain ``locust -f loadtest/locustfile.py`` works; ``LOADTEST_HOST`` and ``LOADTEST_TOKEN`` say what to drive.
"""

import importlib
import pkgutil

from locust import events

from loadtest import users
from loadtest.engine.coordinator import attach
from loadtest.users.base import GatewayUser


def _user_classes() -> dict[str, type[GatewayUser]]:
    modules = (
        importlib.import_module(found.name)
        for found in pkgutil.walk_packages(users.__path__, f"{users.__name__}.")
    )
    return {
        name: member
        for module in modules
        for name, member in vars(module).items()
        if isinstance(member, type) and issubclass(member, GatewayUser) and not member.abstract
    }


globals().update(_user_classes())
events.init.add_listener(attach)
