"""User classes for LLM providers, chat and ToolOps."""
