"""Shapes of responses: keys, types and few values of JSON bodies, merged over samples, recorded and compared."""
