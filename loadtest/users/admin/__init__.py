"""User classes for the admin UI and its partials."""
