"""Helpers without knowledge of load tests: errors, files, units, redaction, environment."""
