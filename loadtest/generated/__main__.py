"""``python -m loadtest.generated``: read a job from standard input, and write its requests to standard output."""

from __future__ import annotations

import sys

import msgspec

from loadtest.generated.generate import RequestGenerator
from loadtest.generated.requests import GenerationJob
from loadtest.generated.rules import load_generation_rules


def main() -> None:
    """Generate the requests."""
    job = msgspec.json.decode(sys.stdin.buffer.read(), type=GenerationJob)
    generator = RequestGenerator(job.document, load_generation_rules(), job.seed)
    sys.stdout.buffer.write(msgspec.json.encode(list(generator.operations(job.operations))))


if __name__ == "__main__":
    main()
