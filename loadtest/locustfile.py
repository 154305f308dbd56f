"""The one file that Locust loads: every user class of :mod:`loadtest.users`, and the wiring to the recorder.

Custom user classes are added to them, and may replace some. Plain ``locust -f loadtest/locustfile.py`` works;
``LOADTEST_HOST`` and ``LOADTEST_TOKEN`` say what to drive.
"""

from locust import events

from loadtest.engine.coordinator import attach
from loadtest.engine.target import read_target
from loadtest.users.classes import user_classes_of

globals().update(user_classes_of(read_target()))
events.init.add_listener(attach)
