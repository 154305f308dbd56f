"""Run programs: start and stop process trees, and run daemons."""
