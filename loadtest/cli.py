"""The ``loadtest`` command."""


def main() -> int:
    """Run one verb."""
    return 0
