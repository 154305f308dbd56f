"""Execution of scenarios in pairs: lockstep, stages and records."""
