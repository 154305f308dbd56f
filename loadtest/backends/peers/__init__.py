"""One module per backend; the folder is the list."""
