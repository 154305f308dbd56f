"""Install a gateway: from the package index or a checkout, with the Python it needs."""
