"""The gateway versions that tests boot: the newest known one and the oldest. The workflows cover every version."""

from __future__ import annotations

from loadtest.versions import data as versions

NEWEST, *_, OLDEST = versions.available()
BOOTED = (NEWEST, OLDEST)
