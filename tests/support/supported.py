"""Supported gateway versions, read from their data: tests name none, so that adding one changes no test.

Where any number will do, tests use numbers from 3.0 on, far above every release.
"""

import platform

from packaging.specifiers import SpecifierSet

from loadtest.versions import data as versions

NEWEST = versions.available()[0]
OLDEST = versions.available()[-1]
RUNNABLE = next(
    (
        one
        for one in versions.available()
        if platform.python_version() in SpecifierSet(versions.load(one).python)
    ),
    NEWEST,
)
"""The newest version that supports the Python of the tests."""
