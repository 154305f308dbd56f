"""A module beside custom backends that is none."""

WORD = "widget"
