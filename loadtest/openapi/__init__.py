"""The OpenAPI contract of the gateway: validation of responses, and comparison of contracts."""
