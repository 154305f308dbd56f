"""``python -m loadtest`` is the ``loadtest`` command."""

from loadtest.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
