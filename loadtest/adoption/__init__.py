"""Add support for a gateway release: resolve, boot, compare and draft its data."""
