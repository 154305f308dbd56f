"""The gateway versions that tests boot: the newest known one and the oldest. The workflows cover every version."""

from __future__ import annotations

import pytest
from supported import NEWEST, OLDEST

BOOTED = (NEWEST, OLDEST)
BOOTED_OLDEST_NIGHTLY = (NEWEST, pytest.param(OLDEST, marks=pytest.mark.nightly))
"""For tests whose subject hardly differs between versions."""
