"""User classes for accounts, teams, roles, tokens, OAuth and SSO."""
