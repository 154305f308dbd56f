"""Detect resource growth in the samples of a soak."""
