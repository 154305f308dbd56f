"""Shapes of responses: the keys and types of an operation's JSON bodies, merged over samples, recorded and compared."""
