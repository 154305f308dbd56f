"""Checks of the run itself: completeness, and whether it can be judged."""
