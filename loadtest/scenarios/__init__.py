"""Custom scenarios: where they are, how they are imported, and the data files beside them."""
