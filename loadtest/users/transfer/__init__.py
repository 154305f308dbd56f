"""User classes for configuration in files: what is moved, what exists already, and who may import it."""
