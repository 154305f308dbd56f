"""User-defined pass/fail criteria and service-level objectives."""
