"""Use cases around scenarios: validate custom ones, generate calls, try one out."""
