"""A module beside custom scenarios."""

WORD = "another"
