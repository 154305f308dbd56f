"""Single sign-on: identity providers, who is admitted, and what the provider decides about a person."""
