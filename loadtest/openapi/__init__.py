"""The gateway's OpenAPI contract: validation of responses, and the differences of two contracts."""
