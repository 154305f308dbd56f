"""Refusals and roles: requests that must be refused, and who sees which entity."""
