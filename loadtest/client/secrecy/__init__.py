"""Secrets that the gateway stores for a user, and responses that must not contain them."""
