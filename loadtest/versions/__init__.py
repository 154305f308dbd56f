"""Data of each known gateway version: settings, known failures, lock and contract."""
