"""Scenarios for the rules about texts that people enter: characters, lengths, and passwords."""
