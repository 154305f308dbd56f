"""Who sees, calls and changes which entity: each kind in each visibility, for each role."""
