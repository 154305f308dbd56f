"""Turn a verdict into reports. Pure, except for :mod:`loadtest.reports.writer`."""
