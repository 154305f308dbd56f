"""Supported gateway versions, read from their data: tests name none, so that adding one changes no test.

Where any number will do, tests use numbers from 3.0 on, far above every release.
"""

from loadtest.versions import data as versions

NEWEST = versions.available()[0]
OLDEST = versions.available()[-1]
