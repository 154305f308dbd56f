"""User classes for what the forms of the admin UI do with their fields: credentials, selections, and mistakes."""
