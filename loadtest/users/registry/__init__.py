"""User classes for tools, resources, prompts, servers, gateways, agents and roots."""
