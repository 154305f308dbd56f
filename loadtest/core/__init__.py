"""General helpers, independent of load testing: errors, files, units, redaction, environment."""
